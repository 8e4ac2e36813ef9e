"""The worked examples of `spanwright text`: each gets better offline, and the figure is recomputed by other means."""

import json
import math
import re
from collections.abc import Mapping

import pytest
from pydantic_evals import Case

from spanwright import Budget, CandidateFailed, Policy, Result, Run, TextTask
from spanwright.api import Ways, optimize_task
from spanwright.sandbox import Refused
from spanwright.testing.simulated.coder import CODER, Coder
from spanwright.testing.simulated.coder.methods import methods
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process, simulated_model
from spanwright_agents import agent_program, black_box, broadcast, cache_config, circle_packing, spot_scheduler
from spanwright_agents.agent_program.check import checked, worked_out
from spanwright_agents.agent_program.problems import problems
from spanwright_agents.agent_program.task import PROBLEMS, complete, solver
from spanwright_agents.black_box.functions import FUNCTIONS
from spanwright_agents.broadcast import network
from spanwright_agents.broadcast.task import JOBS
from spanwright_agents.cache_config.service import Config, requests, served
from spanwright_agents.cache_config.task import DAYS
from spanwright_agents.circle_packing.check import exact_sum
from spanwright_agents.spot_scheduler import market
from spanwright_agents.spot_scheduler.seed import decide


async def improved(task: TextTask, rollouts: int) -> Result:
    """Let the simulated coder work on a task, over the wire that a real model has."""
    provider = in_process(simulated_app({CODER: Coder()}, salt="0"))
    ways = Ways(
        budget=Budget(rollouts=rollouts),
        reflection_model=simulated_model(CODER, provider),
        policy=Policy.default(schedule="ordered"),
        store=":memory:",
        run=Run(concurrency=2, progress=False),
    )
    result = await optimize_task(task, ways)
    assert result.complete
    assert result.rollouts <= rollouts
    return result


def method(about: str, place: int) -> str:
    """Return a program as the coder would begin with."""
    known = [each for each in methods() if about in each.about]
    return known[place].filled(known[place].first)


@pytest.mark.parametrize(
    "task", [each.task for each in (agent_program, black_box, broadcast, cache_config, circle_packing, spot_scheduler)]
)
def test_the_coder_knows_methods_for_each_task_and_reads_its_own_texts(task: TextTask) -> None:
    known = [each for each in methods() if all(word in task.objective.casefold() for word in each.about)]

    assert known
    assert 1 == len({each.about for each in known})
    assert all(dict(each.first) == each.read(each.filled(each.first)) for each in known)


async def test_a_configuration_gets_near_the_best_of_a_grid() -> None:
    result = await improved(cache_config.task, 240)

    config = Config.model_validate(json.loads(result.best_text))
    bills = [served(config, requests(day)).total for day in DAYS.values()]
    assert result.validation is not None
    assert math.isclose(-result.validation.best.mean, math.fsum(bills) / len(bills))
    assert math.fsum(bills) / len(bills) < 3 * cache_config.BEST_KNOWN < -result.validation.seed.mean / 2


@pytest.mark.parametrize(
    "text", ["{", '{"workers": 0, "queue": 1, "cache_entries": 1, "cache_seconds": 1}', "workers: 3"]
)
def test_a_configuration_that_the_service_refuses_is_the_texts_fault(text: str) -> None:
    with pytest.raises(CandidateFailed):
        cache_config.evaluate(text, 0)


@pytest.mark.sandbox
async def test_a_router_gets_near_the_least_cost() -> None:
    result = await improved(broadcast.task, 50)

    least = {case: network.least_cost(network.broadcast(number)) for case, number in JOBS.items()}
    for each in result.best_of_cases:
        links = [tuple(link) for link in json.loads(each.output)]
        assert math.isclose(-each.score, network.cost_of(network.broadcast(JOBS[each.case]), links))
        assert -each.score >= least[each.case] - 1e-9
    assert result.validation is not None
    assert -result.validation.best.mean < 1.3 * math.fsum(least.values()) / len(least)
    assert -result.validation.seed.mean > 1.8 * math.fsum(least.values()) / len(least)


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("body", "said"),
    [("return []", "does not reach"), ("return [['a', 'b']]", "no link a -> b"), ("return 3", "no list")],
)
def test_routes_that_do_not_hold_are_the_programs_fault(body: str, said: str) -> None:
    with pytest.raises(CandidateFailed, match=said):
        broadcast.evaluate(f"def route(links, source, targets):\n    {body}", 0)


def test_no_policy_pays_less_than_hindsight() -> None:
    for which in range(3):
        for number in range(4):
            job = market.job(which, number)
            always = market.cost_of(job, lambda *_: "on_demand")
            assert market.hindsight(job) <= market.cost_of(job, decide) + 1e-9
            assert market.hindsight(job) <= always + 1e-9


@pytest.mark.sandbox
def test_a_policy_that_misses_deadlines_pays_double() -> None:
    case = Case(name="one", inputs=(2, 0))

    evaluated = spot_scheduler.evaluate("def decide(*_): return 'wait'", case)

    assert -1.0 == evaluated.score
    assert 10 == evaluated.info["missed deadlines"]


@pytest.mark.sandbox
def test_a_packing_is_checked_twice_and_by_exact_arithmetic() -> None:
    seed = circle_packing.evaluate(circle_packing.task.seed)
    rows = circle_packing.evaluate(method("circle", 0))

    assert math.isclose(0.98, seed.score, abs_tol=0.001)
    assert math.isclose(rows.score, float(exact_sum(rows.output, 26)), abs_tol=1e-12)


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("circles", "said"),
    [
        ("[[0.5, 0.5, 0.6]] * n", "leaves the square"),
        ("[[0.5, 0.5, 0.1]] * n", "overlap"),
        ("[[0.5, 0.5]] * n", r"not \[x, y, radius\]"),
        ("[[0.5, 0.5, float('nan')]] * n", r"not \[x, y, radius\]"),
        ("[]", "not a list of 26"),
    ],
)
def test_a_packing_that_is_none_scores_nothing_and_is_told_why(circles: str, said: str) -> None:
    score = circle_packing.evaluate(f"def pack(n): return {circles}").score

    assert 0.0 == score.value
    assert re.search(said, score.feedback)
    with pytest.raises(ValueError, match="overlaps"):
        exact_sum([[0.5, 0.5, 0.1]] * 26, 26)


@pytest.mark.sandbox
def test_a_minimizer_is_judged_by_the_points_that_it_asked() -> None:
    corner = "def minimize(ask, dimensions, low, high, budget, seed):\n    ask([low] * dimensions)\n    return -1e9"

    evaluated = black_box.evaluate(corner, "himmelblau")

    function = FUNCTIONS["himmelblau"]
    gap = function.value([function.low] * 2) - function.minimum
    assert math.isclose(-math.log10(gap), float(evaluated.score))
    with pytest.raises(CandidateFailed, match="budget of values"):
        black_box.evaluate(corner.replace("    ask(", "    while True: ask("), "branin")
    with pytest.raises(CandidateFailed, match="asked for no value"):
        black_box.evaluate(corner.replace("ask([low] * dimensions)", "pass"), "branin")


MINIMA: Mapping[str, tuple[float, ...]] = {
    "sphere": (1.3,) * 5,
    "rosenbrock": (1.0,) * 4,
    "rastrigin": (0.7,) * 3,
    "ackley": (-2.1,) * 4,
    "griewank": (11.0,) * 3,
    "styblinski-tang": (-2.903534027771178,) * 3,
    "branin": ((9.42477796076938 + 5) / 15, 2.475 / 15),
    "himmelblau": (3.0, 2.0),
    "six-hump camel": (0.0898420131, -0.7126564032),
    "levy": (1.0,) * 4,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_known_minima_are_where_the_literature_has_them(name: str) -> None:
    function = FUNCTIONS[name]

    assert math.isclose(function.minimum, function.value(MINIMA[name]), abs_tol=1e-6)
    assert all(function.low <= each <= function.high for each in MINIMA[name])


def test_the_problems_have_the_answers_that_another_reading_gives() -> None:
    for each in (*PROBLEMS, *problems("unseen", 200)):
        assert each.answer == worked_out(each.question)


@pytest.mark.parametrize("chat", ["hello", [{"role": "user"}], [], [{"role": "assistant", "content": "yes"}]])
async def test_a_program_that_asks_for_no_chat_is_refused(chat: object) -> None:
    with pytest.raises(Refused):
        await complete(solver(), chat)


async def test_the_solver_is_surer_on_paper_than_in_its_head_and_slips_anew_each_time() -> None:
    model, ask = solver(), {"role": "user", "content": PROBLEMS[0].question}
    bare, paper = ({"role": "system", "content": text} for text in ("Only the number.", "Think step by step."))

    said = {str(way["content"]): [await complete(model, [way, ask]) for _ in range(40)] for way in (bare, paper)}

    right = {
        way: sum(each.rstrip(".").endswith(f"{PROBLEMS[0].answer}") for each in told) for way, told in said.items()
    }
    assert 0 < right["Only the number."] < right["Think step by step."] < 40
    assert len(set(said["Only the number."])) > 1


@pytest.mark.sandbox
async def test_a_program_that_breaks_or_asks_too_much_is_to_blame() -> None:
    seed = agent_program.task.seed

    with pytest.raises(CandidateFailed, match="every question failed, the first with KeyError"):
        await agent_program.evaluate(seed.replace("    return (", "    return {}[0] or ("))
    with pytest.raises(CandidateFailed, match="more than 400 times"):
        await agent_program.evaluate(
            seed.replace("    return (", "    while await agent.run(question): pass\n    return (")
        )
    with pytest.raises(CandidateFailed, match="'answer' is not defined"):
        await agent_program.evaluate(seed.replace("async def answer", "async def reply"))


@pytest.mark.slow
async def test_a_program_of_agents_beats_its_seed_and_another_reading_says_so_too() -> None:
    result = await improved(agent_program.task, 12)

    assert result.validation is not None
    assert result.validation.best.mean > result.validation.seed.mean + 0.1
    assert math.isclose(result.validation.best.mean, await checked(result.best_text, PROBLEMS))
    assert result.best_validation is not None
    assert await checked(result.best_text, problems("unseen", 100)) > result.validation.seed.mean


@pytest.mark.slow
async def test_circles_come_from_below_one_to_above_two_and_a_half() -> None:
    result = await improved(circle_packing.task, 30)

    (best,) = result.best_of_cases
    assert float(exact_sum(json.loads(best.output), 26)) > 2.5
    assert result.seed_validation is not None
    assert result.seed_validation < 1


@pytest.mark.slow
@pytest.mark.parametrize("task", [black_box.task, spot_scheduler.task])
async def test_programs_get_better_on_what_they_are_measured_by(task: TextTask) -> None:
    result = await improved(task, 150)

    compared = result.test or result.validation
    assert compared is not None
    assert compared.best.mean > compared.seed.mean
