"""What happens when the journal fails: the run ends with that error, and nothing more is paid for."""

import pytest
from engine_trials import Terms, WrittenDown

from spanwright.core.events import Event
from spanwright.core.rollout import Rollout
from spanwright.core.trace import Trace
from spanwright.core.usage import Budget
from spanwright.errors import StoreError
from spanwright.search import Policy
from spanwright.testing.landscape import Landscape
from spanwright.testing.virtual import run_virtual

WORLD = Landscape(seed=2)
BUDGET = Budget(rollouts=120, reflections=30)


class Failing(WrittenDown):
    """Fails from the so-manieth use of one of its methods on, as a full disk does."""

    def __init__(self, method: str, left: int) -> None:
        super().__init__()
        self.method = method
        self.left = left

    def use(self, method: str) -> None:
        self.left -= method == self.method
        if self.left < 0:
            raise StoreError("the disk is full", "Free some space")

    def append(self, event: Event) -> None:
        self.use("append")
        super().append(event)

    def keep_trace(self, rollout: Rollout, trace: Trace, output: str) -> None:
        self.use("keep_trace")
        super().keep_trace(rollout, trace, output)

    async def durable(self) -> None:
        self.use("durable")


@pytest.mark.parametrize("policy", [Policy.default(), Policy.default(schedule="ordered")], ids=["steady", "ordered"])
@pytest.mark.parametrize("method", ["append", "keep_trace", "durable"])
@pytest.mark.parametrize("left", [0, 1, 2, 6])
def test_a_journal_that_fails_ends_the_run_with_its_error_and_nothing_else(policy, method, left):
    terms = Terms(world=WORLD, policy=policy, budget=BUDGET)
    often = 1 if method == "durable" else 9  # a run asks for that less often

    with pytest.raises(StoreError, match="the disk is full") as caught:
        run_virtual(terms.run(Failing(method, left * often), observers=[lambda event: None]))

    assert StoreError is caught.type


def test_a_run_whose_journal_failed_can_be_resumed():
    journal = Failing("durable", 3)
    with pytest.raises(StoreError):
        run_virtual(Terms(world=WORLD, policy=Policy.default(), budget=BUDGET).run(journal))
    resumed = run_virtual(Terms(world=WORLD, policy=Policy.default(), budget=BUDGET).run(WrittenDown(journal.writes)))

    assert resumed.ended.complete
    assert BUDGET.rollouts == len(resumed.finished)
