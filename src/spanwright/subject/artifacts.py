"""Texts of any kind as a Subject: code, a prompt, a policy, a configuration, with a function that says how good one is.

There is no agent to dress and no judge to ask: to try a text is to call `evaluate`, which runs and judges at once.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, cast

from pydantic_ai.agent import AbstractAgent
from pydantic_evals import Case as TheirCase
from pydantic_evals import Dataset

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.case import Case, Splits
from spanwright.core.events import Event, RolloutEnded
from spanwright.core.goal import SCORE, Goal
from spanwright.core.guard import Guard
from spanwright.core.measured import MEASURED
from spanwright.core.refiner import REFINER_PROMPT
from spanwright.core.rollout import Observed, Outcome, Rollout
from spanwright.errors import CandidateFailed, UsageError
from spanwright.models import boundary
from spanwright.subject.captured import Captured, capturing
from spanwright.subject.components import Components, chosen
from spanwright.subject.evals import Evals, EvalSet, eval_set
from spanwright.subject.evaluating import Call, Earlier, Evaluate, outcome_of
from spanwright.subject.refining import Refinement, Refiner, Refining, Texts, own

TEXT = "text"
"""The name of the one text, where nobody gave it another."""
PROBLEM = "problem"
"""The id of the one case of a problem without cases."""
_SMALLEST_LIMIT, _GROWTH = 24_000, 4
_REMEMBERED = 3
"""Earlier results of a case that an evaluation is shown."""

Seed: TypeAlias = str | Mapping[str, str] | None
Cases: TypeAlias = Sequence[object] | Mapping[str, object] | Dataset | Evals | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How texts are tried."""

    noisy: bool = False
    """Whether the same text may score differently on the same case; if not, nothing is evaluated twice."""
    capture: bool = False
    """Whether what an evaluation prints is shown to the reflector."""
    patches: bool | None = None
    """Whether the reflection model answers with what changes in the texts, as SEARCH/REPLACE blocks, in place of whole
    texts. None: where the texts on offer have more than 8,000 characters."""
    guards: Mapping[str, Guard] = field(default_factory=dict[str, Guard])
    """What every new text must keep to, by name or glob."""
    goals: Sequence[Goal] = ()
    """What is wanted beside a high score, of the objectives that `evaluate` names or of what is measured."""
    refiner: Refiner | None = None
    """Who rewrites texts within an evaluation, before their score counts. Scores vary with it as if they were noisy."""

    @property
    def varies(self) -> bool:
        """Whether a text may score differently when it is tried again."""
        return self.noisy or self.refiner is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTask:
    """What `optimize_text` is told of a task, as one value: `spanwright text MODULE:NAME` finds it by its name."""

    seed: Seed
    evaluate: Evaluate
    cases: Cases = None
    objective: str = ""
    background: str = ""
    trial: Trial = field(default_factory=Trial)


def texts_of(seed: Seed) -> Mapping[str, str]:
    """Return the texts of a seed by name; empty ones where the first is yet to be written. Raises UsageError."""
    if seed is None:
        return {TEXT: ""}
    if not isinstance(seed, str | Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(
            f"the seed is {type(seed).__name__}, no text", "Give a text, a mapping of named texts, or None"
        )
    texts = {TEXT: seed} if isinstance(seed, str) else dict(seed)
    if not texts:
        raise UsageError("the seed has no texts", "Give one, or None to have it written")
    for name, text in texts.items():
        are_texts = isinstance(name, str) and isinstance(text, str)  # pyright: ignore[reportUnnecessaryIsInstance]
        if not are_texts or not name.strip() or not name.isprintable():
            raise UsageError(f"the seed's {name!r} is no text with a name", "Give a mapping of names to texts")
    return texts


def components_of(seed: Seed) -> tuple[Component, ...]:
    """Return the texts of a seed as components."""
    return tuple(
        Component(
            id=name,
            kind=Kind.ARTIFACT,
            agent="",
            text=text,
            limit=max(_SMALLEST_LIMIT, _GROWTH * len(text)),
            reach=_REACH,
        )
        for name, text in texts_of(seed).items()
    )


_REACH = "It is measured as it stands. Nothing else changes."


def cases_of(cases: Cases, trial: Trial) -> tuple[EvalSet, Mapping[str, object], bool]:
    """Return the splits, what `evaluate` is given for each case, and whether the cases are themselves to be solved.

    A Dataset or Evals is split as for an agent; anything else are problems at hand, which both teach and choose.
    """
    if isinstance(cases, Dataset | Evals):
        given = cases if isinstance(cases, Evals) else Evals(cases=cases)
        split = eval_set(_judged_by_nobody(given, trial.goals))
        return split, dict(split.theirs), False
    named = dict(_named(cases))
    if not named:
        raise UsageError("there are no cases", "Give at least one, or cases=None for a problem without cases")
    ours = tuple(Case(id=id, inputs=_inputs(item)) for id, item in named.items())
    splits = Splits(train=ours, validation=ours)
    return EvalSet(splits=splits, theirs={}, goals=tuple(trial.goals)), named, True


def _judged_by_nobody(evals: Evals[Any, Any, Any], goals: Sequence[Goal]) -> Evals[Any, Any, Any]:
    if evals.metric is not None:
        raise UsageError("the Evals have a metric, and evaluate judges", "Leave metric= out")
    return Evals(
        cases=evals.cases,
        validation=evals.validation,
        test=evals.test,
        metric=_no_metric,
        group=evals.group,
        seed=evals.seed,
        goals=(*evals.goals, *goals),
    )


def _no_metric(case: object, output: object, trace: object) -> float:
    raise AssertionError("evaluate has judged")


def _named(cases: Sequence[object] | Mapping[str, object] | None) -> Iterable[tuple[str, object]]:
    if cases is None:
        yield PROBLEM, ""
        return
    if isinstance(cases, str | bytes) or not isinstance(cases, Sequence | Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(f"cases={cases!r} are no cases", "Give a sequence, a mapping by name, a Dataset or Evals")
    met: set[str] = set()
    for id, item in _with_ids(cases):
        if id in met:
            raise UsageError(f"two cases have the id {id!r}", "Name each case once")
        met.add(id)
        yield id, item


def _with_ids(cases: Sequence[object] | Mapping[str, object]) -> Iterable[tuple[str, object]]:
    if isinstance(cases, Mapping):
        yield from ((str(id), item) for id, item in cast("Mapping[object, object]", cases).items())
        return
    for place, item in enumerate(cases, start=1):
        yield (item.name if isinstance(item, TheirCase) else None) or f"case {place}", item


def _inputs(item: object) -> object:
    return cast("TheirCase[Any, Any, Any]", item).inputs if isinstance(item, TheirCase) else item


def _with_refiner(found: Sequence[Component], refining: Refining) -> tuple[Component, ...]:
    """Return the texts with the refiner's prompt, if that evolves. Raises UsageError where one has its name."""
    if any(each.id == REFINER_PROMPT for each in found):
        raise UsageError(f"the seed has a text {REFINER_PROMPT!r}, as that of the refiner is called", "Rename it")
    return (*found, refining.component) if refining.refiner.evolve else tuple(found)


class TextSubject:
    """Tries texts by calling `evaluate`."""

    def __init__(
        self, task: TextTask, given: Mapping[str, object], goals: Sequence[Goal], refining: Refining | None = None
    ) -> None:
        self._call = Call.of(task.evaluate, has_cases=task.cases is not None)
        self._components = components_of(task.seed)
        self._refined: Refinement | None = None
        self._refining = ""
        if refining is not None:
            self._components = _with_refiner(self._components, refining)
            guarded = chosen(self._components, Components("all", guards=task.trial.guards))
            self._refined = Refinement(refining, [each for each in guarded if each.id != REFINER_PROMPT])
            self._refining = refining.words
        self._single = task.seed is None or isinstance(task.seed, str)
        self._given = given
        self._goals = goals
        self._capture = task.trial.capture
        self._earlier: defaultdict[str, list[Earlier]] = defaultdict(list)

    @property
    def agents(self) -> Sequence[AbstractAgent[Any, Any]]:
        """None: texts are no agents."""
        return ()

    @property
    def takes_earlier(self) -> bool:
        """Whether an evaluation begins where earlier ones of this process ended."""
        return self._call.takes_earlier

    @property
    def found(self) -> Sequence[Component]:
        """The seed's texts."""
        return self._components

    async def components(self) -> Sequence[Component]:
        """Return the seed's texts."""
        return self._components

    def fingerprints(self) -> Mapping[str, str]:
        """Return how texts are tried."""
        tried = {"evaluations": "captured" if self._capture else "as they are"}
        return {**tried, "refiner": self._refining} if self._refining else tried

    async def run(self, candidate: Candidate, case: Case) -> Outcome:
        """Evaluate a candidate on a case.

        What `evaluate` raises is a failure of the text; what it raises of the seed too is taken for a bug of its own.
        """
        evaluate = partial(self._evaluate, case)
        if self._refined is None:
            outcome = await evaluate(candidate.texts)
        else:
            outcome = await self._refined.best(candidate, case, evaluate)
        self._remember(case.id, candidate, outcome.score.value, outcome.output)
        return outcome

    async def _evaluate(self, case: Case, texts: Texts) -> Outcome:
        """Evaluate texts on a case. Raises CandidateFailed where they fail."""
        text = texts[TEXT] if self._single else dict(texts)  # what a function does to its own is its own affair
        with capturing() if self._capture else nullcontext(Captured()) as captured:
            try:
                with boundary("evaluate"):
                    answer = await self._call(text, self._given[case.id], self._earlier[case.id])
            except CandidateFailed as error:
                raise _told(error, captured.text) from error
        return self._checked(outcome_of(answer, captured.text, tuple(texts)))

    def recall(
        self, events: Iterable[Event], candidates: Mapping[str, Candidate], observed: Callable[[int], Observed | None]
    ) -> None:
        """Learn the best earlier results of each case from what an interrupted run has written down."""
        if not self._call.takes_earlier:
            return
        ended = [each.rollout for each in events if isinstance(each, RolloutEnded)]
        by_case: defaultdict[str, list[Rollout]] = defaultdict(list)
        for rollout in ended:
            if rollout.score is not None and rollout.failure is None and rollout.key.candidate in candidates:
                by_case[rollout.key.case].append(rollout)
        for case, rollouts in by_case.items():
            best = sorted(rollouts, key=lambda each: -_value(each))[:_REMEMBERED]
            for each in best:
                kept = observed(each.number)
                if kept is not None:
                    self._remember(case, candidates[each.key.candidate], _value(each), kept.output)

    def _remember(self, case: str, candidate: Candidate, score: float, output: str) -> None:
        if not self._call.takes_earlier:
            return
        earlier = self._earlier[case]
        texts = candidate.texts if self._refined is None else own(candidate.texts)
        insort(earlier, Earlier(texts=texts, score=score, output=output), key=lambda each: -each.score)
        del earlier[_REMEMBERED:]

    def _checked(self, outcome: Outcome) -> Outcome:
        """Return an outcome that has the figures that goals want. Raises UsageError where one is missing."""
        known = MEASURED | outcome.score.objectives.keys() | {SCORE}
        for goal in self._goals:
            if goal.figure not in known:
                raise UsageError(
                    f"a goal wants {goal.words}, but evaluate returned no {goal.figure!r}",
                    f"Choose one of: {', '.join(sorted(known))}",
                )
        return outcome


def _value(rollout: Rollout) -> float:
    assert rollout.score is not None
    return rollout.score.value


def _told(error: CandidateFailed, printed: str) -> CandidateFailed:
    if not printed:
        return error
    return CandidateFailed(error.boundary, f"{error.message}\nIt printed:\n{printed}", signature=error.signature)
