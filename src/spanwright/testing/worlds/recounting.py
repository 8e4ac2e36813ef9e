"""A play as a user of gepa would put it before a reflection model: a record of named parts, in plain words.

gepa's own prompt shows one text and does not say whose it is; a careful user's records do.
"""

from collections.abc import Iterator, Mapping

from spanwright.core.candidate import ComponentId
from spanwright.core.case import Case
from spanwright.testing.worlds.world import Played


def record(component: ComponentId, case: Case, played: Played) -> Mapping[str, str]:
    """Return the record of one play for a reflection on one component."""
    return {
        "Text": f"{_whose(component)}.",
        "Inputs": str(case.inputs),
        "Trace": "\n".join(_steps(case, played)),
        "Generated Outputs": played.output,
        "Feedback": played.feedback or "All is well.",
        "Score": f"{played.score:.3g}",
    }


def _whose(component: ComponentId) -> str:
    tool, _, aspect = component.partition("/tool:")[2].partition("/")
    if not tool:
        return "This text is the agent's instructions"
    return f"This text is the doc of {tool}, {aspect}" if aspect else f"This text is the description of the tool {tool}"


def _steps(case: Case, played: Played) -> Iterator[str]:
    yield f"user: {case.inputs}"
    for deed in played.deeds:
        yield f"call {deed.tool}: {deed.asked}"
        yield f"{'refused' if deed.refused else 'result'}: {deed.result}"
