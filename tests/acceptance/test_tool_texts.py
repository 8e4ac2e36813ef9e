"""What tool texts bring over instructions alone, from degraded docs. Simulated models: mechanisms and orderings only.

`python benchmarks/tool_desk.py` prints the same with more seeds, every level and every figure.
"""

from collections.abc import Callable
from statistics import fmean

import pytest
from pydantic import TypeAdapter
from running import Kept, do
from scipy.stats import wilcoxon
from tool_desk import BOTH, INSTRUCTIONS, TOOLS, Found, Outcome, run, trials

from spanwright_agents.tool_desk.seeds import GOOD, SWAPPED, UNDESCRIBED, UNDOCUMENTED

SEEDS = range(10)
ROLLOUTS = 2_000


def done(levels: tuple[str, ...], arms: tuple[str, ...]) -> Found:
    wanted = {each.key: each for each in trials(levels, arms, SEEDS, ROLLOUTS)}
    kept = Kept(file=None, kind=TypeAdapter(Outcome), key=lambda outcome: outcome.trial.key)
    return Found(do(wanted, run, kept))


@pytest.mark.slow
@pytest.mark.timeout(8 * 3_600)
@pytest.mark.parametrize("level", [UNDESCRIBED, UNDOCUMENTED, SWAPPED])
def test_tool_texts_add_to_instructions_alone(level: str, record_property: Callable[[str, object], None]) -> None:
    found = done((level,), (INSTRUCTIONS, TOOLS, BOTH))
    alone, both = found.of(level, INSTRUCTIONS), found.of(level, BOTH)
    gains = [both[seed].end - alone[seed].end for seed in SEEDS]

    record_property("gains over instructions alone", ", ".join(f"{each:+.2f}" for each in gains))
    record_property("recovered", ", ".join(f"{found.recovered(each) or 0:.2f}" for each in both.values()))
    assert fmean(gains) > 0
    assert _signed_rank(gains) < 0.05


@pytest.mark.slow
@pytest.mark.timeout(8 * 3_600)
def test_good_docs_are_not_made_worse() -> None:
    found = done((GOOD,), (TOOLS, BOTH))

    for arm in (TOOLS, BOTH):
        changes = [each.end - each.start for each in found.of(GOOD, arm).values()]
        assert fmean(changes) > -0.02


def _signed_rank(values: list[float]) -> float:
    return float(wilcoxon(values, alternative="greater").pvalue) if any(values) else 1.0
