"""What an earlier calibration in the same store found of the cases that a run is about to search with."""

from collections.abc import Mapping, Sequence

from spanwright.core.events import RunStarted
from spanwright.engine import CALIBRATION, Problem
from spanwright.errors import StoreError
from spanwright.report import Calibrated
from spanwright.store import Reader, RunSummary, Store

_OF_THE_SEARCH = frozenset({"policy", "components", "the agents' other texts", "guards", "values", "evidence", "goals"})
"""Fingerprints in which a search may differ from a calibration: they say what may be changed, not what is measured."""


def calibrated(store: Store, problem: Problem) -> Calibrated | None:
    """Return the latest calibration of this very agent on these very cases; None where the store holds none."""
    reader = store.reader
    for summary in reversed(_runs(reader)):
        if summary.policy != CALIBRATION:
            continue
        events = tuple(reader.events(summary.name))
        first = events[0]
        if isinstance(first, RunStarted) and _same(first, problem):
            return Calibrated.from_events(events, run=summary.name)
    return None


def _runs(reader: Reader) -> Sequence[RunSummary]:
    try:
        return reader.runs()
    except StoreError:
        return ()  # there is no file yet; what else is wrong with a store is told when the run is opened in it


def _same(calibration: RunStarted, problem: Problem) -> bool:
    """Say whether what was calibrated is what is to be searched now."""
    texts = calibration.seed.texts
    alike = all(texts.get(id) == text for id, text in problem.seed.texts.items())
    cases = tuple(case.id for case in problem.splits.validation)
    return (
        alike
        and calibration.validation == cases
        and _measured(calibration.fingerprints) == _measured(problem.fingerprints)
    )


def _measured(fingerprints: Mapping[str, str]) -> Mapping[str, str]:
    return {key: each for key, each in fingerprints.items() if key not in _OF_THE_SEARCH}
