"""How the requests to models go, as events tell it: what was refused and failed in all, and what waits just now."""

from collections.abc import Iterator, Mapping

from spanwright.core.events import Event, Paced, RunResumed
from spanwright.core.limits import Counts

_NOTHING = Counts()


class Lanes:
    """Folds the events of one run; the counts of an event are those of its process."""

    def __init__(self) -> None:
        self.counts: Mapping[str, Counts] = {}
        """By model, of all processes; empty where all was well."""
        self._before: Mapping[str, Counts] = {}
        self._refused: Mapping[str, int] = {}
        """429s since the last time but one that it was told."""

    def apply(self, event: Event) -> None:
        """Take an event into account."""
        if isinstance(event, RunResumed):
            self._before, self._refused = self.counts, {}
        elif isinstance(event, Paced):
            known = self.counts
            told = {name: self._before.get(name, _NOTHING) + each for name, each in event.lanes.items()}
            self._refused = {name: each.refused - known.get(name, _NOTHING).refused for name, each in told.items()}
            self.counts = {**known, **told}

    def held_up(self) -> Iterator[str]:
        """Yield what makes the run wait, a line for each model that does."""
        for name, each in self.counts.items():
            refused = self._refused.get(name, 0)
            if each.down:
                yield f"{name} does not answer: one probe at a time"
            elif each.waiting or refused:
                waiting = f"{each.waiting:,} waiting" if each.waiting else ""
                lately = f"{refused:,} refused lately (429)" if refused else ""
                yield f"{name}: {', '.join(filter(None, (f'{each.limit:,} requests at once', waiting, lately)))}"
