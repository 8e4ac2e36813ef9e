"""Prompts that show proposals: to make one of many (`compose_reduction`), or to check one (`compose_refinement`)."""

from collections.abc import Sequence
from typing import Final

from spanwright.core.candidate import Component
from spanwright.core.context import ReflectionContext
from spanwright.core.proposal import Proposal
from spanwright.core.tokens import tokens
from spanwright.reflection.evidence import cut, field, line, record
from spanwright.reflection.examples import happened
from spanwright.reflection.prompt import composing
from spanwright.reflection.prose import prose

_CHECKED = 0.4
"""The most of the room that a proposal may take beside the evidence that it is checked against."""
_DIAGNOSIS_TOKENS = 300


def _all_proposals(context: ReflectionContext, offered: Sequence[Component], room: int) -> list[str]:
    return ["", _proposed(context.proposals, offered, room)]


def _proposal_and_examples(context: ReflectionContext, offered: Sequence[Component], room: int) -> list[str]:
    proposed = _proposed(context.proposals, offered, int(room * _CHECKED))
    left = room - tokens(f"{proposed}\n\n")
    return ["", happened(context.examples, left, tuple(each.id for each in offered)), proposed]


def _proposed(proposals: Sequence[Proposal], offered: Sequence[Component], allowance: int) -> str:
    """Return the section of proposals: each gets an equal part of the room, and what exceeds it is cut."""
    share = allowance // max(1, len(proposals))
    ids = {each.id for each in offered}
    while share > 0:
        entries = [cut(_entry(number, each, ids), share) for number, each in enumerate(proposals, start=1)]
        section = f"{prose('proposals')}\n{record(chr(10).join(entries))}"
        if tokens(section) <= allowance:
            return section
        share = share * 9 // 10
    return ""


def _entry(number: int, proposal: Proposal, ids: set[str]) -> str:
    diagnosis = field("diagnosis", cut(proposal.diagnosis, _DIAGNOSIS_TOKENS))
    texts = [field(f"text for {line(id)}", text) for id, text in proposal.edits.items() if id in ids]
    return "\n".join([f"Proposal {number}", diagnosis, *texts])


compose_reduction: Final = composing("reduce", _all_proposals)
"""Makes the prompt that asks for one answer of many proposals. Raises UsageError as `compose` does."""

compose_refinement: Final = composing("refine", _proposal_and_examples)
"""Makes the prompt that asks to check a proposal against its evidence. Raises UsageError as `compose` does."""
