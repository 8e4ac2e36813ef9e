"""Each step to the winner says what it did to steps and tokens."""

import pytest

from spanwright.core.measured import Measured
from spanwright.core.rollout import Blame, Failure, Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.report.chronicle import Generation
from spanwright.report.taken import Taken, Takings


def rollout(candidate: str, case: str, tokens: int | None, *, failed: bool = False, repeat: int = 0) -> Rollout:
    failure = Failure(boundary="agent", blame=Blame.CANDIDATE, message="no") if failed else None
    return Rollout(
        number=1,
        key=RolloutKey(candidate=candidate, case=case, repeat=repeat),
        purpose=Purpose.VALIDATION,
        score=Score(value=0.5),
        failure=failure,
        measured=Measured(tokens=tokens, tool_calls=1),
    )


def test_a_step_is_compared_on_the_cases_that_both_were_measured_on() -> None:
    takings = Takings()
    for each in (
        rollout("seed", "a", 100),
        rollout("seed", "b", 200),
        rollout("seed", "c", 9_000),
        rollout("child", "a", 140),
        rollout("child", "a", 160, repeat=1),
        rollout("child", "b", 250),
        rollout("child", "d", 9_000),
    ):
        takings.add(each)

    calls, tokens = takings.between("seed", "child")

    assert ("tokens", 2, 150.0, 200.0) == (tokens.figure, tokens.cases, tokens.before, tokens.after)
    assert "tool_calls" == calls.figure
    step = Generation(candidate="child", attempt=1, changed=(), takes=(calls, tokens))
    assert "tool_calls 1 -> 1, tokens 150 -> 200 on 2 cases" == step.price


def test_figures_in_thousands_are_written_out() -> None:
    taken = Taken(figure="tokens", cases=2, before=1750.4, after=12_120.0)

    assert "tokens 1,750 -> 12,120" == taken.words


@pytest.mark.parametrize(
    "other", [rollout("child", "b", 100), rollout("child", "a", None), rollout("child", "a", 9, failed=True)]
)
def test_where_nothing_is_known_of_both_nothing_is_said(other: Rollout) -> None:
    takings = Takings()
    takings.add(rollout("seed", "a", 100))
    takings.add(other)

    assert "tokens" not in [each.figure for each in takings.between("seed", "child")]
