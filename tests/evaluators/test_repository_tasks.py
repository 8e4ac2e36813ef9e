"""Tasks of anybody's repository: patches, tests of both kinds, commands, and what is no sound task."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanwright import UsageError
from spanwright_evaluators.repository import (
    PatchFailed,
    Repository,
    Task,
    diff,
    evals_of,
    files_of,
    flaw,
    patched,
    reverse,
    sound,
    tasks_of,
    verdict,
)

SHOP = {
    "src/shop/__init__.py": "",
    "src/shop/sums.py": "def add(a, b):\n    return a + b\n\n\ndef less(a, b):\n    return a - b\n",
    "tests/test_sums.py": (
        "import unittest\n\nfrom shop.sums import add, less\n\n\nclass Sums(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(add(1, 2), 3)\n\n"
        "    def test_less(self):\n        self.assertEqual(less(3, 1), 2)\n"
    ),
    "make.py": "open('made.txt', 'w').write('made of it')\nprint('done')\n",
}
BROKEN = diff(
    {"src/shop/sums.py": SHOP["src/shop/sums.py"]},
    {"src/shop/sums.py": SHOP["src/shop/sums.py"].replace("a + b", "a * b")},
)
ADD = "test_sums.Sums.test_add"


def shop(**given):
    terms = {
        "files": SHOP, "tests": "tests/test_*.py", "command": "make test", "path": ["src"], "without_sandbox": True,
    }  # fmt: skip
    return Repository(**{**terms, **given})


@pytest.fixture(scope="module")
def repository():
    return shop()


lines = st.lists(
    st.sampled_from(["a\n", "b\n", "\n", "d d\n", "e\r\n", "\x0cf\u2028\rg\n", "--- a.py\n", "+++ a.py\n"]), max_size=12
).map("".join)
texts = st.builds(lambda text, end: text + end, lines, st.sampled_from(["", "x"]))
trees = st.dictionaries(st.sampled_from(["a.py", "b/c.py", "d.txt"]), texts, max_size=3)


@given(before=trees, after=trees)
def test_a_patch_leads_from_one_state_to_the_other_and_back(before, after):
    patch = diff(before, after)

    assert patched(before, patch) == after
    assert patched(after, reverse(patch)) == before


def test_git_applies_our_patches_and_we_apply_its(tmp_path):
    before = {"a.py": "one\ntwo\x0c\rof it\nthree\n", "empty.py": "", "gone.py": "x\n"}
    after = {"a.py": "one\n2\x0c\rof it\nthree\nfour", "b/__init__.py": "", "new.py": "y\n"}
    for path, text in before.items():
        (tmp_path / path).write_bytes(text.encode())
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.test"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    subprocess.run([*git, "apply", "-"], input=diff(before, after).encode(), check=True)

    assert dict(files_of(tmp_path)) == after
    subprocess.run([*git, "add", "-A"], check=True)
    theirs = subprocess.run([*git, "diff", "--cached"], capture_output=True, check=True).stdout.decode()
    assert patched(before, theirs) == after


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"src/shop/sums.py": "def add(a, b):\n    return b + a\n"}, "line 1 and those after it"),
        ({}, "there is no such file"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(files, why):
    with pytest.raises(PatchFailed, match=why):
        patched(files, BROKEN)


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ("diff --git a/make.py b/b.py\ncopy from make.py\ncopy to b.py\n", "copy from"),
        (
            "diff --git a/x.png b/x.png\nnew file mode 100644\nBinary files /dev/null and b/x.png differ\n",
            "Binary files",
        ),
        ("--- a/make.py\n+++ b/make.py\n@@ -9,0 +10 @@\n+x\n", "line 10 and those after it"),
        ("--- a/make.py\n+++ b/make.py\n@@ -0,0 +1 @@\n+x\n+y\n", "more lines than"),
        ("--- a/make.py\n+++ b/make.py\n@@ -1 +1 @@\n\\ No newline at end of file\n", "line 1 and those"),
        ("--- a/make.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-open('made.txt', 'w').write('made of it')\n", "not all of its"),
    ],
)
def test_half_a_patch_is_refused_and_nothing_of_it_left_out(patch, why):
    with pytest.raises(PatchFailed, match=why):
        patched(SHOP, patch)


def test_hidden_tests_stay_inside_of_the_repository(repository):
    assert repository.tested(SHOP, {"../test_it.py": ""}).broken == "'../test_it.py' is outside of the repository"


def test_tasks_that_cannot_be_read_are_told_by_their_file(tmp_path):
    (tmp_path / "tasks.jsonl").write_bytes(b"\xff")
    (tmp_path / "one.jsonl").write_text('{"id": "a", "issue": "x\u2028y"}\n', encoding="utf-8")

    for name in ("tasks.jsonl", "nowhere.jsonl"):
        with pytest.raises(UsageError, match=f"{name} cannot be read"):
            tasks_of(tmp_path / name)
    assert "x\u2028y" == tasks_of(tmp_path / "one.jsonl")[0].issue


def test_a_folder_is_read_without_what_is_hidden_large_or_no_text(tmp_path):
    (tmp_path / ".secret").write_text("x")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.txt").write_text("x")
    (tmp_path / "picture.bin").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "large.txt").write_text("x" * 300_000)
    (tmp_path / "kept.py").write_text("x = 1\n")

    assert dict(files_of(tmp_path)) == {"kept.py": "x = 1\n"}


def test_rows_are_read_as_ours_and_as_swe_smith_has_them(tmp_path):
    path = tmp_path / "tasks.jsonl"
    path.write_text(
        Task(id="a", issue="It adds wrongly.", breaks=BROKEN, tests=[ADD]).model_dump_json()
        + '\n\n{"instance_id": "b", "problem_statement": "It adds.", "patch": "", "FAIL_TO_PASS": ["t"], "repo": "r"}\n'
    )

    ours, theirs = tasks_of(path)

    assert (ours.id, ours.breaks, list(ours.tests)) == ("a", BROKEN, [ADD])
    assert (theirs.id, theirs.issue, list(theirs.tests)) == ("b", "It adds.", ["t"])
    path.write_text('{"id": "c"}\n')
    with pytest.raises(UsageError, match=r"line 1 of .* is no task: issue"):
        tasks_of(path)


def test_a_task_is_sound_where_its_tests_turn(repository):
    task = Task(id="add", issue="It adds wrongly.", breaks=BROKEN, tests=[ADD])

    assert flaw(repository, task) == ""
    assert list(sound(repository, [task])) == [task]
    assert flaw(repository, task.model_copy(update={"breaks": "", "mends": BROKEN})).startswith("solved, ")
    more = task.model_copy(update={"tests": [ADD, "test_sums.Sums.test_less"]})
    assert "nothing is done yet, and test_sums.Sums.test_less passes" in flaw(repository, more)
    with pytest.raises(UsageError, match="1 of 1 tasks prove nothing: add: it names no tests"):
        sound(repository, [task.model_copy(update={"tests": []})])


def test_a_verdict_tells_which_tests_fail_and_what_they_say(repository):
    task = Task(id="add", issue="It adds wrongly.", breaks=BROKEN, tests=[ADD])

    nothing = verdict(repository, task, repository.tested(task.begins(repository)))
    right = verdict(repository, task, repository.tested(task.solved(repository)))

    assert (nothing.value, nothing.objectives) == (0.0, {"resolved": 0.0})
    assert nothing.feedback.startswith("1 of 1 tests fail (`make test`")
    assert f"{ADD}: tests/test_sums.py:8: AssertionError: 2 != 3" in nothing.feedback
    assert (right.value, right.objectives) == (1.0, {"resolved": 1.0})


def test_pytest_comes_to_the_same_results():
    task = Task(id="add", issue="It adds wrongly.", breaks=BROKEN, tests=["tests/test_sums.py::Sums::test_add"])
    found = shop(runner="pytest").tested(patched(SHOP, BROKEN))

    assert found.passed == {"tests/test_sums.py::Sums::test_less"}
    assert "2 != 3" in found.failed[task.tests[0]]


def test_a_module_that_cannot_be_imported_fails_with_all_its_tests_and_says_why(repository):
    task = Task(id="add", issue="It adds wrongly.", breaks=BROKEN, tests=[ADD])
    said = verdict(repository, task, repository.tested({**SHOP, "src/shop/sums.py": "def add(a, b:\n"}))

    assert said.value == 0.0
    assert "1 of 1 tests fail" in said.feedback
    assert "SyntaxError" in said.feedback


def test_a_command_writes_into_the_copy_and_others_are_not_there(repository):
    made = repository.run(SHOP, "python make.py")

    assert (made.code, made.printed, made.changed) == (0, "done", {"made.txt": "made of it"})
    assert repository.run(SHOP, "rm -rf .").code == 127
    assert repository.run(SHOP, "python make.py && rm x").code == 127
    assert "ZeroDivisionError" in repository.run({"x.py": "1 / 0"}, "python x.py").printed


def test_an_eval_set_says_nothing_of_the_solutions():
    task = Task(id="add", issue="It adds wrongly.", breaks=BROKEN, tests=[ADD])
    evals = evals_of(shop(), [task])

    assert evals.cases[0].inputs.issue == "It adds wrongly."
    assert "a + b" not in repr(evals.cases)


@pytest.mark.parametrize(
    ("terms", "why"),
    [({"tests": "test_*.py"}, "no folder with a pattern"), ({"tests": "checks/test_*.py"}, "has no tests at")],
)
def test_a_repository_without_tests_is_refused(terms, why):
    with pytest.raises(UsageError, match=why):
        shop(**terms)


def test_no_folder_is_refused(tmp_path):
    with pytest.raises(UsageError, match="is no folder"):
        files_of(tmp_path / "none")
