"""However long a run was, the step at which it went wrong stands in the prompt."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reflection_fixtures import Situation, Tape, part

from spanwright.core.candidate import Kind
from spanwright.core.tokens import tokens
from spanwright.reflection import render_prompt
from spanwright.telemetry import Telling, render


def went_wrong(seed):
    """A run of forty calls with results of up to 15 KB, of which nothing but one call's arguments is wrong."""
    dice = random.Random(seed)
    desk = part("desk/instructions", Kind.INSTRUCTIONS, "Book what the guest wants.")
    here = Situation(components=(desk,))
    tape = Tape("desk", "A seat by the window, please.", components=[desk.id])
    wrong = dice.randrange(40)
    for turn in range(40):
        row = f"row {dice.random()}, and what else there is to say of it; "
        note = "as the guest wants it, " * dice.randrange(30)
        name = "book_seat" if turn == wrong else dice.choice(("find_seats", "read_fares", "look_up_guest"))
        tape.calls(name, row * dice.randrange(2, 250), turn=turn, note=note)
    tape.says("All is booked.")
    here.example("c", "A seat by the window, please.", tape, score=0.0, output="All is booked.", feedback="no window")
    return here.context(), f"call book_seat: {json.dumps({'turn': wrong})[:-1]}"


@pytest.mark.parametrize(("allowance", "aim"), [(8_000, 0.95), (4_000, 0.8)])
def test_the_diverging_step_of_a_long_run_is_in_the_prompt(allowance, aim):
    runs = [went_wrong(seed) for seed in range(40)]

    found = sum(step in render_prompt(context, allowance) for context, step in runs)

    assert found >= aim * len(runs)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1_000), st.integers(0, 9_000))
def test_a_long_run_is_told_within_any_allowance_and_the_same_each_time(seed, allowance):
    context, _ = went_wrong(seed)
    trace = context.examples[0].observed.trace
    telling = Telling(trace, ["desk/instructions"])

    told = telling.within(allowance)

    assert tokens(told) <= allowance
    assert told == telling.within(allowance) == render(trace, allowance, focus=["desk/instructions"])


def test_with_more_room_no_call_is_lost_that_was_told_with_less():
    context, _ = went_wrong(7)
    trace = context.examples[0].observed.trace

    told = [render(trace, allowance).count("call ") for allowance in range(250, 8_000, 250)]

    assert sorted(told) == told
