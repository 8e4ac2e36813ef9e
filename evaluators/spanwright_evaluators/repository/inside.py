"""What runs in the sandbox: it is handed over as text, and uses the standard library, or the pytest that is there.

It lays the files out in its own folder, which is gone afterwards, and runs there a Python command or the tests.
"""

import io
import os
import runpy
import sys
import traceback
import unittest
from collections.abc import Iterator


def run_command(files: dict[str, str], path: list[str], words: list[str]) -> dict[str, object]:
    """Run `python ...` and return its exit code and the texts that it wrote."""
    here = _laid_out(files, path)
    code = 0
    sys.argv = words[1:] if words[0] == "-m" else words
    try:
        if words[0] == "-m":
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:  # noqa: BLE001  (whatever it raises is what a terminal would show)
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    found = _texts(here)
    changed = {path: text for path, text in found.items() if files.get(path) != text}
    return {"code": code, "changed": changed, "removed": [path for path in files if path not in found]}


def run_unittest(files: dict[str, str], path: list[str], folder: str, pattern: str) -> dict[str, object]:
    """Run tests and return which passed, and what the others said."""
    here = _laid_out(files, path)
    passed: list[str] = []
    failed: dict[str, str] = {}

    class Heard(unittest.TestResult):
        def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
            passed.append(test.id())

        def addFailure(self, test: unittest.TestCase, err: object) -> None:  # noqa: N802
            failed[test.id()] = _said(err)

        def addError(self, test: unittest.TestCase, err: object) -> None:  # noqa: N802
            failed[test.id()] = _said(err)

        def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: object) -> None:  # noqa: N802
            if err is not None:
                failed[test.id()] = _said(err)

    start = os.path.join(here, folder)  # noqa: PTH118
    top = here if f"{folder}/__init__.py" in files else start  # a folder that is no package has to be its own root
    with _quiet():
        unittest.TestLoader().discover(start, pattern, top).run(Heard())
    return {"passed": [each for each in passed if each not in failed], "failed": failed}


def run_pytest(files: dict[str, str], path: list[str], folder: str, pattern: str) -> dict[str, object]:
    """Run tests with pytest and return which passed, and what the others said."""
    import pytest  # noqa: PLC0415  (only who asks for it needs it)

    _laid_out(files, path)
    passed: list[str] = []
    failed: dict[str, str] = {}

    class Heard:
        def pytest_collectreport(self, report: pytest.CollectReport) -> None:
            if report.failed:
                failed[report.nodeid] = _last_lines(str(report.longrepr))

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed:
                crash = getattr(report.longrepr, "reprcrash", None)
                failed[report.nodeid] = crash.message if crash is not None else _last_lines(str(report.longrepr))
            elif report.passed and report.when == "call":
                passed.append(report.nodeid)

    with _quiet():
        pytest.main(
            [
                folder,
                "-q",
                "-p",
                "no:cacheprovider",
                "-o",
                f"python_files={pattern}",
                "--continue-on-collection-errors",
            ],
            plugins=[Heard()],
        )
    return {"passed": [each for each in passed if each not in failed], "failed": failed}


def _laid_out(files: dict[str, str], imported: list[str]) -> str:
    os.mkdir("copy")  # noqa: PTH102
    os.chdir("copy")
    here = os.getcwd()  # noqa: PTH109
    for path, text in files.items():
        folder = os.path.dirname(path)  # noqa: PTH120
        if folder:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        with open(path, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123
            file.write(text)
    sys.path[:0] = [here, *(os.path.join(here, each) for each in imported)]  # noqa: PTH118
    return here


def _texts(here: str) -> dict[str, str]:
    return dict(_walked(here))


def _walked(here: str) -> Iterator[tuple[str, str]]:
    for folder, folders, names in os.walk(here):
        folders[:] = [each for each in folders if each != "__pycache__"]
        for name in names:
            path = os.path.join(folder, name)  # noqa: PTH118
            try:
                with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123
                    yield os.path.relpath(path, here), file.read()
            except (UnicodeDecodeError, OSError):
                continue


class _quiet:  # noqa: N801
    """Keep what tests print to themselves: it may be more than a sandbox lets out."""

    def __enter__(self) -> None:
        self._streams = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = io.StringIO()

    def __exit__(self, *exception: object) -> None:
        sys.stdout, sys.stderr = self._streams


def _said(err: object) -> str:
    kind, error, trace = err  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    frames = [each for each in traceback.extract_tb(trace) if not each.filename.startswith(library)]
    where = f"{os.path.relpath(frames[-1].filename)}:{frames[-1].lineno}: " if frames else ""
    return f"{where}{''.join(traceback.format_exception_only(kind, error)).strip()}"


def _last_lines(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-3:])
