"""gepa comes to the same over HTTP as in process. That our engine does, tests/testing/worlds shows."""

import pytest

pytest.importorskip("gepa", reason="gepa is not installed: `pip install spanwright[benchmarks]`")

from contest import Contest
from gepa_arms import run_gepa
from wire import Line, gepa_over_wire, outcome

from spanwright.testing.simulated.transport import in_process
from spanwright.testing.worlds.wire import world_app


def test_gepa_ends_in_the_same_candidates_with_an_agent_behind_http_as_in_process():
    contest = Contest(family="single", seed=3, budget=60)
    wired = gepa_over_wire(Line(arm="gepa", contest=contest), in_process(world_app(contest.world())))

    assert wired.candidates > 1
    assert outcome(run_gepa("gepa", contest)) == outcome(wired)
