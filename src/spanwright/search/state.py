"""All that a pool knows, part by part. Only `Pool` changes it; `PoolView` is how everyone else looks at it."""

import math
from collections import Counter
from dataclasses import dataclass

from spanwright.core.candidate import Candidate, CandidateId
from spanwright.core.events import Narrowed, RunEnded, RunStarted, SearchEnded
from spanwright.core.proposal import Origin
from spanwright.core.usage import Budget, Usage
from spanwright.search.attempts import Attempts
from spanwright.search.cells import Cells
from spanwright.search.conversations import Conversations
from spanwright.search.edits import Edits
from spanwright.search.final_scores import FinalScores
from spanwright.search.flights import Flights
from spanwright.search.grid import Grid
from spanwright.search.lessons import Lessons
from spanwright.search.objectives import Objectives
from spanwright.search.solvers import Solvers
from spanwright.search.successes import Successes
from spanwright.search.suspicions import Suspicions
from spanwright.search.twins import Twins


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A candidate that was admitted to the pool."""

    candidate: Candidate
    parents: tuple[CandidateId, ...]
    """The first is the one that was edited and whose cells are inherited; the seed has none."""
    attempt: int | None
    """The attempt that made it; None for the seed."""
    order: int
    """Counts the members in the order of their admission; the seed is 0."""
    origin: Origin


class State:
    """The parts, empty before the run has started."""

    def __init__(self) -> None:
        self.started: RunStarted | None = None
        self.search_ended: SearchEnded | None = None
        self.narrowed: Narrowed | None = None
        self.run_ended: RunEnded | None = None
        self.budget = Budget()
        self.usage = Usage()
        self.finals = 0
        self.final_scores = FinalScores(())
        self.lowest = math.inf
        self.highest = -math.inf
        self.solvers = Solvers()
        self.origins: Counter[Origin] = Counter()
        self.children: Counter[CandidateId] = Counter()
        self.order: list[CandidateId] = []
        self.members: dict[CandidateId, Member] = {}
        self.judged: dict[CandidateId, Candidate] = {}
        self.train = Grid(())
        self.validation = Grid(())
        self.test = Grid(())
        self.cells = Cells(0)
        self.objectives = Objectives()
        self.flights = Flights()
        self.attempts = Attempts()
        self.lessons = Lessons()
        self.edits = Edits()
        self.conversations = Conversations()
        self.twins = Twins()
        self.suspicions = Suspicions()
        self.successes = Successes()

    def begin(self, event: RunStarted) -> None:
        """Lay out the splits."""
        self.started = event
        self.budget = event.budget
        self.train = Grid(event.train)
        self.validation = Grid(event.validation)
        self.test = Grid(event.test)
        self.cells = Cells(len(event.validation))
        self.objectives = Objectives(event.goals, event.validation, event.test)
        self.final_scores = FinalScores((*event.validation, *event.train))

    @property
    def incumbent(self) -> int:
        """The established member with the best estimate under the limits that goals set."""
        return self.objectives.incumbent(self.cells) if self.objectives.limits else self.cells.incumbent

    def grid(self, case: str) -> Grid | None:
        """Return the grid of the split that a case belongs to; None for a case of another run."""
        for grid in (self.validation, self.train, self.test):
            if case in grid:
                return grid
        return None
