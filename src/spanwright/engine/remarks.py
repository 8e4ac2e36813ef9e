"""What persons wrote about training rollouts, for the reflections that come after: docs/design/live-page.md.

Remarks on validation and test rollouts are for people: whoever let them in here would teach to the test.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from spanwright.core.annotation import Annotation
from spanwright.core.candidate import Candidate, Component
from spanwright.core.context import Example
from spanwright.core.proposal import Lesson
from spanwright.core.rollout import Observed
from spanwright.core.score import Score
from spanwright.engine.evidence import blamed
from spanwright.engine.workshop import Workshop

_MOST = 40
"""Remarks that a reflection looks at, the latest ones."""
_MOST_LESSONS = 6
"""Of those on other tasks than the minibatch has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """An annotation of a training rollout, beside the rollout."""

    text: str
    on: Observed

    @property
    def case(self) -> str:
        """The training case."""
        return self.on.rollout.key.case


def remarks(shop: Workshop) -> tuple[Remark, ...]:
    """Return what persons wrote so far about training rollouts, the latest first."""
    train = {case.id for case in shop.problem.splits.train}
    found = (_remark(shop, each) for each in reversed(shop.means.journal.annotations()[-_MOST:]))
    return tuple(each for each in found if each is not None and each.case in train)


def with_remarks(examples: Sequence[Example], written: Sequence[Remark]) -> Iterator[Example]:
    """Yield the examples, those with what was written on any try of their task at the end of their feedback."""
    for example in examples:
        said = [_said(each, example) for each in written if each.case == example.case.id]
        rollout = example.observed.rollout
        if not said or rollout.score is None:
            yield example
            continue
        score: Score = replace(rollout.score, feedback="\n".join(filter(None, (rollout.score.feedback, *said))))
        yield replace(example, observed=replace(example.observed, rollout=replace(rollout, score=score)))


def lessons_of(
    shop: Workshop,
    written: Sequence[Remark],
    *,
    parent: Candidate,
    offered: Sequence[Component],
    shown: Sequence[Example],
) -> tuple[Lesson, ...]:
    """Return what was written on tasks that are not shown, as lessons on the text on offer that is to blame there.

    A text that was edited since is spared: the edit may have been the answer.
    """
    cases = {each.case.id for each in shown}
    found: list[Lesson] = []
    for each in written:
        if each.case in cases or len(found) == _MOST_LESSONS:
            continue
        texts = shop.pool.view.candidate(each.on.rollout.key.candidate).texts
        standing = [component for component in offered if texts[component.id] == parent.texts[component.id]]
        weights = blamed(each.on, standing)
        suspect = max(weights, key=lambda id: weights[id], default=standing[0].id if standing else None)
        if suspect is not None:
            found.append(Lesson(component=suspect, text=f"A person who read a try noted: {each.text}", case=each.case))
    return tuple(found)


def _remark(shop: Workshop, annotation: Annotation) -> Remark | None:
    observed = shop.means.journal.observed(annotation.rollout)
    if observed is None:
        return None
    redaction = shop.means.redaction
    text = annotation.text if redaction is None else redaction.text(annotation.text, observed.trace.id)
    return Remark(text=text, on=observed)


def _said(remark: Remark, example: Example) -> str:
    this = remark.on.rollout.number == example.observed.rollout.number
    return f"A person who read {'this try' if this else 'an earlier try of this task'} noted: {remark.text}"
