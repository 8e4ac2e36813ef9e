"""The figures that goals name, kept beside the scores: cells with the same inheritance, and the test split apart.

Where there are no goals nothing is kept and nothing costs time.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from spanwright.core.candidate import CandidateId
from spanwright.core.goal import SCORE, Goal, Sense
from spanwright.search.arrays import Flags, Floats, Integers
from spanwright.search.cells import Cells
from spanwright.search.grid import Grid


class Figure:
    """What was measured of one figure. Cells hold it such that higher is better, so that they know who wins a case."""

    def __init__(self, sense: Sense, validation: Sequence[str], test: Sequence[str]) -> None:
        self.sign = -1.0 if sense is Sense.LESS else 1.0
        self.validation = Grid(validation)
        self.test = Grid(test)
        self.cells = Cells(len(validation))

    @property
    def means(self) -> Floats:
        """The mean figure of each member's cells, own or inherited; NaN where none is known."""
        return self.sign * self.cells.estimates


class Objectives:
    """What goals want, member by member. The score's own cells are handed in where they are needed."""

    def __init__(self, goals: Sequence[Goal] = (), validation: Sequence[str] = (), test: Sequence[str] = ()) -> None:
        self.goals = tuple(goals)
        self.limits = tuple(goal for goal in goals if goal.limit is not None)
        self.traded = tuple(goal for goal in goals if goal.figure != SCORE or goal.limit is not None)
        """The goals that are not simply that of a high score."""
        senses = {goal.figure: goal.sense for goal in reversed(self.traded) if goal.figure != SCORE}
        self.figures = {name: Figure(sense, validation, test) for name, sense in senses.items()}

    def admit(self, parent: int | None) -> None:
        """Add a member with its parent's cells."""
        for figure in self.figures.values():
            figure.cells.admit(parent)

    def adopt(self, member: int, candidate: CandidateId) -> None:
        """Take over what was measured before a member was admitted."""
        for figure in self.figures.values():
            for case, mean in figure.validation.means(candidate).items():
                figure.cells.measure(member, figure.validation.place(case), figure.sign * mean)

    def validate(self, candidate: CandidateId, member: int | None, case: str, figures: Mapping[str, float]) -> None:
        """Take the figures of a validation rollout into account."""
        for name, value in figures.items():
            figure = self.figures[name]
            mean = figure.validation.add(candidate, case, value)
            if member is not None:
                figure.cells.measure(member, figure.validation.place(case), figure.sign * mean)

    def test(self, candidate: CandidateId, case: str, figures: Mapping[str, float]) -> None:
        """Put the figures of a test rollout aside: nothing that decides looks at them."""
        for name, value in figures.items():
            self.figures[name].test.add(candidate, case, value)

    def points(self, scores: Cells) -> Floats:
        """Return a row for the score and for each goal traded against it, a column for each member; higher is better.

        Members that are not established are unknown (NaN): what a few lucky cells say is no trade-off.
        """
        rows = [scores.estimates, *(self._worth(goal, scores) for goal in self.traded)]
        return np.where(scores.established, np.stack(rows), np.nan)

    def errors(self, scores: Cells) -> Floats:
        """Return the standard error of each of these points against the member's elders, whose cells it inherits."""
        return np.stack([_error(cells) for cells in (scores, *(self._cells(goal, scores) for goal in self.traded))])

    def fronts(self) -> Sequence[Flags]:
        """Return for each figure, and each validation case (row), whether a member (column) is among the best."""
        return [figure.cells.fronts for figure in self.figures.values()]

    def excess(self, scores: Cells) -> Floats:
        """Return how far each member's means are beyond the limits, in parts of them; infinite where unknown."""
        total: Floats = np.zeros(scores.size)
        for goal in self.limits:
            total += np.nan_to_num(-self._worth(goal, scores) / scale(goal), nan=np.inf)
        return total

    def incumbent(self, scores: Cells, worth: Floats) -> int:
        """Return the established member of the greatest worth of those least beyond the limits, the earlier of equals.

        Where a limit's figure is not known of anyone, that limit cannot choose.
        """
        established = scores.established
        excess = np.where(established, self.excess(scores), np.inf)
        least = excess == excess.min(initial=np.inf)
        return int(np.where(established & least, worth, -np.inf).argmax())

    def _cells(self, goal: Goal, scores: Cells) -> Cells:
        return scores if goal.figure == SCORE else self.figures[goal.figure].cells

    def _worth(self, goal: Goal, scores: Cells) -> Floats:
        """Return how good each member's mean is for a goal, higher is better; within a limit all are equally good."""
        means = scores.estimates if goal.figure == SCORE else self.figures[goal.figure].means
        better: Floats = -means if goal.sense is Sense.LESS else means
        if goal.limit is None:
            return better
        return np.minimum(0.0, better + (goal.limit if goal.sense is Sense.LESS else -goal.limit))


def scale(goal: Goal) -> float:
    """Return in what a distance from a limit is counted, so that limits in dollars and in seconds can be added up."""
    return abs(goal.limit) if goal.limit else 1.0


def _error(cells: Cells) -> Floats:
    """Return the standard error of each estimate as far as it rests on a member's own cells.

    An estimate is the mean of all known cells, of which only the own ones differ from the parent's: a member that was
    hardly measured hardly differs, and hardly errs.
    """
    own: Integers = cells.owns
    return cells.deviation * np.sqrt(own) / np.maximum(1, cells.knowns)
