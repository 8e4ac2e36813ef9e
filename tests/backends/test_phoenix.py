"""A run is exported to a real Phoenix server and read back over its API."""

import asyncio

import httpx
import pytest
from backend_checks import Kept, check_candidates, check_events, check_tokens, check_tree, told_twice

from spanwright import Export, UsageError
from spanwright.telemetry import Outcome
from spanwright.telemetry.importing import from_phoenix

pytestmark = pytest.mark.backends
PROJECT = "support desk"
LANDING = 120
"""Seconds in which Phoenix, which takes spans in the background, must have taken all."""


@pytest.fixture(scope="module")
def exported(phoenix: str, export):
    return export("phoenix", {"PHOENIX_COLLECTOR_ENDPOINT": phoenix, "PHOENIX_PROJECT_NAME": PROJECT})


@pytest.fixture
async def kept(phoenix: str, exported) -> Kept:
    wanted = {rollout.trace_id for rollout in exported.rollouts}
    async with asyncio.timeout(LANDING):
        while True:
            kept = Kept([span async for span in from_phoenix(phoenix, PROJECT)])
            runs = [span for spans in kept.traces.values() for span in spans if span.name == "run"]
            if wanted <= kept.traces.keys() and runs:
                return kept
            await asyncio.sleep(0.5)


async def test_the_run_and_its_rollouts_are_there(kept: Kept, exported) -> None:
    check_tree(kept, exported)


async def test_the_tokens_of_every_rollout_are_there(kept: Kept, exported) -> None:
    check_tokens(kept, exported)


async def test_the_candidates_are_the_versions_of_the_prompts(kept: Kept, exported) -> None:
    check_candidates(kept, exported)


async def test_the_scores_are_there_as_events(kept: Kept, exported) -> None:
    check_events(kept, exported)


async def test_phoenix_has_the_scores_as_annotations(phoenix: str, kept: Kept, exported) -> None:
    roots = {rollout.trace_id[16:]: rollout for rollout in exported.rollouts[:50]}
    async with httpx.AsyncClient(base_url=phoenix, timeout=60) as backend, asyncio.timeout(LANDING):
        while True:
            asked = {"span_ids": list(roots), "limit": 1000}
            answer = await backend.get(f"/v1/projects/{PROJECT}/span_annotations", params=asked)
            data = answer.json()["data"] if answer.is_success else []
            scores = {each["span_id"]: each for each in data if each["name"] == "score"}
            if scores.keys() == roots.keys():
                break
            await asyncio.sleep(0.5)

    for id, rollout in roots.items():
        assert rollout.score.value == scores[id]["result"]["score"]
        assert (rollout.score.feedback or None) == scores[id]["result"]["explanation"]
        assert ("CODE", "spanwright") == (scores[id]["annotator_kind"], scores[id]["identifier"])


def test_nothing_was_lost_on_the_way(exported) -> None:
    assert "export to" not in exported.remarks


async def test_a_run_that_is_told_again_stays_as_it_was_first(phoenix: str) -> None:
    destination = Export.phoenix(phoenix, "twice").connect()
    for run in told_twice():
        assert Outcome.ARRIVED is destination.deliver([run]).outcome
    marker = next(told_twice("the next"))
    destination.deliver([marker])
    destination.close()

    async with asyncio.timeout(LANDING):
        found = []
        while not any(span.name == "the next" for span in found):
            await asyncio.sleep(0.5)
            try:
                found = [span async for span in from_phoenix(phoenix, "twice")]
            except UsageError:  # there is no such project until its first span has landed
                continue
    (run,) = [span for span in found if span.name == "run"]
    assert (1.0, False) == (run.ended - run.started, run.attributes["spanwright.complete"])


async def test_a_project_that_is_not_there_cannot_be_read(phoenix: str) -> None:
    with pytest.raises(UsageError, match="HTTP 404"):
        [span async for span in from_phoenix(phoenix, "no such project")]
