"""The story of a run as spans: an observer that tells each span when the event that ends it is shown.

    the run's trace       run > attempt N > reflection, rollout        every other rollout hangs below the run
    a rollout's trace     rollout > what the agents did                one for each rollout, linked with its place above
    a reflection's        reflection > the model's calls               likewise
    an evaluator's        judge > the model's calls                    linked with the rollout that it judges

Ids are made of the run's name and start, and of the trace ids in the events: a run that is resumed goes on in the same
trace, and what an earlier process has told is not told again (docs/design/export.md).
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from statistics import fmean
from typing import TypeAlias

from spanwright.core.candidate import CandidateId
from spanwright.core.events import (
    Abandoned,
    AttemptStarted,
    Event,
    Judged,
    ReflectionEnded,
    ReflectionStarted,
    Refused,
    RolloutEnded,
    RunEnded,
    RunStarted,
)
from spanwright.core.proposal import Refusal
from spanwright.core.rollout import Purpose, Rollout
from spanwright.core.trace import Attribute
from spanwright.core.usage import Usage
from spanwright.telemetry.export.spoken import Spokens
from spanwright.telemetry.export.told import Evaluated, Place, Told
from spanwright.telemetry.export.wording import (
    evaluations,
    failed,
    of_attempt,
    of_reflection,
    of_rollout,
    of_run,
    of_usage,
    refused,
)
from spanwright.telemetry.names import CANDIDATE, PREFIX, PROMPT_NAME, PROMPT_VERSION, prompt_name

Tell: TypeAlias = Callable[[Told], None]
"""Takes a span of the story. It neither blocks nor raises."""

_MEASURED = {
    Purpose.VALIDATION: Purpose.VALIDATION,
    Purpose.FINAL: Purpose.VALIDATION,
    Purpose.TEST: Purpose.TEST,
}
"""The split whose mean a rollout counts for."""


class Story:
    """Follows one run. Show it the events of earlier processes with `replay`, and end it with `close`."""

    def __init__(self, tell: Tell, spokens: Spokens | None = None) -> None:
        self._tell = tell
        self._spokens = spokens or Spokens()
        self._muted = False
        self._went_on = False
        self._run: RunStarted | None = None
        self._ended: RunEnded | None = None
        self._latest = 0.0
        self._usage = Usage()
        self._attempts: dict[int, AttemptStarted] = {}
        self._reflections: dict[int, ReflectionStarted] = {}
        self._scores: dict[tuple[CandidateId, Purpose], dict[str, list[float]]] = {}
        """Of a candidate on a split, by case: what cases were repeated for must not count more than others."""

    def replay(self, events: Iterable[Event]) -> None:
        """Learn what earlier processes did; they have told it themselves."""
        self._muted = True
        for event in events:
            self(event)
        self._muted = False

    def close(self) -> None:
        """Tell the run itself as far as it has come; one that had ended before has been told."""
        if self._run is not None and self._went_on:
            self._say(self._whole(self._run))

    def __call__(self, event: Event) -> None:
        """Take note of an event, and tell the span that it ends."""
        if isinstance(event, RunStarted):
            self._run = event
        if self._run is None:
            return
        self._went_on = self._went_on or not self._muted
        root = Place.of_run(self._run.run, self._run.at)
        self._latest = event.rollout.ended if isinstance(event, RolloutEnded) else event.at
        match event:
            case AttemptStarted():
                self._attempts[event.attempt] = event
            case ReflectionStarted():
                self._reflections[event.attempt] = event
            case ReflectionEnded():
                self._usage += event.usage
                self._reflection(event, root)
            case RolloutEnded():
                self._usage += event.rollout.usage
                self._note(event.rollout)
                self._rollout(event.rollout, root)
            case Judged() | Refused() | Abandoned():
                self._attempt(event, root)
            case RunEnded():
                self._ended = event
            case _:
                pass

    def _say(self, told: Told) -> None:
        if not self._muted:
            self._tell(told)

    def _rollout(self, rollout: Rollout, root: Place) -> None:
        """Tell a rollout where the run asked for it, as the root of its own trace, and as that of its judge's."""
        parent = root if rollout.attempt is None else _attempt(root, rollout.attempt)
        own = Place.root(rollout.trace_id) if rollout.trace_id else None
        judge = Place.root(rollout.judge_trace_id) if rollout.judge_trace_id else None
        short = Told(
            name="rollout",
            place=root.below(f"rollout {rollout.number}"),
            parent=parent,
            started=rollout.started,
            ended=rollout.ended,
            attributes={**self._wearing(rollout.key.candidate), **of_rollout(rollout)},
            error=failed(rollout.failure),
            links=_places(own),
        )
        if own is None:
            self._say(replace(short, evaluations=evaluations(rollout)))
            return
        self._say(short)
        if judge is not None:
            self._say(replace(short, name="judge", place=judge, parent=None, error=""))
        whole = replace(short, evaluations=evaluations(rollout), spoken=self._spokens.of(rollout))
        self._say(replace(whole, place=own, parent=None, links=_places(parent, judge)))

    def _reflection(self, event: ReflectionEnded, root: Place) -> None:
        begun = self._reflections.pop(event.attempt, None)
        above = _attempt(root, event.attempt)
        own = Place.root(event.trace_id) if event.trace_id else None
        told = Told(
            name="reflection",
            place=root.below(f"reflection {event.attempt} {event.at!r}"),  # one that the world failed is done again
            parent=above,
            started=begun.at if begun else event.at,
            ended=event.at,
            attributes={**self._named(), **of_reflection(event, begun)},
            error=refused(event.result) if isinstance(event.result, Refusal) else "",
            links=_places(own),
        )
        self._say(told)
        if own is not None:
            self._say(replace(told, place=own, parent=None, links=_places(above)))

    def _attempt(self, event: Judged | Refused | Abandoned, root: Place) -> None:
        begun = self._attempts.pop(event.attempt, None)
        self._say(
            Told(
                name=f"attempt {event.attempt}",
                place=_attempt(root, event.attempt),
                parent=root,
                started=begun.at if begun else event.at,
                ended=event.at,
                attributes={
                    **(self._wearing(event.child.id) if isinstance(event, Judged) else self._named()),
                    **of_attempt(event, begun),
                },
                error=refused(event.refusal) if isinstance(event, Refused) else "",
            )
        )

    def _whole(self, run: RunStarted) -> Told:
        ended = self._ended
        best = ended.winner if ended else run.seed.id
        measured = tuple(
            Evaluated(name=f"{whose} {split}", value=mean)
            for whose, candidate in (("seed", run.seed.id), ("winner", best))
            for split in (Purpose.VALIDATION, Purpose.TEST)
            if (ended or whose == "seed") and (mean := self._mean(candidate, split)) is not None
        )
        return Told(
            name="run",
            place=Place.of_run(run.run, run.at),
            started=run.at,
            ended=self._latest,
            attributes={**self._wearing(best), **of_run(run, ended), **of_usage(self._usage)},
            evaluations=measured,
        )

    def _note(self, rollout: Rollout) -> None:
        split = _MEASURED.get(rollout.purpose)
        if split is not None and rollout.score is not None:
            cases = self._scores.setdefault((rollout.key.candidate, split), {})
            cases.setdefault(rollout.key.case, []).append(rollout.score.value)

    def _mean(self, candidate: CandidateId, split: Purpose) -> float | None:
        cases = self._scores.get((candidate, split))
        return fmean(fmean(values) for values in cases.values()) if cases else None

    def _named(self) -> dict[str, Attribute]:
        return {f"{PREFIX}run": self._run.run} if self._run else {}

    def _wearing(self, candidate: CandidateId) -> dict[str, Attribute]:
        named = prompt_name(component.id for component in self._run.components) if self._run else ""
        return {**self._named(), CANDIDATE: candidate, PROMPT_NAME: named, PROMPT_VERSION: candidate}


def _attempt(root: Place, number: int) -> Place:
    return root.below(f"attempt {number}")


def _places(*places: Place | None) -> tuple[Place, ...]:
    return tuple(place for place in places if place is not None)
