"""A refiner inside an evaluation: evaluate, let a model rewrite the texts by what came out, evaluate again.

The best of the tries counts, so a score is that of the texts with their refiner. A refiner that finds nothing, or makes
it worse, costs its try and no more; where its model cannot be reached, the whole rollout is tried again.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TypeAlias

from pydantic_ai.models import Model

from spanwright.core.candidate import Candidate, Component, ComponentId, Kind
from spanwright.core.case import Case
from spanwright.core.context import Example, ReflectionContext, TriedEdit
from spanwright.core.proposal import Proposal
from spanwright.core.protocols import Reflector
from spanwright.core.refiner import REFINER_PROMPT
from spanwright.core.rollout import Blame, Failure, Observed, Outcome, Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.trace import Trace
from spanwright.errors import CandidateFailed, UsageError, WorldFailed
from spanwright.subject.evaluating import LONGEST_FEEDBACK, shortened
from spanwright.telemetry.given import as_text

Texts: TypeAlias = Mapping[ComponentId, str]
Evaluation: TypeAlias = Callable[[Texts], Awaitable[Outcome]]
"""Evaluates texts on the case at hand. Raises CandidateFailed where they fail."""

_REACH = (
    "It is no part of what is measured: another model is told it, which rewrites the other texts by what their"
    " evaluation on a case said, before their score on that case counts."
)
_MOST = 20
"""Rewrites of one text on one case, at most: each costs a request and an evaluation."""
_LONG = 2_000
"""Lines from which on a comparison may be coarse: it would take too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refiner:
    """A model that rewrites texts within their evaluation, case by case, by what it said. The best of the tries counts.

    A score is then that of the texts together with their refiner: whoever uses the texts alone gets less.

        Trial(refiner=Refiner(model="openai:gpt-5-mini"))
    """

    model: Model | str | None = None
    """None: the reflection model."""
    most: int = 1
    """Rewrites on a case. A rollout calls `evaluate` once more for each of them."""
    prompt: str = ""
    """What it is told of how to go about it, and the seed where that evolves. Empty: a prompt that comes along."""
    evolve: bool = True
    """Whether its prompt is one more text that is improved, `refiner_prompt`."""

    def __post_init__(self) -> None:
        if not 1 <= self.most <= _MOST:
            raise UsageError(f"Refiner(most={self.most}) is no number of rewrites", f"Give 1 to {_MOST}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """Texts as they were evaluated, and what came of them."""

    texts: Texts
    outcome: Outcome | None = None
    failure: CandidateFailed | None = None

    @property
    def value(self) -> float:
        """The score; nothing is lower than a failure."""
        return float("-inf") if self.outcome is None else self.outcome.score.value

    @property
    def told(self) -> str:
        """The score in words."""
        return "it failed" if self.outcome is None else f"score {self.value:.7g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refining:
    """How texts are refined in a run."""

    by: Reflector
    refiner: Refiner
    model: str
    """The name of its model."""
    prompt: str
    """The refiner's, or the default one."""
    objective: str

    @property
    def component(self) -> Component:
        """The refiner's prompt as a text that evolves."""
        return Component(id=REFINER_PROMPT, kind=Kind.ARTIFACT, agent="", text=self.prompt, reach=_REACH)

    @property
    def words(self) -> str:
        """What must be the same when a run is resumed."""
        prompt = "evolves" if self.refiner.evolve else Candidate(texts={REFINER_PROMPT: self.prompt}).id
        return f"{self.model}, at most {self.refiner.most}, prompt {prompt}"


class Refinement:
    """Refines the texts of one subject."""

    def __init__(self, refining: Refining, components: Sequence[Component]) -> None:
        self._by = refining.by
        self._refiner = refining.refiner
        self._objective = refining.objective
        self._components = tuple(components)
        self._interrupted: dict[tuple[str, str], tuple[Try, ...]] = {}
        """What had been evaluated when the world failed, so that it is not paid for again."""

    async def best(self, candidate: Candidate, case: Case, evaluate: Evaluation) -> Outcome:
        """Return the best of the tries, with what all of them said.

        Raises CandidateFailed where all of them fail, and WorldFailed or UserBug of the evaluation or the refiner.
        """
        key = candidate.id, case.id
        tries = [*self._interrupted.pop(key, ())]
        notes: list[str] = []
        try:
            if not tries:
                tries.append(await _tried(own(candidate.texts), evaluate))
            while len(tries) <= self._refiner.most:
                texts, note = await self._rewritten(candidate, case, tries)
                if texts is None:
                    notes.append(note)
                    break
                tries.append(await _tried(texts, evaluate))
        except WorldFailed:
            self._interrupted[key] = tuple(tries)
            raise
        return _outcome(tries, notes)

    async def _rewritten(self, candidate: Candidate, case: Case, tries: Sequence[Try]) -> tuple[Texts | None, str]:
        """Return new texts, or None and why there are none."""
        best = _best(tries)
        prompt = {REFINER_PROMPT: candidate.texts[REFINER_PROMPT]} if self._refiner.evolve else {}
        context = ReflectionContext(
            attempt=0,
            parent=Candidate(texts={**best.texts, **prompt}),
            components=tuple(replace(each, text=best.texts[each.id]) for each in self._components),
            examples=(_example(best, candidate, case),),
            tried=tuple(_edits(tries, best)),
            objective=self._objective,
        )
        result = (await self._by.reflect(context)).result
        if not isinstance(result, Proposal):
            return None, f"{result.reason}: {result.detail}" if result.detail else result.reason.value
        texts = own({**best.texts, **result.edits})
        if any(texts == each.texts for each in tries):
            return None, "it wrote what was tried before"
        return texts, ""


def own(texts: Texts) -> dict[ComponentId, str]:
    """Return texts without the refiner's prompt, which no evaluation is shown."""
    return {id: text for id, text in texts.items() if id != REFINER_PROMPT}


async def _tried(texts: Texts, evaluate: Evaluation) -> Try:
    try:
        return Try(texts=texts, outcome=await evaluate(texts))
    except CandidateFailed as error:
        return Try(texts=texts, failure=error)


def _best(tries: Sequence[Try]) -> Try:
    return max(tries, key=lambda each: each.value)


def _example(best: Try, candidate: Candidate, case: Case) -> Example:
    """Return a try as evidence."""
    outcome, error = best.outcome, best.failure
    failure = None
    if error is not None:
        failure = Failure(boundary=error.boundary, blame=Blame.CANDIDATE, message=error.message)
    rollout = Rollout(
        number=0,
        key=RolloutKey(candidate=candidate.id, case=case.id),
        purpose=Purpose.VALIDATION,
        score=Score(value=best.value) if outcome is None else outcome.score,
        failure=failure,
    )
    trace = Trace() if outcome is None else Trace(images=outcome.images)
    return Example(
        case=case, observed=Observed(rollout=rollout, trace=trace, output="" if outcome is None else outcome.output)
    )


def _edits(tries: Sequence[Try], best: Try) -> list[TriedEdit]:
    """Return what other tries said differently, the latest first."""
    return [
        TriedEdit(
            component=id,
            text=text,
            replaced=best.texts[id],
            outcome=f"no better on this case: {each.told}, the current texts: {best.told}",
        )
        for each in reversed(tries)
        for id, text in each.texts.items()
        if text != best.texts[id]
    ]


def _outcome(tries: Sequence[Try], notes: Sequence[str]) -> Outcome:
    """Return the outcome that counts, with what all tries said. Raises CandidateFailed where all failed."""
    best, first = _best(tries), tries[0]
    said = [_said(each, first, counts=each is best and len(tries) > 1) for each in tries]
    said += [f"The refiner gave no other texts: {note}" for note in notes]
    feedback = shortened("\n".join(said), LONGEST_FEEDBACK)
    if best.outcome is None:
        assert first.failure is not None, "what has no outcome has failed"
        raise CandidateFailed(first.failure.boundary, feedback, signature=first.failure.signature)
    output = best.outcome.output
    if best is not first and not output:
        output = as_text(next(iter(best.texts.values())) if len(best.texts) == 1 else dict(best.texts))
    return replace(best.outcome, output=output, score=replace(best.outcome.score, feedback=feedback))


def _changes(id: ComponentId, before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Yield what a text has instead, below its name; nothing where it has nothing else."""
    matcher = SequenceMatcher(None, before, after, autojunk=len(before) > _LONG)
    changes = [each for each in matcher.get_opcodes() if each[0] != "equal"]
    if changes:
        yield f"In {id}:"
    for _, first, last, start, end in changes:
        yield from (f"- {line}" for line in before[first:last])
        yield from (f"+ {line}" for line in after[start:end])


def _said(each: Try, first: Try, *, counts: bool) -> str:
    """Return what one try said: its score, what it changed, and its feedback."""
    heading = "As it stands" if each is first else "As the refiner rewrote it"
    lines = [f"{heading}: {each.told}{', which counts' if counts else ''}"]
    for id, text in each.texts.items():
        lines += _changes(id, first.texts[id].split("\n"), text.split("\n"))
    if each.failure is not None:
        lines.append(each.failure.message)
    elif each.outcome is not None and each.outcome.score.feedback:
        lines.append(each.outcome.score.feedback)
    return "\n".join(lines)
