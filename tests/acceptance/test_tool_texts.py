"""What tool texts bring over instructions alone, from degraded docs. Simulated models: mechanisms and orderings only.

Few seeds and one level, for the time it takes: `python benchmarks/tool_desk.py` does ten seeds and all levels.
"""

from collections.abc import Callable
from statistics import fmean

import pytest
from pydantic import TypeAdapter
from running import Kept, do
from tool_desk import BOTH, INSTRUCTIONS, Found, Outcome, run, trials

from spanwright_agents.tool_desk.seeds import GOOD, SWAPPED

SEEDS = range(3)
ROLLOUTS = 1_000


def done(level: str, *arms: str) -> Found:
    wanted = {each.key: each for each in trials((level,), arms, SEEDS, ROLLOUTS)}
    kept = Kept(file=None, kind=TypeAdapter(Outcome), key=lambda outcome: outcome.trial.key)
    return Found(do(wanted, run, kept))


@pytest.mark.slow
@pytest.mark.timeout(3_600)
@pytest.mark.xfail(reason="not shown yet: no run of this length was seen to win back what was lost", strict=False)
def test_tool_texts_add_to_instructions_alone(record_property: Callable[[str, object], None]) -> None:
    found = done(SWAPPED, INSTRUCTIONS, BOTH)
    alone, both = found.of(SWAPPED, INSTRUCTIONS), found.of(SWAPPED, BOTH)
    gains = [both[seed].end - alone[seed].end for seed in SEEDS]

    record_property("gains over instructions alone", ", ".join(f"{each:+.2f}" for each in gains))
    record_property("recovered", ", ".join(f"{found.recovered(each) or 0:.2f}" for each in both.values()))
    assert fmean(gains) > 0


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_good_docs_are_not_made_worse() -> None:
    changes = [each.end - each.start for each in done(GOOD, BOTH).of(GOOD, BOTH).values()]

    assert fmean(changes) > -0.02
