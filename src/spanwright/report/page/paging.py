"""From what was gathered of a run to its page: a pure function, the same while a run goes on and when it is over."""

import math
import platform
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from importlib.metadata import version
from typing import Literal

from spanwright.core.annotation import Annotation
from spanwright.core.candidate import CandidateId
from spanwright.core.events import Event
from spanwright.core.goal import SCORE, Sense
from spanwright.core.usage import Budget, Usage
from spanwright.report.comparison import Comparison
from spanwright.report.front import tradeoff
from spanwright.report.page.gathering import PURPOSES, Birth, Gathering
from spanwright.report.page.model import (
    CaseColumn,
    Compared,
    Confusion,
    Course,
    Front,
    Head,
    Lane,
    Node,
    Page,
    Range,
    Reproduction,
    ToolRow,
    Tools,
    Tradeoff,
    Tries,
    Trouble,
    Unscored,
    Words,
)
from spanwright.report.page.slots import slots_of
from spanwright.report.result import Result
from spanwright.search.statistics import Interval, mean_interval
from spanwright.telemetry import ToolEvidence

_OF_CASES = "case:"
"""How fingerprints of single cases begin: there are too many of them to be read."""
_SCATTERED = 400
"""Candidates that are shown beside the front, the best ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a run's events do not tell."""

    running: bool = False
    command: str = ""
    """How it was started."""
    store: str = ""
    """As the command line is told; empty for the default."""
    annotations: tuple[Annotation, ...] = ()


def page_from(events: Iterable[Event], around: Surroundings | None = None) -> Page:
    """Return the page of a run. Raises UsageError for one that has not begun."""
    gathering = Gathering()
    for event in events:
        gathering.apply(event)
    return page_of(gathering, around or Surroundings())


def page_of(gathering: Gathering, around: Surroundings) -> Page:
    """Return the page of what was gathered so far. Raises UsageError where nothing was."""
    result = Result.of(gathering.chronicle)
    nodes = tuple(_nodes(gathering))
    places = {node.id: place for place, node in enumerate(nodes)}
    view = gathering.chronicle.view
    return Page(
        head=_head(gathering, result, around),
        words=_words(result),
        candidates=nodes,
        line=tuple(places[each] for each in reversed(list(view.lineage(result.best.id)))),
        cases=_cases(gathering),
        purposes=PURPOSES,
        tries=_tries(gathering, places),
        course=_course(gathering, places),
        front=_front(gathering, result, places),
        tools=_tools(result),
        spent={**gathering.spent},
        slots=slots_of(gathering),
        lanes=tuple(Lane(model=name, counts=each) for name, each in gathering.chronicle.lanes.items()),
        troubles=tuple(_troubles(gathering)),
        unscored=_unscored(gathering),
        reproduction=_reproduction(gathering, result, around),
        annotations=around.annotations,
    )


def _head(gathering: Gathering, result: Result, around: Surroundings) -> Head:
    chronicle = gathering.chronicle
    started = chronicle.started
    assert started is not None, "a result is of a run that has started"
    status: Literal["running", "paused", "ended"] = (
        "ended" if result.complete else "running" if around.running else "paused"
    )
    return Head(
        run=result.run,
        status=status,
        stop_reason=result.stop_reason.value if result.stop_reason else "",
        headline=result.headline,
        improved=result.improved,
        at_hand=result.at_hand,
        measured_on=result.measured_on,
        validation=_compared(result.validation),
        test=_compared(result.test),
        usage=result.usage,
        budget=_plain(chronicle.view.budget),
        seconds=result.seconds,
        started=started.at,
        policy=result.policy,
        seed=result.seed.id,
        best=result.best.id,
        changed=result.components_changed,
        proposed=result.proposed,
        accepted=result.accepted,
        refused=result.refused,
        lost=result.lost,
        in_flight=chronicle.in_flight if status == "running" else 0,
        held_up=chronicle.held_up if status == "running" else (),
        notes=(*result.findings, *result.remarks),
        paid=tuple(result.worth.lines()),
    )


def _words(result: Result) -> tuple[Words, ...]:
    changed = set(result.components_changed)
    texts = [
        Words(
            component=each.id,
            kind=each.kind.value,
            before=result.seed.texts.get(each.id, ""),
            after=result.best.texts.get(each.id, ""),
        )
        for each in result.components
        if each.id in result.seed.texts
    ]
    return tuple(sorted(texts, key=lambda each: each.component not in changed))


def _nodes(gathering: Gathering) -> Iterator[Node]:
    """Yield the seed and the judged in the order in which they were judged: a parent comes before its children."""
    view = gathering.chronicle.view
    places = {view.seed: 0}
    yield Node(
        id=view.seed,
        parents=(),
        attempt=None,
        origin="seed",
        admitted=True,
        verdict="",
        edits={},
        estimate=view.estimate(view.seed),
        own=view.own(view.seed),
        measured=_measured(gathering, view.seed),
        usage=gathering.spent_on.get(view.seed, Usage()),
    )
    for id, birth in gathering.births.items():
        if id == view.seed:
            continue
        places[id] = len(places)
        parents = tuple(places[each] for each in birth.event.proposal.parents if each in places)
        yield replace(_node(gathering, id, birth, parents), learnt_from=places.get(birth.looked_at))


def _node(gathering: Gathering, id: CandidateId, birth: Birth, parents: tuple[int, ...]) -> Node:
    view, judged = gathering.chronicle.view, birth.event
    member = view.is_member(id)
    return Node(
        id=id,
        parents=parents,
        attempt=judged.attempt,
        origin=judged.proposal.origin.value,
        admitted=member,
        verdict=judged.verdict.reason,
        edits=judged.proposal.edits,
        diagnosis=judged.proposal.diagnosis,
        rationale=judged.proposal.rationale,
        differences=tuple(each for each in judged.verdict.differences if math.isfinite(each)),
        evidence=birth.evidence,
        estimate=view.estimate(id) if member else None,
        own=view.own(id) if member else 0,
        measured=_measured(gathering, id) if member else None,
        usage=gathering.spent_on.get(id, Usage()),
        born_rollouts=birth.rollouts,
        born_seconds=birth.seconds,
    )


def _measured(gathering: Gathering, id: CandidateId) -> Range | None:
    view = gathering.chronicle.view
    cells = (view.cell(id, case) for case, own in zip(view.validation, view.owned(id).tolist(), strict=True) if own)
    scores = [each for each in cells if each is not None]
    return _range(mean_interval(scores)) if scores else None


def _cases(gathering: Gathering) -> tuple[CaseColumn, ...]:
    started = gathering.chronicle.started
    assert started is not None, "a result is of a run that has started"
    splits: tuple[tuple[Literal["train", "validation", "test"], Sequence[str]], ...] = (
        ("train", started.train),
        ("validation", started.validation),
        ("test", started.test),
    )
    return tuple(CaseColumn(id=case, split=split) for split, cases in splits for case in cases)


def _tries(gathering: Gathering, places: dict[CandidateId, int]) -> Tries:
    columns = gathering.columns
    return Tries(
        number=tuple(columns.number),
        candidate=tuple(places.get(each, -1) for each in columns.candidate),
        case=tuple(columns.case),
        purpose=tuple(columns.purpose),
        score=tuple(columns.score),
    )


def _course(gathering: Gathering, places: dict[CandidateId, int]) -> Course:
    last = gathering.moment()
    moments = [*gathering.moments, *([] if last is None else [last])]
    view = gathering.chronicle.view
    seed = [mean for case in view.validation if (mean := view.cell(view.seed, case)) is not None]
    return Course(
        rollouts=tuple(each.rollouts for each in moments),
        usd=tuple(each.usd for each in moments),
        seconds=tuple(each.seconds for each in moments),
        mean=tuple(each.score.mean for each in moments),
        low=tuple(_finite(each.score.low) for each in moments),
        high=tuple(_finite(each.score.high) for each in moments),
        incumbent=tuple(places[each.incumbent] for each in moments),
        seed=_range(mean_interval(seed)) if seed else None,
    )


def _front(gathering: Gathering, result: Result, places: dict[CandidateId, int]) -> Front:
    view = gathering.chronicle.view
    names = tuple(dict.fromkeys((SCORE, *(goal.figure for goal in view.goals))))
    if len(names) < 2:
        return Front()
    chosen = {each.candidate.id for each in result.front}
    tested = bool(result.front) and result.front[0].measured_on == "test"
    best = sorted(view.members, key=lambda each: -(view.estimate(each) or -math.inf))
    others = [view.seed, *(each for each in best[:_SCATTERED] if view.own(each) and each != view.seed)]
    shown = [
        *result.front,
        *(tradeoff(view, view.candidate(each), tested=tested) for each in others if each not in chosen),
    ]
    known = [each for each in shown if len(each.figures) == len(names)]
    return Front(
        figures=names,
        less=tuple(goal.figure for goal in view.goals if goal.sense is Sense.LESS),
        limits=tuple(goal.words for goal in view.goals if goal.limit is not None),
        measured_on="test" if tested else "validation",
        candidates=tuple(
            Tradeoff(
                candidate=places[each.candidate.id],
                on_front=each.candidate.id in chosen,
                figures={name: _range(figure) for name, figure in each.figures.items()},
            )
            for each in known
        ),
    )


def _tools(result: Result) -> Tools:
    seed, best = result.tools.seed, result.tools.best
    pairs = dict.fromkeys((*best.confused, *seed.confused))
    return Tools(
        seed=_rows(seed),
        best=_rows(best),
        seed_rollouts=sum(seed.known.values()) + seed.unknown,
        best_rollouts=sum(best.known.values()) + best.unknown,
        confusions=tuple(
            Confusion(called=called, should=should, seed=seed.confused.get(pair, 0), best=best.confused.get(pair, 0))
            for pair in pairs
            for called, should in (pair,)
        ),
        lines=tuple(result.tools.lines()),
    )


def _rows(evidence: ToolEvidence) -> dict[str, ToolRow]:
    names = [each.name for each in fields(ToolRow)]
    return {tool: ToolRow(**{name: getattr(row, name) for name in names}) for tool, row in evidence.tools.items()}


def _troubles(gathering: Gathering) -> Iterator[Trouble]:
    for (blame, boundary), group in sorted(gathering.groups.items(), key=lambda each: -each[1].count):
        yield Trouble(
            what=boundary,
            blame=_blamed(blame),
            message=group.message,
            count=group.count,
            cases=len(group.cases),
            rollouts=tuple(group.rollouts),
        )
    for (how, why), group in sorted(gathering.setbacks.items(), key=lambda each: -each[1].count):
        yield Trouble(
            what=f"{how}: {why}",
            blame="reflection",
            message=group.message,
            count=group.count,
            cases=0,
            rollouts=tuple(group.rollouts),
        )


def _blamed(blame: str) -> Literal["candidate", "world", "user"]:
    return "candidate" if blame == "candidate" else "world" if blame == "world" else "user"


def _unscored(gathering: Gathering) -> tuple[Unscored, ...]:
    scored = {
        case for case, score in zip(gathering.columns.case, gathering.columns.score, strict=True) if score is not None
    }
    cases = _cases(gathering)
    found = ((cases[gathering.places[case]], tries) for case, tries in gathering.unscored.items())
    return tuple(
        Unscored(case=case.id, split=case.split, tries=tries)
        for case, tries in found
        if gathering.places[case.id] not in scored
    )


def _reproduction(gathering: Gathering, result: Result, around: Surroundings) -> Reproduction:
    started = gathering.chronicle.started
    assert started is not None, "a result is of a run that has started"
    run = shlex.quote(result.run)
    tail = f" --store {shlex.quote(around.store)}" if around.store else ""
    commands = [
        (f"spanwright show {run}{tail}", "the figures of this page, in the terminal"),
        (f"spanwright diff {run}{tail}", "what changed"),
    ]
    if not result.at_hand:
        write = f"spanwright apply {run} --agent MODULE:NAME --write{tail}"
        commands.append((write, "put the winner's texts into the source"))
    if not result.complete:
        commands.insert(0, (f"spanwright resume {run}{tail}", "go on where it stopped"))
    return Reproduction(
        spanwright=version("spanwright"),
        python=platform.python_version(),
        command=around.command,
        commands=tuple(commands),
        splits={"train": len(started.train), "validation": len(started.validation), "test": len(started.test)},
        fingerprints={name: mark for name, mark in started.fingerprints.items() if not name.startswith(_OF_CASES)},
    )


def _compared(of: Comparison | None) -> Compared | None:
    if of is None:
        return None
    return Compared(seed=_range(of.seed), best=_range(of.best), difference=_range(of.difference))


def _range(of: Interval) -> Range:
    return Range(mean=of.mean, low=_finite(of.low), high=_finite(of.high), n=of.n)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _plain(budget: Budget) -> Budget:
    return replace(budget, seconds=budget.seconds.total_seconds()) if isinstance(budget.seconds, timedelta) else budget
