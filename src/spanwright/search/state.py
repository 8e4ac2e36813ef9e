"""All that a pool knows, part by part. Only `Pool` changes it; `PoolView` is how everyone else looks at it."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from spanwright.core.candidate import Candidate, CandidateId
from spanwright.core.events import Estimator, Narrowed, RunEnded, RunStarted, SearchEnded
from spanwright.core.proposal import Origin
from spanwright.core.usage import Budget, Usage
from spanwright.search.arrays import Floats
from spanwright.search.attempts import Attempts
from spanwright.search.cells import Cells
from spanwright.search.conversations import Conversations
from spanwright.search.edits import Edits
from spanwright.search.expenses import Expenses
from spanwright.search.final_scores import FinalScores
from spanwright.search.flights import Flights
from spanwright.search.grid import Grid
from spanwright.search.lessons import Lessons
from spanwright.search.objectives import Objectives
from spanwright.search.posterior import Posterior
from spanwright.search.setbacks import Setbacks
from spanwright.search.solvers import Solvers
from spanwright.search.successes import Successes
from spanwright.search.suspicions import Suspicions
from spanwright.search.tool_cases import ToolCases
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
        self.numbers: dict[tuple[CandidateId, str], int] = {}
        """The first scored rollout of a candidate on a training case."""
        self.cells = Cells(0)
        self.posterior: Posterior | None = None
        self.objectives = Objectives()
        self.flights = Flights()
        self.setbacks = Setbacks()
        self.attempts = Attempts()
        self.lessons = Lessons()
        self.edits = Edits()
        self.conversations = Conversations()
        self.twins = Twins()
        self.suspicions = Suspicions()
        self.successes = Successes()
        self.tool_cases = ToolCases()
        self.expenses = Expenses()

    def begin(self, event: RunStarted) -> None:
        """Lay out the splits."""
        self.started = event
        self.budget = event.budget
        self.usage = event.drafted
        self.attempts.reflections = event.drafted.reflections
        self.train = Grid(event.train)
        self.validation = Grid(event.validation)
        self.test = Grid(event.test)
        self.cells = Cells(len(event.validation))
        if event.estimator is Estimator.LINEAGE:
            self.posterior = Posterior(len(event.validation) + len(event.train))
        self.objectives = Objectives(event.goals, event.validation, event.test)
        self.final_scores = FinalScores(tuple(dict.fromkeys((*event.validation, *event.train))))
        self.tool_cases = ToolCases(event.components)
        self.expenses = Expenses(event.components)

    @property
    def incumbent(self) -> int:
        """The established member that is worth most under the limits that goals set, the earlier one of equals."""
        if self.objectives.limits:
            return self.objectives.incumbent(self.cells, self.worth)
        return int(np.where(self.cells.established, self.worth, -np.inf).argmax())

    @property
    def worth(self) -> Floats:
        """What each member is taken to be worth; NaN where nothing is known."""
        return self.cells.estimates if self.posterior is None else self.posterior.values

    def judge(self, member: int, case: str, score: float) -> None:
        """Let a score of a validation or training case count for what a member and its family are worth."""
        if self.posterior is not None:
            offset = 0 if case in self.validation else len(self.started.validation if self.started else ())
            grid = self.validation if case in self.validation else self.train
            self.posterior.add(member, offset + grid.place(case), score)

    def settle(self) -> None:
        """Let all scores so far count for whole families."""
        if self.posterior is not None:
            self.posterior.settle()

    def grid(self, case: str) -> Grid | None:
        """Return the grid of the split that a case belongs to; None for a case of another run."""
        for grid in (self.validation, self.train, self.test):
            if case in grid:
                return grid
        return None
