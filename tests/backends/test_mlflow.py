"""A run is exported to a real MLflow server and read back over its API."""

import httpx
import pytest
from backend_checks import Kept, check_candidates, check_events, check_tokens, check_tree, told_twice

from spanwright import Export, UsageError
from spanwright.telemetry import Outcome
from spanwright.telemetry.importing import from_mlflow

pytestmark = pytest.mark.backends
EXPERIMENT = "support desk"


@pytest.fixture(scope="module")
def exported(mlflow: str, export):
    return export("mlflow", {"MLFLOW_TRACKING_URI": mlflow, "MLFLOW_EXPERIMENT_NAME": EXPERIMENT})


@pytest.fixture
async def kept(mlflow: str, exported) -> Kept:
    return Kept([span async for span in from_mlflow(mlflow, EXPERIMENT)])


async def test_the_run_and_its_rollouts_are_there(kept: Kept, exported) -> None:
    check_tree(kept, exported)


async def test_the_tokens_of_every_rollout_are_there(kept: Kept, exported) -> None:
    check_tokens(kept, exported)


async def test_the_candidates_are_the_versions_of_the_prompts(kept: Kept, exported) -> None:
    check_candidates(kept, exported)


async def test_the_scores_are_there_as_events(kept: Kept, exported) -> None:
    check_events(kept, exported)


async def test_mlflow_sums_the_tokens_and_has_the_scores_as_its_own(mlflow: str, exported) -> None:
    async with httpx.AsyncClient(base_url=mlflow, timeout=60) as backend:
        for rollout in exported.rollouts[:20]:
            answer = await backend.get(f"/api/3.0/mlflow/traces/tr-{rollout.trace_id}")
            info = answer.json()["trace"]["trace_info"]
            tokens = info["trace_metadata"]["mlflow.trace.tokenUsage"]
            assert f'"input_tokens": {rollout.usage.input_tokens}' in tokens
            given = {each["assessment_name"]: each for each in info["assessments"]}
            assert rollout.score.value == given["score"]["feedback"]["value"]
            assert rollout.score.feedback == given["score"].get("rationale", "")
            assert {"source_type": "CODE", "source_id": "spanwright"} == given["score"]["source"]


async def test_a_run_that_is_told_again_is_replaced(mlflow: str) -> None:
    destination = Export.mlflow(mlflow, "twice").connect()
    for run in told_twice():
        assert Outcome.ARRIVED is destination.deliver([run]).outcome
    destination.close()

    (run,) = [span async for span in from_mlflow(mlflow, "twice")]
    assert (2.0, True) == (run.ended - run.started, run.attributes["spanwright.complete"])


async def test_an_experiment_that_is_not_there_cannot_be_read(mlflow: str) -> None:
    with pytest.raises(UsageError, match="Could not find experiment"):
        [span async for span in from_mlflow(mlflow, "no such experiment")]
