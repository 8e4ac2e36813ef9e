"""What scores are read against: an agent that does nothing, and one that does exactly what each request takes.

Neither asks a model, and docs make no difference to them: they say whether the cases can be won, and won by idleness.
"""

from collections.abc import Callable, Mapping
from inspect import signature
from types import SimpleNamespace
from typing import Any, Final

from pydantic_evals import Case

from spanwright_agents.tool_desk.agent import Ended
from spanwright_agents.tool_desk.evals import Request, requests
from spanwright_agents.tool_desk.house import House
from spanwright_agents.tool_desk.make_cases import DEEDS, READS
from spanwright_agents.tool_desk.tools import TOOLS
from spanwright_evaluators.end_state import served

_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {each.__name__: each for each in TOOLS}


async def empty(case: Case[str, Ended, Request]) -> Ended:
    """Do nothing."""
    async with House.copy() as house:
        return Ended(reply="", books=house.books(), reads=house.reads())


async def gold(case: Case[str, Ended, Request]) -> Ended:
    """Call the tools that the request takes, with the arguments that the expected ending shows."""
    assert case.metadata is not None
    assert case.expected_output is not None
    kept = {**case.expected_output.books, **case.expected_output.reads}
    async with House.copy() as house:
        for tool in case.metadata.expected_tools:
            what, _ = DEEDS.get(tool) or READS[tool]
            for row in kept[what]:
                await _FUNCTIONS[tool](SimpleNamespace(deps=house), **_arguments(_FUNCTIONS[tool], row))
        return Ended(reply="Done.", books=house.books(), reads=house.reads())


async def scores() -> Mapping[str, float]:
    """Return the mean score of both, by name."""
    cases = requests().cases
    found: dict[str, float] = {}
    for name, drive in (("empty", empty), ("gold", gold)):
        judged = [served(await drive(case), case.expected_output) for case in cases if case.expected_output is not None]
        found[name] = sum(bool(each.value) for each in judged) / len(judged)
    return found


def _arguments(function: Callable[..., Any], row: str) -> Mapping[str, object]:
    """Return a row's values in the order of the parameters, which is that of the row."""
    parameters = list(signature(function).parameters.values())[1:]
    values = row.split(" ", len(parameters) - 1) if len(parameters) > 1 else [row.partition(" ")[0]]
    return {each.name: each.annotation(value) for each, value in zip(parameters, values, strict=True)}
