"""One long run in virtual time: memory is flat once it is warm, and a rollout costs the store so many bytes.

`make test-soak` makes 50,000 rollouts; `make test-soak ROLLOUTS=5000` fewer.
"""

import gc
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import Evaluator

from spanwright import Budget, Policy, Proposal, Reflection, Run, optimizable, optimize
from spanwright.core.events import Event, RolloutEnded
from spanwright.store import check

ROLLOUTS = int(os.environ.get("SPANWRIGHT_SOAK") or 50_000)
WARM = 0.3
"""The share of the run after which its memory is to be flat."""
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
MOST_GROWTH = 2_000
"""Bytes a rollout: the pool keeps a score, a few figures and lessons of each, and no trace."""


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_SIZE


@dataclass
class Watch:
    """Notes the memory in use every so many rollouts."""

    every: int
    seen: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        if isinstance(event, RolloutEnded) and event.rollout.number % self.every == 0:
            gc.collect()
            self.seen.append((event.rollout.number, resident()))

    @property
    def growth(self) -> float:
        """Bytes a rollout after the warm-up, by least squares: one late collection decides nothing."""
        warm = [(number, size) for number, size in self.seen if number >= WARM * ROLLOUTS]
        mean = sum(number for number, _ in warm) / len(warm)
        spread = sum((number - mean) ** 2 for number, _ in warm)
        return sum((number - mean) * size for number, size in warm) / spread


async def answer(messages, info):
    if isinstance(messages[-1].parts[-1], ToolReturnPart):
        return ModelResponse(parts=[TextPart(f"It is {len(str(info.instructions)) % 7}.")])
    return ModelResponse(parts=[ToolCallPart("look_up", {"order": str(messages[0].parts[-1].content)})])


@dataclass
class Sevenths(Evaluator[str, str, None]):
    def evaluate(self, ctx):
        return (hash(ctx.output) + len(ctx.inputs)) % 7 / 7


class Longer:
    """A reflector whose proposals are all new."""

    def __init__(self) -> None:
        self.asked = 0

    async def reflect(self, context):
        self.asked += 1
        edits = {context.components[0].id: f"Look it up, then answer the {self.asked}th way."}
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits), prompt="?" * 4_000, answer="!")


@pytest.mark.soak
async def test_memory_is_flat_after_the_warm_up_and_the_store_grows_by_so_much_a_rollout(tmp_path: Path):
    agent = optimizable(Agent(FunctionModel(answer), name="soak", instructions="Answer."))

    @agent.tool_plain
    def look_up(order: str) -> str:
        """Look an order up."""
        return f"Order {order}: " + "a lamp, paid, sent, " * 40

    cases = [Case(name=f"c{n}", inputs=f"Where is order {n}?") for n in range(400)]
    watch = Watch(max(1, ROLLOUTS // 100))
    path = tmp_path / "store.sqlite"
    result = await optimize(
        agent,
        Dataset(name="questions", cases=cases, evaluators=[Sevenths()]),
        budget=Budget(rollouts=ROLLOUTS),
        reflection_model=Longer(),
        policy=Policy.default(perfect=None),
        store=path,
        run=Run(name="soak", observers=[watch], progress=False, concurrency=64),
    )
    checked = check(path)
    first, warm, last = watch.seen[0], watch.seen[int(len(watch.seen) * WARM)], watch.seen[-1]
    sys.stdout.write(
        f"{result.rollouts} rollouts, {result.proposed} proposals: {first[1] / 1e6:.0f} MB at {first[0]}, "
        f"{warm[1] / 1e6:.0f} MB at {warm[0]}, {last[1] / 1e6:.0f} MB at {last[0]}; "
        f"after the warm-up {watch.growth:.0f} bytes a rollout; store {checked.bytes / 1e6:.1f} MB, "
        f"{checked.bytes / result.rollouts:.0f} bytes a rollout\n"
    )

    assert checked.ok
    assert watch.growth < MOST_GROWTH
