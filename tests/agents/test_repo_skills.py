"""A coding agent on a repository of our own: sound tasks, verdicts that cannot be talked round, and a skill that helps.

Nothing here needs a sandbox but what is marked so: the code that runs is ours.
"""

import random
from types import SimpleNamespace

import pytest
from pydantic_ai import ModelRetry

from spanwright import Budget, Candidate, Policy, optimize, wearing
from spanwright.testing.simulated.models import TASK_MODEL, default_models
from spanwright.testing.simulated.offline import offline_models
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process, simulated_model
from spanwright_agents.repo_skills import make_tasks
from spanwright_agents.repo_skills.agent import build, program
from spanwright_agents.repo_skills.bench import TASKS, evals_on, read_repository, tasks
from spanwright_evaluators.repository import TOOLS, Assignment, Task, WorkingCopy, diff, flaw, patched, verdict

RULES = """\
All tests are run by `python -m checks`; other commands find none of them.
List every new module in CARRIERS of wharf/carriers/__init__.py.
`wharf/zones_table.py` is generated from `data/zones.csv`: edit that, then run `python -m tools.make_zones`.
Keep amounts of money as integer cents, no floats anywhere.
Declare every new error in `wharf/errors.py`, with a code of its own, and raise no other.
Functions in wharf/surcharges.py have names that end with _surcharge."""


@pytest.fixture(scope="module")
def repository():
    return read_repository(without_sandbox=True)


def tool(name):
    return next(each for each in TOOLS if each.__name__ == name)


def judged(repository, id, changes):
    """Return the verdict on a solved task with further changes."""
    task = tasks()[id]
    return verdict(repository, task, repository.tested({**task.solved(repository), **changes}, task.hidden))


async def scores(repository, ids, body, salt="skill"):
    """Return what the simulated coder is worth on some tasks with a skill's body, which it is told to load."""
    agent = build()
    texts = {"coder/skill:wharf": "Load it before you change anything.", "coder/skill:wharf/body": body}
    agent.model = simulated_model(TASK_MODEL, in_process(simulated_app(default_models(), salt=salt)))
    solve = program(agent, lambda: repository)
    found = []
    for id in ids:
        task = tasks()[id]
        with wearing(Candidate(texts=texts)):
            work = await solve(Assignment(task=id, issue=task.issue))
        files = {**task.begins(repository), **work.changed}
        found.append(verdict(repository, task, repository.tested(files, task.hidden)).value)
    return found


def test_there_are_bugs_that_rules_made_and_features_that_touch_what_has_to_be_known(repository):
    bugs = [task for task in tasks().values() if task.breaks]
    features = [task for task in tasks().values() if not task.breaks]

    assert (len(bugs), len(features)) == (16, 32)
    assert all(task.hidden and task.mends for task in features)
    assert all(patched(repository.files, task.breaks) != repository.files for task in bugs)


def test_a_rule_breaks_one_line_and_nothing_where_it_does_not_apply(repository):
    money = repository.files["wharf/money.py"]

    patch = diff({"m": money}, {"m": make_tasks.broken_by("the rounding is lost", money, "percent")})
    assert [line[0] for line in patch.splitlines()[2:] if line[0] in "+-"] == ["-", "+"]
    with pytest.raises(ValueError, match="has nothing for the rule"):
        make_tasks.broken_by("the rounding is lost", money, "split")


@pytest.mark.parametrize("id", ["girth-longest-side", "add-portugal"])
def test_a_task_fails_before_and_passes_when_it_is_solved(repository, id):
    assert flaw(repository, tasks()[id]) == ""


def test_a_task_that_proves_nothing_is_found_out(repository):
    task = tasks()["empty-parcel"]
    half = diff(repository.files, {**repository.files, "wharf/errors.py": task.solved(repository)["wharf/errors.py"]})

    assert "solved, checks.check_empty_parcel.New" in flaw(repository, task.model_copy(update={"mends": half}))
    done = Task(id="done", issue="-", mends=half, tests=["checks.check_days.Days.test_weekends_and_holidays_are_free"])
    assert "nothing is done yet, and checks.check_days" in flaw(repository, done)


@pytest.mark.slow  # two runs of the tests for each of 48 tasks
def test_the_committed_tasks_are_what_the_script_writes(repository):
    assert make_tasks.make(repository) == TASKS.read_text(encoding="utf-8")


def test_feedback_is_what_a_build_says_and_not_the_solution(repository):
    said = judged(repository, "empty-parcel", {"wharf/parcels.py": repository.files["wharf/parcels.py"]})

    assert 0 < said.value < 1
    assert "checks.check_empty_parcel.New.test_it_is_refused" in said.feedback
    assert "EmptyParcel not raised" in said.feedback
    assert "parcel.weight <= 0" not in said.feedback


def test_who_edits_the_tests_gains_nothing(repository):
    task = tasks()["add-portugal"]
    gone = dict.fromkeys((path for path in repository.files if path.startswith("checks/")), "")
    files = {**task.begins(repository), **gone, "checks/check_add_portugal.py": "", "conftest.py": "raise SystemExit"}

    assert verdict(repository, task, repository.tested(files, task.hidden)).value == 0.0


def test_a_work_that_leads_out_of_the_repository_is_worth_nothing(repository, tmp_path):
    outside = str(tmp_path / "written.py")

    said = judged(repository, "add-portugal", {outside: "x = 1\n"})
    assert said.value == 0.0
    assert "is outside of the repository" in said.feedback
    assert not list(tmp_path.iterdir())


def test_hidden_tests_are_in_no_copy(repository):
    assert not any(
        set(task.hidden) & WorkingCopy.of(repository, task).files.keys() for task in tasks().values() if task.hidden
    )


def test_code_that_reports_its_own_success_gains_nothing(repository):
    lie = "import unittest\n\nunittest.TestCase.run = lambda self, result=None: result.addSuccess(self)\n"
    left = "import os\n\nos._exit(0)\n"

    lied = judged(repository, "add-portugal", {"wharf/zones.py": lie + repository.files["wharf/zones.py"]})
    assert lied.value == 0.0
    assert "a test that always fails was not reported as failed" in lied.feedback
    assert judged(repository, "add-portugal", {"wharf/zones.py": left}).value == 0.0


def test_what_a_work_breaks_counts_against_it(repository):
    whole = judged(repository, "add-portugal", {})
    table = patched(repository.files, tasks()["add-portugal"].mends)["wharf/zones_table.py"]
    by_hand = judged(repository, "add-portugal", {"wharf/zones_table.py": f"{table}\n# by hand\n"})

    assert whole.value == 1.0
    assert (by_hand.value, by_hand.objectives) == (0.5, {"resolved": 0.0})
    assert "is not what `python -m tools.make_zones` makes of data/zones.csv" in by_hand.feedback


@pytest.mark.parametrize("path", ["../secrets.txt", "/etc/passwd", "wharf/../../x", "~/x", "C:\\x", "a\0b"])
async def test_a_path_outside_of_the_copy_is_refused_by_every_tool(repository, path):
    copy = WorkingCopy.of(repository, tasks()["add-portugal"])
    ctx = SimpleNamespace(deps=copy)

    for call in (tool("read_file")(ctx, path), tool("edit_file")(ctx, path, "", "x"), tool("list_files")(ctx, path)):
        with pytest.raises(ModelRetry, match="outside of the working copy"):
            await call
    assert copy.files == dict(repository.files)


async def test_tools_read_find_and_edit_what_is_there_once(repository):
    ctx = SimpleNamespace(deps=WorkingCopy.of(repository, tasks()["add-portugal"]))

    assert "wharf/carriers/road.py" in await tool("list_files")(ctx, "wharf")
    assert "wharf/money.py:6: def percent" in await tool("search")(ctx, "def percent", "*.py")
    assert await tool("edit_file")(ctx, "wharf/days.py", "Working days", "Days of work") == "edited wharf/days.py"
    with pytest.raises(ModelRetry, match=r"there is wharf/money\.py"):
        await tool("read_file")(ctx, "money.py")
    with pytest.raises(ModelRetry, match="stands 2 times"):
        await tool("edit_file")(ctx, "wharf/days.py", "timedelta(days=", "x(")
    with pytest.raises(ModelRetry, match="is there already"):
        await tool("edit_file")(ctx, "wharf/days.py", "", "x")
    assert ctx.deps.work("done").changed.keys() == {"wharf/days.py"}


async def test_a_generated_file_that_a_command_writes_is_part_of_the_work(repository):
    ctx = SimpleNamespace(deps=WorkingCopy.of(repository, tasks()["add-portugal"]))
    await tool("edit_file")(ctx, "data/zones.csv", "SE,Sweden,3\n", "SE,Sweden,3\nPT,Portugal,3\n")

    assert await tool("run")(ctx, "python -m tools.make_zones") == "wrote wharf/zones_table.py\n(exit code 0)"
    assert ctx.deps.work("done").changed.keys() == {"data/zones.csv", "wharf/zones_table.py"}


async def test_a_skill_that_states_the_rule_helps_and_its_words_in_disorder_do_not(repository):
    ids = ["add-portugal", "finland-is-near", "add-ireland"]
    words = RULES.split()
    nonsense = " ".join(random.Random(1).sample(words, len(words)))

    assert await scores(repository, ids, RULES) == [1.0, 1.0, 1.0]
    assert await scores(repository, ids, nonsense) == await scores(repository, ids, "") == [0.5, 0.5, 0.5]


@pytest.mark.slow  # each of 48 tasks three times
async def test_the_rules_are_worth_a_lot_over_all_tasks_and_nonsense_nothing(repository):
    words = RULES.split()
    nonsense = " ".join(random.Random(1).sample(words, len(words)))
    with_rules, without, disordered = [
        sum(found := await scores(repository, tasks(), body)) / len(found) for body in (RULES, "", nonsense)
    ]

    assert with_rules > without + 0.3
    assert abs(disordered - without) < 0.1


@pytest.mark.slow  # a whole optimization
async def test_a_skill_is_learned_that_helps_on_tasks_that_nobody_learned_from(repository, tmp_path):
    task, reflection = offline_models()
    agent = build()
    agent.model = task
    result = await optimize(
        program(agent, lambda: repository),
        evals_on(repository),
        reflection_model=reflection,
        components=["coder/skill:*"],
        budget=Budget(rollouts=300),
        store=tmp_path / "runs.db",
        policy=Policy(schedule="ordered"),
    )

    assert result.test is not None
    assert result.test.difference.mean > 0.2
    assert "python -m checks" in result.best.texts["coder/skill:wharf/body"]


@pytest.mark.sandbox
def test_the_sandbox_comes_to_the_same_verdict():
    shut_in, free = read_repository(), read_repository(without_sandbox=True)
    task = tasks()["add-barge"]

    assert shut_in.tested(task.solved(shut_in), task.hidden) == free.tested(task.solved(free), task.hidden)
