"""Progress on a real pseudo-terminal, read by a terminal emulator: what a person sees, at 80 and at 200 columns."""

import json
import os
import re
import sys
from pathlib import Path

import pexpect
import pyte
import pytest

ROWS = 40
ARGUMENTS = ("optimize", "tiny:agent", "--evals", "tiny:cases", "--rollouts", "80", "--run", "it", "--ordered")


class Watched:
    """The command line on a terminal. `frames` are the screens after each piece of output."""

    def __init__(self, columns: int, environment: dict[str, str] | None = None) -> None:
        self.frames: list[list[str]] = []
        screen = pyte.HistoryScreen(columns, ROWS, history=1000)
        stream = pyte.ByteStream(screen)
        path = os.pathsep.join(entry for entry in sys.path if entry)
        child = pexpect.spawn(
            sys.executable,
            ["-m", "spanwright", *ARGUMENTS],
            dimensions=(ROWS, columns),
            timeout=60,
            env={**plain(), "PYTHONPATH": path, "TERM": "xterm-256color", **(environment or {})},
        )
        self.raw = b""
        while piece := read(child):
            self.raw += piece
            stream.feed(piece)
            self.frames.append([line.rstrip() for line in screen.display])
        child.close()
        self.code = child.exitstatus
        self.last = "\n".join(self.frames[-1])

    def seen(self, pattern: str) -> list[str]:
        return [line for frame in self.frames for line in frame if re.search(pattern, line)]


def plain() -> dict[str, str]:
    """Return the environment without what would tell a program that this is no terminal of a person."""
    return {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR", "FORCE_COLOR"}}


def read(child: "pexpect.spawn[bytes]") -> bytes:
    try:
        return child.read_nonblocking(65536)
    except pexpect.EOF:
        return b""


@pytest.mark.parametrize("columns", [80, 200])
def test_live_lines_are_drawn_in_place_and_leave_the_end_of_the_run(folder: Path, columns: int) -> None:
    watched = Watched(columns, environment={"TINY_SECONDS": "0.02"})

    assert 0 == watched.code, watched.last
    assert watched.seen(r"^searching +it$")
    assert watched.seen(r"[1-9]\d* rollouts? in flight of 32 slots")
    assert watched.seen(r"about \d+ s left, by rollouts")
    assert 1 == watched.last.count("finished  it")
    assert "measuring the seed" not in watched.last
    assert re.search(r"^score +seed 0\.00, best 1\.00, \+1\.00 \[", watched.last, re.MULTILINE)
    assert re.search(r"80/80 rollouts +━{24}", watched.last)
    assert 'attempt 1 changed tiny/instructions: "Say yes, variant 1."' in watched.last
    assert "Run it: The winner beats the seed" in watched.last
    assert "spanwright report it -o report.html" in watched.last
    assert "spanwright show it --markdown" in watched.last


def test_the_result_breaks_between_words_under_its_labels(folder: Path) -> None:
    watched = Watched(50)

    result = watched.last[watched.last.index("Run it: The winner beats the seed") :]
    assert re.search(r"^  test +0\.00 .*\n {14}\S", result, re.MULTILINE)
    assert not re.search(r"^(?!  (to look at|for a pull request))  \w.*[a-z]\n[a-z]", result, re.MULTILINE)


def test_in_ci_a_terminal_gets_plain_lines(folder: Path) -> None:
    watched = Watched(200, environment={"CI": "true"})

    assert 0 == watched.code, watched.last
    assert b"\x1b[1A" not in watched.raw
    assert watched.seen(r"^finished: 80/80 rollouts \(0 in flight\)")


def test_json_lines_go_to_stderr_beside_a_result_in_json(spanwright) -> None:
    ended = spanwright(*ARGUMENTS, "--progress", "json", "--json")

    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert 0 == ended.exit_code, ended.stderr
    assert {"remark", "news", "warning", "progress"} == {line["kind"] for line in lines}
    assert 80 == lines[-1]["budget"]["rollouts"]["used"] == json.loads(ended.stdout)["rollouts"]


def test_a_summary_is_added_to_the_file_that_ci_shows(spanwright, folder: Path) -> None:
    page = folder / "summary.md"
    page.write_text("# This build\n")

    ended = spanwright(*ARGUMENTS, "-q", "--summary", str(page))

    assert 0 == ended.exit_code, ended.stderr
    assert page.read_text().startswith("# This build\n### The winner beats the seed: ")
    assert page.read_text() == "# This build\n" + spanwright("show", "it", "--markdown").stdout
