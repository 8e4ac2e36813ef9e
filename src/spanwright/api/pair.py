"""What a transfer begins with: seed and winner of a run, as its Result or the store knows them, and its own evals."""

from collections.abc import Mapping
from dataclasses import dataclass

from spanwright.api.preparing import Prepared
from spanwright.core.candidate import Candidate, Component
from spanwright.core.events import RunStarted
from spanwright.errors import UsageError
from spanwright.report import Comparison, Result
from spanwright.store import SqliteStore, Store, compare

_NOT_COMPARED = ("case:", "model of ", "policy", "evidence", "goals", "guards", "values")
"""Fingerprints of a run that may differ: of cases only the test split's count, and other models are the point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What is to be tried elsewhere."""

    run: str
    seed: Candidate
    winner: Candidate
    components: tuple[Component, ...]
    at_home: Comparison | None
    started: RunStarted | None
    """None where the store does not know the run: then the evals are taken on trust."""


def pair_of(source: Result | str, store: Store) -> Pair:
    """Return seed and winner of a run. Raises UsageError where there is nothing to compare."""
    if not isinstance(source, str | Result):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(f"{source!r} is {type(source).__name__}, and no run", "Give a Result, or the name of a run")
    name = source if isinstance(source, str) else source.run
    events = tuple(store.reader.events(name)) if isinstance(source, str) or is_kept(store, name) else ()
    result = source if isinstance(source, Result) else Result.from_events(events)
    if not result.complete:
        raise UsageError(f"run {name!r} has no winner yet", f"Let it end first: spanwright resume {name}")
    if result.best == result.seed:
        raise UsageError(f"the winner of run {name!r} is its seed", "There is no gain that could be carried over")
    chosen = [component.id for component in result.components if component.id.endswith("/setting:model")]
    if chosen:
        raise UsageError(
            f"run {name!r} chose the model itself ({', '.join(chosen)})",
            "Optimize texts for one model, and transfer them",
        )
    return Pair(
        run=name,
        seed=result.seed,
        winner=result.best,
        components=result.components,
        at_home=result.test,
        started=next((each for each in events if isinstance(each, RunStarted)), None),
    )


def is_kept(store: Store, run: str) -> bool:
    """Return whether a store knows a run; one that is not there yet knows none."""
    if isinstance(store, SqliteStore) and not store.path.is_file():
        return False
    return any(each.name == run for each in store.reader.runs())


def check_same_cases(pair: Pair, prepared: Prepared) -> None:
    """Raise UsageError where seed and winner would be measured with something else than in their run."""
    problem = prepared.problem
    if not problem.splits.test:
        raise UsageError(f"run {pair.run!r} has no test split", "Give Evals(test=...), or more cases to split")
    started = pair.started
    if started is None:
        return
    known = {id: f"case:{id}" for id in started.test}
    differences = list(compare(_compared(started.fingerprints, known), _compared(problem.fingerprints, known)))
    if not differences and {case.id for case in problem.splits.test} != set(started.test):
        differences.append("other cases fall into the test split")
    if differences:
        raise UsageError(
            f"seed and winner of run {pair.run!r} were measured with something else: {'; '.join(differences)}",
            "Give the agent, the evals and the objective of the run",
        )


def _compared(fingerprints: Mapping[str, str], test: Mapping[str, str]) -> Mapping[str, str]:
    """Return the fingerprints that have to be equal."""
    wanted = set(test.values())
    return {key: each for key, each in fingerprints.items() if key in wanted or not key.startswith(_NOT_COMPARED)}
