"""The claims with their gold titles: `cases.yaml` as a pydantic-evals dataset, judged hop by hop."""

from dataclasses import dataclass
from pathlib import Path

from pydantic_evals import Case, Dataset

from spanwright import Evals
from spanwright_agents.claims.program import Trail
from spanwright_evaluators.hops import Hops

CASES = Path(__file__).with_name("cases.yaml")

JUDGE = Hops(
    summaries=("first_summary/instructions", "second_summary/instructions"),
    queries=("second_query/instructions", "third_query/instructions"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Whether the claim holds, and the wording of the template that it was made from."""

    holds: bool
    group: str


def cases() -> list[Case[str, Trail, Claim]]:
    """Load the claims."""
    return Dataset[str, Trail, Claim].from_file(CASES).cases


def claims() -> Evals[str, Trail, Claim]:
    """Return the eval set; no wording stands in two splits."""
    return Evals(cases=cases(), metric=JUDGE, group=_wording)


def _wording(case: Case[str, Trail, Claim]) -> str:
    assert case.metadata is not None
    return case.metadata.group
