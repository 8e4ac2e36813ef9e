"""The part of the prompt that shows a second version of the texts on offer, and how the same tasks went with it."""

from collections.abc import Sequence

from spanwright.core.candidate import Candidate, Component
from spanwright.core.context import Example, Partner
from spanwright.core.rollout import Observed
from spanwright.core.tokens import tokens
from spanwright.reflection.evidence import clean, cut, fenced, field, quoted, record
from spanwright.reflection.prose import filled
from spanwright.reflection.values import show_within

_TASK_TOKENS = 60
_SAID_TOKENS = 80


def other_version(
    partner: Partner | None,
    parent: Candidate,
    offered: Sequence[Component],
    examples: Sequence[Example],
    allowance: int,
) -> str:
    """Return the section; empty without a partner that says anything else, or where its texts do not fit wholly."""
    if partner is None:
        return ""
    texts = {each.id: partner.candidate.texts.get(each.id, "") for each in offered}
    differing = {id: text for id, text in texts.items() if clean(text) != clean(parent.texts[id])}
    if not differing:
        return ""
    theirs = {each.rollout.key.case: each for each in partner.observed}
    tasks = [_compared(each, theirs[each.case.id]) for each in examples if each.case.id in theirs]
    shown = "\n\n".join(
        f"The other version of {quoted(id)}:\n{fenced(text, 'other')}" for id, text in differing.items()
    )
    for count in range(len(tasks), 0, -1):
        values = {
            "components": ", ".join(map(quoted, differing)),
            "tasks": record("\n".join(tasks[:count])),
            "texts": shown,
        }
        section = filled("other_version", values)
        if tokens(section) <= allowance:
            return section
    return ""


def _compared(mine: Example, other: Observed) -> str:
    """Return how a task went with each version; what was said of the current one's run stands with the examples."""
    task = field("- task", cut(show_within(mine.case.inputs, _TASK_TOKENS), _TASK_TOKENS)).replace("\n", "\n  ")
    scores = f"  current version: score {_score(mine.observed)}; other version: score {_score(other)}"
    feedback = "" if other.rollout.score is None else other.rollout.score.feedback
    said = field("what was said of the other version", cut(clean(feedback), _SAID_TOKENS)).replace("\n", "\n  ")
    return "\n".join([task, scores, *([f"  {said}"] if feedback.strip() else [])])


def _score(observed: Observed) -> str:
    return "unknown" if observed.rollout.score is None else f"{observed.rollout.score.value:.3g}"
