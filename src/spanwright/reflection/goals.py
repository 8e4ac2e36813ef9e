"""What a reflector is told of goals: the wishes in the prompt's goal section, and each example's own figures."""

from collections.abc import Sequence

from spanwright.core.goal import SCORE, Goal, Sense
from spanwright.core.rollout import Rollout
from spanwright.reflection.evidence import clean
from spanwright.reflection.prose import entries, filled

_DOLLARS = frozenset({"cost"})


def wanted(goals: Sequence[Goal]) -> str:
    """Return what is wanted beside the score; empty where nothing is."""
    lines = [
        f"- {clean(goal.words)}{_explained(goal)}" for goal in goals if goal.figure != SCORE or goal.limit is not None
    ]
    return filled("goals", {"goals": "\n".join(lines)}) if lines else ""


def figures(goals: Sequence[Goal], rollout: Rollout) -> str:
    """Return a rollout's figures that goals want, with what is wrong with them; empty where none is known."""
    told: dict[str, str] = {}
    for goal in goals:
        figure = rollout.figure(goal.figure)
        if figure is None or goal.figure == SCORE:
            continue
        shown = f"{clean(goal.figure)} {_shown(goal.figure, figure)}"
        if goal.excess(figure):
            side = "more" if goal.sense is Sense.LESS else "less"
            shown += f" ({side} than the {_shown(goal.figure, goal.limit or 0.0)} wanted on average)"
        if goal.figure not in told or goal.excess(figure):
            told[goal.figure] = shown
    return ", ".join(told.values())


def _explained(goal: Goal) -> str:
    said = entries("figures").get(goal.figure)
    return f": {said}" if said else ""


def _shown(name: str, figure: float) -> str:
    return f"{'$' if name in _DOLLARS else ''}{figure:.3g}"
