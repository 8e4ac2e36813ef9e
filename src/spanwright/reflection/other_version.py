"""The part of the prompt that shows a second version of the texts on offer, and how the same tasks went with it."""

from collections.abc import Iterable, Mapping, Sequence

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
    theirs = _by_case(partner.observed)
    mine = _by_case(each.observed for each in examples if each.observed.rollout.key.candidate == parent.id)
    inputs = {each.case.id: each.case.inputs for each in examples}
    tasks = [_compared(inputs[case], tries, theirs[case]) for case, tries in mine.items() if case in theirs]
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


def _by_case(tries: Iterable[Observed]) -> Mapping[str, Sequence[Observed]]:
    found: dict[str, list[Observed]] = {}
    for each in tries:
        found.setdefault(each.rollout.key.case, []).append(each)
    return found


def _compared(inputs: object, mine: Sequence[Observed], theirs: Sequence[Observed]) -> str:
    """Return how a task went with each version; what was said of the current one's tries stands with the examples."""
    task = field("- task", cut(show_within(inputs, _TASK_TOKENS), _TASK_TOKENS)).replace("\n", "\n  ")
    scores = f"  current version: {_scores(mine)}; other version: {_scores(theirs)}"
    judged = [each.rollout.score for each in theirs if each.rollout.score is not None]
    feedback = min(judged, key=lambda score: score.value).feedback if judged else ""
    said = field("what was said of the other version", cut(clean(feedback), _SAID_TOKENS)).replace("\n", "\n  ")
    return "\n".join([task, scores, *([f"  {said}"] if feedback.strip() else [])])


def _scores(tries: Sequence[Observed]) -> str:
    scores = [each.rollout.score for each in tries]
    told = ", ".join("unknown" if score is None else f"{score.value:.3g}" for score in scores)
    return f"scores {told}" if len(tries) > 1 else f"score {told}"
