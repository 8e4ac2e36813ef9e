"""The refiner: a model that rewrites texts within an evaluation. Its names, and what of a trace is its own."""

from dataclasses import replace
from functools import reduce
from operator import add

from spanwright.core.trace import Trace
from spanwright.core.usage import Usage

REFINER = "spanwright-refiner"
"""The agent that asks it, in spans."""
REFINER_PROMPT = "refiner_prompt"
"""The text that it is told, where that changes with the others."""


def refiners_usage(trace: Trace) -> Usage:
    """Return what the refiner of a trace took."""
    return reduce(add, (each.usage for each in trace.model_calls if each.agent == REFINER), Usage())


def without_refiner(trace: Trace) -> Trace:
    """Return a trace without the refiner's requests, for whoever asks what the texts did themselves."""
    if not any(run.name == REFINER for run in trace.agents):
        return trace
    return replace(
        trace,
        agents=tuple(each for each in trace.agents if each.name != REFINER),
        model_calls=tuple(each for each in trace.model_calls if each.agent != REFINER),
        tool_calls=tuple(each for each in trace.tool_calls if each.agent != REFINER),
    )
