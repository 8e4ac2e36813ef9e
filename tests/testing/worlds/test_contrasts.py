"""A reflection model that sets a failure beside a success of the same task concludes more surely, from words alone."""

import re
from dataclasses import dataclass, replace

import anyio
import pytest

from spanwright.core.usage import Budget
from spanwright.engine import Conduct, Engine, Means
from spanwright.search import Policy
from spanwright.store import MemoryStore
from spanwright.testing.simulated.lexicon import PUBLIC
from spanwright.testing.simulated.reflecting.profile import MEDIUM, STRONG, WEAK
from spanwright.testing.virtual import run_virtual
from spanwright.testing.worlds import Sizes, make_world
from spanwright.testing.worlds.staging import Latency, Stage

SERVINGS = 400
SMALL = Sizes(train=9, validation=12, test=10)
TASK = "Request 12345: send a parcel (amount $3.00)."
CENTS = "Request 12345, send_parcel, amount: '3.00' is wrong. Amounts are in cents, e.g. $12.50 is 1250."


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One try in the prompt."""

    task: str = TASK
    heard: str = ""
    """What the user of its steps says; the task unless given."""
    score: float = 1.0
    tool: str = "send_parcel"
    amount: str = "300"
    result: str = "result: done."
    feedback: str = "(none)"

    def under(self, heading: str) -> str:
        return (
            f"## {heading}: score {self.score:g}\n<evidence-1>\ninput: {self.task}\n"
            f"steps:\n  user: {self.heard or self.task}\n"
            f'  call {self.tool}: {{"amount": "{self.amount}"}}\n  {self.result}\n'
            f"output: The request is served.\nfeedback: {self.feedback}\n</evidence-1>\n"
        )


FAILURE = Tried(score=0, amount="3.00", feedback=CENTS)
SUCCESS = Tried()


def prompt(*tries: Tried) -> str:
    records = "\n".join(each.under(f"Example 1, try {number}") for number, each in enumerate(tries, start=1))
    return (
        "# Texts that you may edit\n## `clerk/tool:send_parcel`: tool description\nCurrent text:\n"
        f"```text-1\nSend a parcel.\n```\n\n# What happened\n{records}\n"
        '# Your answer\n\n<edit component="the id" why="the reason">\nthe new text\n</edit>'
    )


def answers(text: str, *, contrasts: bool) -> list[str]:
    """Return what the reflection model answers, asked again and again."""
    world = make_world("rules", 200, sizes=SMALL, profile=replace(MEDIUM, contrasts=contrasts))
    return [world.reflect(text, serving) for serving in range(SERVINGS)]


def right(text: str, *, contrasts: bool) -> float:
    """Return how often the new text states the rule that was broken."""
    new = (re.search(r"<edit [^>]*>(.*?)</edit>", each, re.DOTALL) for each in answers(text, contrasts=contrasts))
    said = [PUBLIC.read(each[1]) if each else () for each in new]
    return sum(any(each.kind == "unit" and each.slot("unit") == "minor" for each in new) for new in said) / SERVINGS


def test_a_success_beside_a_failure_leads_to_the_right_conclusion_more_often() -> None:
    both = prompt(FAILURE, SUCCESS)

    assert right(both, contrasts=True) > right(both, contrasts=False) + 0.1


def test_without_contrasts_a_success_beside_a_failure_adds_nothing() -> None:
    alone, both = (right(prompt(*tries), contrasts=False) for tries in ((FAILURE,), (FAILURE, SUCCESS)))

    assert not any(each.contrasts for each in (WEAK, MEDIUM, STRONG))
    assert alone == pytest.approx(both, abs=0.06)


@pytest.mark.parametrize(
    "beside",
    [
        replace(SUCCESS, task="Request 54321: send a parcel (amount $3.00)."),
        replace(SUCCESS, heard="Request 54321: send a parcel (amount $3.00)."),
        replace(SUCCESS, score=0),
        replace(FAILURE, score=0.5),
        replace(FAILURE, score=0.5, feedback="Request 12345, send_parcel, amount: '2.99' is wrong."),
        replace(SUCCESS, score=0.5, feedback="Request 12345, send_parcel: was refused."),
        replace(SUCCESS, score=0.5, result="asked to retry: Refused, amount: give the amount."),
        replace(SUCCESS, tool="send_letter"),
    ],
    ids=[
        "a success of another task",
        "a success with the steps of another task",
        "a try that scored no higher",
        "a better try with the same complaint",
        "a better try with a complaint of the same argument",
        "a better try in which the tool refused, by the feedback",
        "a better try in which the tool refused, by its steps",
        "a success that never called the tool",
    ],
)
def test_nothing_is_concluded_from(beside: Tried) -> None:
    text = prompt(FAILURE, beside)

    assert answers(text, contrasts=True) == answers(text, contrasts=False)


def test_a_better_try_with_another_complaint_still_shows_what_it_did_well() -> None:
    better = replace(SUCCESS, score=0.5, feedback="Request 12345, send_parcel, reason: 'x' is wrong.")
    text = prompt(FAILURE, better)

    assert right(text, contrasts=True) > right(text, contrasts=False) + 0.1


async def _pool(stage: Stage) -> tuple[str, ...]:
    async with MemoryStore().run("world") as journal:
        means = Means(journal=journal, recorder=stage.recorder, clock=anyio.current_time)
        conduct = Conduct(run="world", budget=Budget(rollouts=500), concurrency=16)
        ended = await Engine(stage.problem, Policy.default(seed=1), means, conduct).run()
        return tuple(ended.pool.members)


def test_the_contrasts_of_a_whole_run_are_read() -> None:
    with_them, without = (
        run_virtual(_pool(Stage(make_world("rules", 200, sizes=SMALL, profile=profile), latency=Latency())))
        for profile in (replace(MEDIUM, contrasts=True), MEDIUM)
    )

    assert with_them != without
