"""What the seed's own scores say about an eval set: said while a run goes on and in its result, never silently."""

from collections.abc import Iterable

from spanwright.report import figures
from spanwright.search import PoolView

_ENOUGH = 8
"""Cases of the seed before anything is concluded from their being equal."""


def of_seed(view: PoolView) -> Iterable[str]:
    """Yield what is odd about the seed's validation scores: all at the best score, or all the same."""
    if set(view.train) & set(view.validation):
        return  # problems at hand: of their scale nothing is known, and one alone is always the same as itself
    scores = [mean for case in view.validation if (mean := view.mean(view.seed, case)) is not None]
    if len(scores) < min(_ENOUGH, len(view.validation)) or not scores or len(set(scores)) > 1:
        return
    if view.incumbent != view.seed and any(
        view.mean(view.incumbent, case) not in (None, scores[0]) for case in view.validation
    ):
        return  # another text scores otherwise, so neither is the case
    told = f"the seed scored {figures.score(scores[0])} on each of {figures.number(len(scores), 'validation case')}"
    if scores[0] == 1.0:
        yield f"{told}: at the ceiling there is nothing to gain; harder cases or a finer metric would show more"
    else:
        yield f"{told}: if that is not so, the metric is constant and nothing can be learned by it"
