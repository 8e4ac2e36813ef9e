"""The task: a policy that decides step by step, measured on generated traces that it has not seen while it decides."""

import math
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from pydantic import TypeAdapter
from pydantic_evals import Case

from spanwright import Evals, Evaluated, TextTask
from spanwright.sandbox import Limits, run
from spanwright_agents.spot_scheduler import market
from spanwright_agents.spot_scheduler.market import ON_DEMAND, job

JOBS_OF_A_CASE = 10
LIMITS = Limits(seconds=8.0)

GOAL = f"""\
Write a Python policy that finishes jobs by their deadline as cheaply as possible, on spot machines ({market.SPOT} \
dollars an hour) that are not always there, and on-demand machines ({market.ON_DEMAND} dollars an hour) that always are.

`decide(hours_left, work_left, spot_there, running, overhead)` is called every {market.STEP} hours and returns "spot", \
"on_demand" or "wait". `running` is what ran in the last step, or "wait" where nothing does; a machine that is started \
anew takes `overhead` hours before it works. A missed deadline scores as if the job had cost twice its price on demand.

The score of a case is the mean saving over {JOBS_OF_A_CASE} jobs, as a part of what they cost on demand alone; \
markets are calm, changeable or scarce. Traces are random: a policy shall do well on ones that it has not seen."""

_PAID: TypeAdapter[list[float | None]] = TypeAdapter(list[float | None])

_HARNESS = """

def _measure(which, numbers):
    paid = []
    for number in numbers:
        try:
            paid.append(cost_of(job(which, number), decide))
        except ValueError:
            paid.append(None)
    return paid
"""


def evaluate(program: str, case: Case[tuple[int, int], None, None]) -> Evaluated:
    """Run a policy on the jobs of a case: a market, and where its jobs begin."""
    which, first = case.inputs
    numbers = list(range(first, first + JOBS_OF_A_CASE))
    code = f"{program}\n{Path(market.__file__).read_text(encoding='utf-8')}\n{_HARNESS}"
    paid = _PAID.validate_python(run(code, call="_measure", arguments=[which, numbers], limits=LIMITS).unwrap())
    full = [job(which, number).work * ON_DEMAND for number in numbers]
    savings = [1 - (2.0 if cost is None else cost / most) for cost, most in zip(paid, full, strict=True)]
    info: Mapping[str, object] = {
        "market": ("calm", "changeable", "scarce")[which],
        "missed deadlines": sum(each is None for each in paid),
        "savings": [round(each, 2) for each in savings],
    }
    return Evaluated(score=math.fsum(savings) / len(savings), info=info)


def cases(first: int, count: int) -> list[Case[tuple[int, int], None, None]]:
    """Return cases of all three markets, each with jobs of its own."""
    return [
        Case(name=f"market {which}, jobs {start}", inputs=(which, start))
        for start in range(first, first + count * JOBS_OF_A_CASE, JOBS_OF_A_CASE)
        for which in range(3)
    ]


task = TextTask(
    seed=files("spanwright_agents.spot_scheduler").joinpath("seed.py").read_text(encoding="utf-8"),
    evaluate=evaluate,
    cases=Evals(cases=cases(0, 2), validation=cases(1_000, 4), test=cases(2_000, 4)),
    objective=GOAL,
)
