"""IFBench: the share of instructions that the final response keeps. Each stage is told what its own response kept."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

from pydantic_evals import Case

from spanwright import Score, Trace
from spanwright_evaluators.paper.instructions import Instruction, Verdict, check
from spanwright_evaluators.paper.text import expected

GENERATE: Final = "generate_response/instructions"
ENSURE: Final = "ensure_correct_response/instructions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The instructions that a prompt gives."""

    instructions: tuple[Instruction, ...]


class Responded(Protocol):
    """The response of each stage."""

    @property
    def first(self) -> str: ...
    @property
    def final(self) -> str: ...


def judge(case: Case[str, Any, Any], output: Responded, trace: Trace) -> Score:
    """Score one response."""
    instructions = expected(case, Bound).instructions
    first, final = (check(response, instructions) for response in (output.first, output.final))
    return Score(
        value=final.share,
        feedback=_told(final),
        objectives={"kept": final.share, "kept at first": first.share},
        blame={GENERATE: _told(first), ENSURE: _told(final)},
    )


def _told(verdict: Verdict) -> str:
    parts: list[str] = []
    if verdict.kept:
        parts.append("Your response correctly followed the following instructions:\n" + "\n".join(verdict.kept))
    if verdict.broken:
        opening = "However, your" if verdict.kept else "Your"
        parts.append(
            f"{opening} response did not follow the following instructions properly:\n" + "\n".join(verdict.broken)
        )
    return "\n".join(parts)
