import io

import pytest
from rich.text import Text

from spanwright.core.rollout import Purpose
from spanwright.report import Progress, ProgressMode, Screen


@pytest.fixture
def screen():
    return io.StringIO()


def plain(screen):
    return Progress(ProgressMode.PLAIN, screen=Screen(screen, width=200, terminal=False))


def terminal(screen):
    return Screen(screen, width=120, terminal=True, environment={"TERM": "xterm"})


def watch(progress, history):
    with progress:
        for event in history.events:
            progress(event)


def test_without_a_terminal_plain_lines_tell_what_happened(better, screen):
    watch(plain(screen), better)

    lines = screen.getvalue().splitlines()
    assert "run evening: measuring the seed on 4 validation cases" == lines[0]
    assert "attempt 2 changed support/tool:refund; turned down: -0.50 on 3 cases" in lines
    assert any(line.startswith("measuring the finalists: ") for line in lines)
    assert any("20/100 rollouts" in line and "validation: seed 0.25, best 1.00, +0.75 [" in line for line in lines)
    assert "\x1b" not in screen.getvalue()


def test_without_news_a_plain_line_comes_every_few_seconds(history, screen):
    for _ in range(5):
        history.validate(history.seed, 0.0, 0.5, 0.0, 0.0)
    seconds = history.now - history.events[0].at

    watch(plain(screen), history)

    heartbeats = len(screen.getvalue().splitlines()) - 2
    assert seconds // 5 - 1 <= heartbeats <= seconds // 5


def test_on_a_terminal_live_lines_are_redrawn_in_place(better, screen):
    watch(Progress(screen=terminal(screen), environment={}), better)

    last = screen.getvalue().split("finished")[-1]
    assert "20/100 rollouts" in last
    assert "2 of 3 proposals admitted, 1 answer refused" in last
    assert "$0.06" in last


def test_live_lines_fit_a_narrow_terminal(better, screen):
    narrow = Screen(screen, width=40, terminal=True, environment={"TERM": "xterm"})

    watch(Progress(screen=narrow, environment={}), better)

    drawn = Text.from_ansi(screen.getvalue().split("finished")[-1]).plain.splitlines()
    assert max(len(line) for line in drawn) <= 40


def test_each_news_is_told_once(better, screen):
    watch(plain(screen), better)

    lines = screen.getvalue().splitlines()
    assert 1 == lines.count("the search ended (budget): 2 finalists")
    assert 1 == lines.count("attempt 3: the answer was refused, prompt echoed")


def test_rollouts_in_flight_are_shown(history, screen):
    history.start(history.seed, "v0", Purpose.VALIDATION)
    history.start(history.seed, "v1", Purpose.VALIDATION)
    history.now += 60
    history.validate(history.seed, 0.0, 0.0, 0.0, 0.0)

    watch(plain(screen), history)

    assert "(3 in flight)" in screen.getvalue()


def test_a_resumed_run_goes_on_from_its_history(better, screen):
    cut = len(better.events) // 2
    progress = plain(screen)

    progress.replay(better.events[:cut])
    before = screen.getvalue()
    for event in better.events[cut:]:
        progress(event)

    assert "" == before
    assert "20/100 rollouts" in screen.getvalue()


def test_events_without_their_history_are_passed_over(better, screen):
    progress = plain(screen)

    for event in better.events[5:]:
        progress(event)

    assert "" == screen.getvalue()


def test_a_terminal_that_went_away_does_not_disturb_the_run(better):
    class Gone(io.StringIO):
        def write(self, _text):
            raise BrokenPipeError

    gone = terminal(Gone())

    watch(Progress(screen=gone), better)

    assert gone.quiet


def test_a_file_that_was_closed_does_not_disturb_the_run(better, screen):
    progress = plain(screen)
    screen.close()

    watch(progress, better)


def test_where_nobody_looks_on_nothing_is_written_unless_asked_for(better, screen):
    watch(Progress(screen=Screen(screen, terminal=False)), better)

    assert "" == screen.getvalue()


def test_a_remark_is_printed_above_the_live_lines(screen):
    progress = plain(screen)

    progress.say("Budget: at most [600] rollouts.")

    assert "Budget: at most [600] rollouts.\n" == screen.getvalue()
