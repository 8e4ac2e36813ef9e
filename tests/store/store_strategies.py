"""Hypothesis strategies: any value of a core type, drawn from its annotations. No special case is left out by hand."""

import dataclasses
import re
import types
from collections.abc import Mapping
from datetime import timedelta
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from spanwright.core.events import Event
from spanwright.core.goal import SCORE, Goal, Sense
from spanwright.core.guard import Guard
from spanwright.core.trace import Message, ModelCall, Trace

TEXT = st.text(st.characters(), max_size=12)
"""Lone surrogates included: models' answers are cut in the middle of an emoji."""

NAMES = st.text(max_size=12)
"""The keys of mappings are names out of code: nobody cuts those."""

BOUNDS = st.none() | st.integers(min_value=1, max_value=10**6)
GUARDS = st.builds(
    Guard,
    max_tokens=BOUNDS,
    max_characters=BOUNDS,
    format=st.sampled_from((None, "plain", "markdown", "xml")),
    forbid=st.lists(st.text(max_size=12).map(re.escape), max_size=3).map(tuple),
    keep=st.lists(st.text(max_size=12), max_size=3).map(tuple),
    copies=st.booleans(),
)
GOALS = st.builds(
    Goal,
    figure=TEXT.filter(lambda name: name not in {"", SCORE}),
    sense=st.sampled_from(Sense),
    limit=st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
"""Those that can be made: a goal says at once what is wrong with it."""

LEAVES: Mapping[object, st.SearchStrategy[object]] = {
    str: TEXT,
    int: st.integers(-(2**70), 2**70),
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    timedelta: st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4_000)),
    type(None): st.none(),
    Goal: GOALS,
    Guard: GUARDS,
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Draw values of a type hint as core uses them."""
    if hint in LEAVES:
        return LEAVES[hint]
    if get_origin(hint) is not None:
        return combined(get_origin(hint), get_args(hint))
    return st.sampled_from(hint) if issubclass(hint, Enum) else records_of(hint)


def combined(origin: Any, arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """Draw values of a hint with arguments."""
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in {Union, types.UnionType}:
        return st.one_of([values_of(argument) for argument in arguments])
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    assert origin is Mapping
    return st.dictionaries(NAMES, values_of(arguments[1]), max_size=3)


def records_of(cls: type) -> st.SearchStrategy[Any]:
    """Draw dataclass instances with every field set."""
    hints = get_type_hints(cls)
    return st.builds(
        cls, **{field.name: values_of(hints[field.name]) for field in dataclasses.fields(cls) if field.init}
    )


EVENT_KINDS = get_args(Event)
events = st.one_of([records_of(kind) for kind in EVENT_KINDS])


@st.composite
def conversations(draw: st.DrawFn) -> Trace:
    """Draw a trace whose calls repeat the history, as those of an agent do."""
    trace: Trace = draw(records_of(Trace))
    history: list[Message] = draw(st.lists(records_of(Message), min_size=1, max_size=5))
    calls: list[ModelCall] = draw(st.lists(records_of(ModelCall), max_size=4))
    grown = [
        dataclasses.replace(call, messages=tuple(history[: turn + 1]), answer=history[(turn + 1) % len(history)])
        for turn, call in enumerate(calls)
    ]
    return dataclasses.replace(trace, model_calls=(*trace.model_calls, *grown))
