"""The same run, shown in each way: golden plain lines, JSON lines, live lines of every width, a notebook."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from spanwright.core.events import RolloutEnded
from spanwright.core.rollout import Blame, Failure, Purpose, Rollout
from spanwright.report import Progress, ProgressMode, Screen
from spanwright.report.drawing import drawing
from spanwright.report.modes import fitting

GOLDEN = Path(__file__).with_name("plain.txt")


class Notes:
    """A notebook that remembers what it was shown."""

    def __init__(self):
        self.now, self.stayed = ("", ""), []

    def update(self, html, text):
        self.now = (html, text)

    def add(self, html, text):
        self.stayed.append((html, text))


@pytest.fixture
def written():
    return io.StringIO()


def shown(events, mode, written, **more):
    progress = Progress(mode, screen=Screen(written, width=400, terminal=False), **more)
    with progress:
        for event in events:
            progress(event)
    return progress


def failed(history, message="429 Too Many Requests"):
    """Let the world fail a rollout."""
    key = history.start(history.seed, "v0", Purpose.VALIDATION)
    number = history.events[-1].number
    failure = Failure(boundary="model openai:small", blame=Blame.WORLD, message=message)
    ended = Rollout(number=number, key=key, purpose=Purpose.VALIDATION, failure=failure, ended=history.now)
    history.tell(RolloutEnded(rollout=ended))


def test_plain_lines_are_these(better, written):
    shown(better.events, ProgressMode.PLAIN, written)

    assert GOLDEN.read_text(encoding="utf-8") == written.getvalue()


def test_json_lines_are_objects_with_the_figures_of_the_run(better, written):
    shown(better.events, ProgressMode.JSON, written)

    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    last = lines[-1]
    assert {"news", "progress"} == {line["kind"] for line in lines}
    assert ("evening", "finished") == (last["run"], last["phase"])
    assert {"used": 20, "limit": 100, "seconds_left": None} == {**last["budget"]["rollouts"], "seconds_left": None}
    assert last["difference"]["mean"] == pytest.approx(0.75)
    assert "done" in [line["text"] for line in lines if line["kind"] == "news"]


def test_remarks_are_objects_too(written):
    progress = Progress(ProgressMode.JSON, screen=Screen(written, terminal=False))

    progress.say('Budget: "100" rollouts\nCases: 4')

    assert {"kind": "remark", "text": 'Budget: "100" rollouts\nCases: 4'} == json.loads(written.getvalue())


def test_quiet_is_quiet(better, written):
    shown(better.events, ProgressMode.QUIET, written)

    assert "" == written.getvalue()


def test_a_notebook_keeps_one_output_up_to_date(better, written):
    notes = Notes()

    shown(better.events, ProgressMode.AUTO, written, display=notes)

    html, text = notes.now
    assert "finished" in html
    assert "evening" in html
    assert text.startswith("finished: 20/100 rollouts")
    assert "" == written.getvalue()


def test_what_models_write_is_text_in_a_notebook(history, written):
    notes = Notes()
    history.validate(history.seed, 0.0, 0.5, 0.0, 0.5)
    history.evolve(history.seed, {"support/instructions": "<script>alert(1)</script>"})

    shown(history.events, ProgressMode.AUTO, written, display=notes)

    assert "&lt;script&gt;" in notes.now[0]
    assert "<script>" not in notes.now[0]


def test_a_failure_of_the_world_is_warned_of_once_and_counted(history, written):
    for _ in range(3):
        failed(history)
    history.now += 10
    history.validate(history.seed, 0.0, 0.5, 0.0, 0.5)

    shown(history.events, ProgressMode.PLAIN, written)

    warnings = [line for line in written.getvalue().splitlines() if line.startswith("warning: ")]
    once = "warning: rollout 1: model openai:small: 429 Too Many Requests (the like is counted, and not told again)"
    assert [once] == warnings
    assert "3 of the last 6 rollouts failed by no fault of a text" in written.getvalue()


def test_a_seed_whose_scores_are_all_equal_is_warned_of_once(history, written):
    history.validate(history.seed, 0.5, 0.5, 0.5, 0.5)
    child = history.evolve(history.seed, {"support/instructions": "Be kind."})
    history.validate(child, 0.5, 0.5, 0.5, 0.5)

    shown(history.events, ProgressMode.PLAIN, written)

    assert 1 == written.getvalue().count("warning: the seed scored 0.50 on each of 4 validation cases")


def test_the_end_is_foretold_by_what_will_be_spent_first(history, written):
    history.validate(history.seed, 0.0, 0.5, 0.0, 0.5)
    history.validate(history.seed, 0.0, 0.5, 0.0, 0.5)

    standing = shown(history.events, ProgressMode.QUIET, written).standing

    assert "rollouts" == standing.ends_with.kind
    assert standing.seconds / 8 * 92 == pytest.approx(standing.ends_with.left)


def test_taken_slots_are_a_limit_at_work(history, written):
    for case in ("v0", "v1"):
        history.start(history.seed, case, Purpose.VALIDATION)

    standing = shown(history.events, ProgressMode.QUIET, written, slots=2).standing

    assert ("all 2 slots are taken",) == standing.limits


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_live_lines_fit_every_width_and_say_what_counts(better, written, width):
    standing = shown(better.events[:-1], ProgressMode.QUIET, written, slots=32).standing
    console = Console(file=written, width=width, force_terminal=False)

    console.print(drawing(standing, width))

    lines = written.getvalue().splitlines()
    assert max(len(line) for line in lines) <= width
    assert any(line.startswith("score     seed 0.25, best 1.00") for line in lines)
    if width >= 80:
        assert 'attempt 4 changed support/tool:refund: "Refund an order' in written.getvalue()
        assert "2 of 3 candidates" in written.getvalue() or "of 3 candidates: " in written.getvalue()


@pytest.mark.parametrize("width", [40, 80, 139, 140, 200])
def test_what_is_too_long_for_a_live_line_ends_in_dots_and_takes_no_room_from_others(better, written, width):
    standing = shown(better.events[:-1], ProgressMode.QUIET, written, slots=32).standing
    console = Console(file=written, width=width, force_terminal=False)

    console.print(drawing(replace(standing, edit="a long edit " * 40), width))

    edit = next(line for line in written.getvalue().splitlines() if "last edit" in line)
    assert width == len(edit)
    assert edit.endswith("…")
    if width >= 80:
        assert re.search(r"\[.*\] on \d+ cases", written.getvalue())


def test_a_remark_on_a_terminal_breaks_between_words(written):
    progress = Progress(ProgressMode.RICH, screen=Screen(written, width=40, terminal=True))

    progress.say("one remark of several words that is longer than the line")

    lines = [line.rstrip() for line in written.getvalue().splitlines()]
    assert ["one remark of several words that is", "longer than the line"] == lines


@pytest.mark.parametrize(
    ("terminal", "notebook", "environment", "mode"),
    [
        (True, False, {}, ProgressMode.RICH),
        (False, True, {}, ProgressMode.RICH),
        (False, False, {}, ProgressMode.PLAIN),
        (True, False, {"CI": "true"}, ProgressMode.PLAIN),
        (True, False, {"CI": "false"}, ProgressMode.RICH),
    ],
)
def test_auto_draws_where_somebody_can_look(terminal, notebook, environment, mode):
    assert mode is fitting(ProgressMode.AUTO, terminal=terminal, notebook=notebook, environment=environment)
    assert ProgressMode.JSON is fitting(ProgressMode.JSON, terminal=terminal, notebook=notebook, environment={})
