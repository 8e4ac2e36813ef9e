"""A conversation that goes on: earlier proposals of the lineage as the model's own turns, and what came of each.

The turns come from the run's history and not from memory: a resumed run shows the same ones. What was shown at each
turn is left out, and of the turns those that have no room, the oldest first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from spanwright.core.context import Turn
from spanwright.core.tokens import tokens
from spanwright.reflection.answer import Answer, Edit
from spanwright.reflection.evidence import clean, line
from spanwright.reflection.prompt import Rung
from spanwright.reflection.prose import filled, prose

SHARE = 0.3
"""The most of an allowance that earlier turns take."""
TOOL = "propose"
"""The tool by which a model hands in its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Earlier turns as messages, and what is said before the next prompt."""

    messages: tuple[ModelMessage, ...] = ()
    opening: str = ""
    """What came of the last turn, where no message says so."""
    text: str = ""
    """All of it as one text, for the record."""


def conversation(turns: Sequence[Turn], rung: Rung, allowance: int) -> Conversation:
    """Return as many of the latest turns as fit, answered in the form in which the model is asked to answer now."""
    shown: list[tuple[str, str]] = []
    for turn in reversed(turns):
        told = (_answer(turn, rung), _outcome(turn))
        if tokens(_written([told, *shown])) > allowance:
            break
        shown.insert(0, told)
    if not shown:
        return Conversation()
    messages: list[ModelMessage] = []
    said: list[ModelRequestPart] = []
    for number, (answer, outcome) in enumerate(shown):
        call = f"turn-{number}"
        messages.append(ModelRequest(parts=[*said, UserPromptPart(prose("turn"))]))
        if rung is Rung.TOOL:
            messages.append(ModelResponse(parts=[ToolCallPart(TOOL, answer, tool_call_id=call)]))
            said = [ToolReturnPart(TOOL, outcome, tool_call_id=call)]
        else:
            messages.append(ModelResponse(parts=[TextPart(answer)]))
            said = [UserPromptPart(outcome)]
    if rung is Rung.TOOL:
        messages.append(ModelRequest(parts=said))
    opening = "" if rung is Rung.TOOL else shown[-1][1]
    return Conversation(messages=tuple(messages), opening=opening, text=_written(shown))


def _written(shown: Sequence[tuple[str, str]]) -> str:
    return "\n\n".join(f"{prose('turn')}\n\n{answer}\n\n{outcome}" for answer, outcome in shown)


def _outcome(turn: Turn) -> str:
    return filled("outcome_kept" if turn.kept else "outcome_gone", {"outcome": line(turn.outcome)})


def _answer(turn: Turn, rung: Rung) -> str:
    """Return what was proposed, in the form of a rung."""
    edits = tuple(Edit(component=id, why="", text=clean(text)) for id, text in turn.proposal.edits.items())
    diagnosis = clean(turn.proposal.diagnosis)
    if rung is not Rung.TAGGED:
        return Answer(diagnosis=diagnosis, edits=edits, lessons=()).model_dump_json()
    tags = [f'<edit component="{each.component}">\n{each.text}\n</edit>' for each in edits]
    return "\n".join([f"<diagnosis>{diagnosis}</diagnosis>", *tags])
