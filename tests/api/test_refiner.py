"""A refiner inside the evaluation: the best of its tries counts, and everything that it takes is counted."""

import multiprocessing
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelResponse
from pydantic_ai.models.function import FunctionModel
from pydantic_evals import Case
from refiner_world import (
    WHOLE_WAY,
    Mender,
    handed_in,
    logged,
    number,
    off,
    prompt_of,
    reflecting,
    saying,
    task,
    unmodelled,
)

from spanwright import (
    Budget,
    Earlier,
    Evals,
    Evaluated,
    Guard,
    MemoryStore,
    Policy,
    Processes,
    Refiner,
    Run,
    SqliteStore,
    Trial,
    UsageError,
    UserBug,
    WorldFailed,
    optimize_text,
)
from spanwright.api.texts import Ways, optimize_task
from spanwright.core.events import RolloutEnded
from spanwright.core.refiner import REFINER, REFINER_PROMPT
from spanwright.testing.virtual import run_virtual


def options(refiner: Refiner | None, **given: Any) -> dict[str, Any]:
    return {
        "trial": Trial(refiner=refiner),
        "reflection_model": FunctionModel(reflecting),
        "store": MemoryStore(),
        "run": Run(name="refined", progress=False),
        "budget": Budget(rollouts=12, reflections=12),
        "policy": Policy.default(schedule="ordered"),
        **given,
    }


def rollouts(given: dict[str, Any]) -> list[Any]:
    """Return the rollouts of a run that was kept in memory."""
    events = given["store"].reader.events("refined")
    return [each.rollout for each in events if isinstance(each, RolloutEnded)]


async def test_the_refiner_s_prompt_evolves_with_the_text_and_both_are_what_wins() -> None:
    mender = Mender()
    seen: Counter[str] = Counter()

    def evaluate(text: str) -> Evaluated:
        seen[text] += 1
        return off(text)

    result = await optimize_text("x = 0", evaluate, **options(Refiner(model=mender.model)))

    assert f"Mend what is off. {WHOLE_WAY}" == result.best.texts[REFINER_PROMPT]
    assert number(result.best_text) < 15, "the text alone is far from the goal"
    assert 0.0 == result.best_of_cases[0].score
    assert "x = 20" == result.best_of_cases[0].output
    assert any(prompt.startswith("You mend texts right after") for prompt in mender.prompts)
    assert any(prompt.startswith(f"Mend what is off. {WHOLE_WAY}") for prompt in mender.prompts)
    assert seen.total() <= 2 * result.rollouts
    assert f"+Mend what is off. {WHOLE_WAY}" in result.diff()


async def test_what_the_refiner_takes_is_charged_and_told_apart() -> None:
    mender = Mender()
    given = options(Refiner(model=mender.model))

    result = await optimize_text("x = 0", off, **given)

    assert len(mender.prompts) == result.spending["refiner"].requests == result.rollouts
    assert sum(each.requests for each in result.spending.values()) == result.usage.requests
    assert sum(each.tokens for each in result.spending.values()) == result.usage.tokens
    assert result.spending["refiner"].tokens > 0 == result.spending["validation"].tokens
    assert all(each.refining.requests == 1 == each.usage.requests for each in rollouts(given))
    assert "refiner" in str(result)
    assert any("at most 2 evaluations, 24 in all" in remark for remark in result.remarks)


async def test_a_limit_of_requests_holds_for_the_refiner_too() -> None:
    mender = Mender()
    run = Run(name="refined", progress=False, concurrency=2)
    budget = Budget(requests=15)

    result = await optimize_text(
        "x = 0", off, cases=None, **options(Refiner(model=mender.model), budget=budget, run=run)
    )

    assert 0 < len(mender.prompts) <= result.usage.requests <= 15 + 2 * 2 + 2


async def test_a_fixed_prompt_is_no_text_of_the_run() -> None:
    mender = Mender()
    refiner = Refiner(model=mender.model, prompt=WHOLE_WAY, evolve=False)

    result = await optimize_text("x = 0", off, **options(refiner))

    assert {"text"} == set(result.best.texts)
    assert all(prompt.startswith(WHOLE_WAY) for prompt in mender.prompts)
    assert result.best_text


async def test_a_refined_text_that_is_worse_or_breaks_costs_its_try_and_no_more() -> None:
    for worse, told in (("x = -50", "score -70"), ("no number", "it failed")):
        given = options(Refiner(model=Mender(lambda _, worse=worse: handed_in(text=worse)).model))

        result = await optimize_text("x = 0", off, **given)

        first = rollouts(given)[0]
        assert result.complete
        assert -20 == first.score.value
        assert first.failure is None
        assert "As it stands: score -20, which counts\noff by: 20" in first.score.feedback
        assert f"In text:\n- x = 0\n+ {worse}" in first.score.feedback
        assert f"As the refiner rewrote it: {told}\n" in first.score.feedback


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (saying(""), "empty answer"),
        (saying("I'm sorry, I can't help with that."), "model declined"),
        (saying("{{{ \x00 <edit"), "malformed answer"),
        (lambda _: handed_in(text="x = 0"), "nothing changed"),
        (lambda _: handed_in(refiner_prompt="Obey."), "wrong component"),
        (lambda _: handed_in(text="Ignore all that.\n" * 9_000), "text too long"),
        (lambda _: ModelResponse(parts=[]), "empty answer"),
    ],
)
async def test_a_refiner_that_says_nothing_of_use_leaves_the_score_as_it_was(answer: Any, note: str) -> None:
    given = options(Refiner(model=Mender(answer).model), budget=Budget(rollouts=3, reflections=3))

    await optimize_text("x = 0", off, **given)

    first = rollouts(given)[0]
    assert -20 == first.score.value
    assert first.failure is None
    assert f"The refiner gave no other texts: {note}" in first.score.feedback


async def test_a_request_that_the_refiner_s_provider_refuses_for_good_costs_the_try() -> None:
    def refused(prompt: str) -> ModelResponse:
        if len(mender.prompts) > 1:
            raise ModelHTTPError(400, "mender", body={"message": "content policy"})
        return handed_in(text="x = 1")

    mender = Mender(refused)
    given = options(Refiner(model=mender.model), budget=Budget(rollouts=5, reflections=5))

    result = await optimize_text("x = 0", off, **given)

    assert result.complete
    assert all(each.failure is None for each in rollouts(given))


async def test_a_refiner_with_a_wrong_key_stops_the_run() -> None:
    def locked(prompt: str) -> ModelResponse:
        raise ModelHTTPError(401, "mender", body={"message": "no such key"})

    with pytest.raises(UserBug, match="no such key"):
        await optimize_text("x = 0", off, **options(Refiner(model=Mender(locked).model)))


def test_an_outage_of_the_refiner_s_model_is_the_world_s_and_no_evaluation_is_paid_for_twice() -> None:
    seen: Counter[str] = Counter()
    given = options(Refiner(model=None), budget=Budget(rollouts=4, reflections=4))

    def down_at_first(prompt: str) -> ModelResponse:
        if len(mender.prompts) <= 9:
            raise ModelHTTPError(503, "mender", body={"message": "busy"})
        return handed_in(text="x = 3")

    mender = Mender(down_at_first)
    given["trial"] = Trial(refiner=Refiner(model=mender.model))

    async def evaluate(text: str) -> Evaluated:
        seen[text] += 1
        return off(text)

    result = run_virtual(optimize_text("x = 0", evaluate, **given))

    first = rollouts(given)[0]
    assert -17 == first.score.value
    assert seen["x = 0"] == sum(each.key.candidate == result.seed.id for each in rollouts(given))
    assert result.complete


async def test_an_evaluation_that_the_world_fails_is_the_world_s_whichever_try_it_was() -> None:
    failed = False

    def evaluate(text: str) -> Evaluated:
        nonlocal failed
        if text == "x = 1" and not failed:
            failed = True
            raise WorldFailed("simulator", "no licence left")
        return off(text)

    given = options(Refiner(model=Mender().model), budget=Budget(rollouts=3, reflections=1))
    await optimize_text("x = 0", evaluate, **given)

    assert failed
    assert -19 == rollouts(given)[0].score.value


async def test_a_broken_text_that_is_mended_counts_as_mended_and_one_that_is_not_has_failed() -> None:
    def evaluate(text: str, case: int) -> Evaluated:
        if not text.startswith("x"):
            raise ValueError(f"{text!r} does not begin with x")
        return off(text, case)

    def again(messages: Any, info: Any) -> ModelResponse:
        return handed_in(text=f"y = {len(prompt_of(messages, info))}")

    mended = Refiner(model=Mender(lambda _: handed_in(text="x = 7")).model)
    given = options(mended, cases=[20, 20, 20], reflection_model=FunctionModel(again))
    result = await optimize_text("y = 0", evaluate, **given)
    assert -13 == rollouts(given)[0].score.value
    assert "As it stands: it failed\nValueError" in rollouts(given)[0].score.feedback
    assert result.complete

    useless = Trial(refiner=Refiner(model=Mender(saying("no")).model))
    with pytest.raises(UserBug, match="does not begin with x"):
        await optimize_text("y = 0", evaluate, **{**given, "store": MemoryStore(), "trial": useless})


async def test_an_evaluate_that_always_fails_is_its_author_s_bug_with_a_refiner_and_one_case_too() -> None:
    def evaluate(text: str) -> float:
        raise KeyError("nowhere")

    given = options(Refiner(model=Mender(lambda _: handed_in(text="x = 7")).model), budget=Budget(rollouts=50))
    with pytest.raises(UserBug, match="KeyError: 'nowhere'"):
        await optimize_text("x = 0", evaluate, **given)

    assert len(rollouts(given)) < 10


async def test_several_rewrites_build_on_the_best_and_are_told_what_did_not_help() -> None:
    tries = iter(["x = 10", "x = -9", "x = 15", "x = 15"])
    mender = Mender(lambda _: handed_in(text=next(tries, "x = 15")))
    given = options(Refiner(model=mender.model, most=4), budget=Budget(rollouts=3, reflections=1))

    await optimize_text("x = 0", off, **given)

    first = rollouts(given)[0]
    assert -5 == first.score.value
    assert 4 == first.refining.requests
    assert "The refiner gave no other texts: nothing changed" in first.score.feedback
    assert "no better on this case: score -20, the current texts: score -10" in mender.prompts[1]
    assert "no better on this case: score -29, the current texts: score -10" in mender.prompts[2]
    assert "off by: 10" in mender.prompts[1]


async def test_no_evaluation_sees_the_refiner_s_prompt_and_guards_hold_for_what_it_writes() -> None:
    shown: list[set[str]] = []

    def evaluate(texts: dict[str, str], *, earlier: tuple[Earlier, ...] = ()) -> Evaluated:
        shown.extend([set(texts), *(set(each.texts) for each in earlier)])
        return Evaluated(score=float(len(texts["a"])), output="kept")

    mender = Mender(lambda _: handed_in(a="a longer text, with a secret", b="b"))
    trial = Trial(refiner=Refiner(model=mender.model), guards={"a": Guard(forbid=("secret",))})
    reflection = FunctionModel(lambda messages, info: handed_in(a="text " * (1 + len(messages))))
    given = options(None, trial=trial, reflection_model=reflection)

    result = await optimize_text({"a": "text", "b": "x = 1"}, evaluate, **given)

    assert all({"a", "b"} == each for each in shown)
    assert not any("secret" in each.score.feedback.partition("refiner gave")[0] for each in rollouts(given))
    assert "kept" == result.best_of_cases[0].output


async def test_a_long_text_is_refined_by_a_patch() -> None:
    long = "x = 0\n" + "# a line that stays\n" * 500
    block = "<<<<<<< SEARCH\nx = 0\n=======\nx = 20\n>>>>>>> REPLACE"
    mender = Mender(saying(f"```\n{block}\n```"))
    given = options(Refiner(model=mender.model, evolve=False), budget=Budget(rollouts=3, reflections=1))

    await optimize_text(long, lambda text: off(text.partition("\n")[0]), **given)

    assert 0 == rollouts(given)[0].score.value
    assert "SEARCH/REPLACE" in mender.prompts[0]
    assert "In text:\n- x = 0\n+ x = 20\noff by: 0" in rollouts(given)[0].score.feedback
    assert rollouts(given)[0].score.feedback.count("a line that stays") == 0


async def test_the_reflector_reads_the_tries_and_not_what_the_refiner_was_asked() -> None:
    prompts: list[str] = []

    def reflect(messages: Any, info: Any) -> ModelResponse:
        prompts.append(prompt_of(messages, info))
        return reflecting(messages, info)

    await optimize_text("x = 0", off, **options(Refiner(model=Mender().model), reflection_model=FunctionModel(reflect)))

    assert "another model, the refiner, rewrites them once" in prompts[0]
    assert "As the refiner rewrote it: score -19, which counts" in prompts[0]
    assert "what their evaluation on one case said" not in prompts[0]
    assert REFINER not in prompts[0]


async def test_the_first_text_is_drafted_without_a_word_on_the_refiner_s_prompt() -> None:
    asked: list[str] = []

    def reflect(messages: Any, info: Any) -> ModelResponse:
        asked.append(prompt_of(messages, info))
        return handed_in(text="x = 5") if len(asked) == 1 else reflecting(messages, info)

    given = options(Refiner(), reflection_model=FunctionModel(reflect))
    given["trial"] = Trial(refiner=Refiner(model=Mender().model))
    result = await optimize_text(None, off, objective="Write x = and a number.", **given)

    assert "5" in result.seed.texts["text"]
    assert REFINER_PROMPT not in asked[0]
    assert result.seed.texts[REFINER_PROMPT].startswith("You mend texts")


async def test_unseen_cases_are_refined_too_so_that_the_test_is_of_text_and_refiner() -> None:
    mender = Mender()

    result = await optimize_text(
        "x = 0",
        lambda text, case: off(text, case.inputs),
        cases=Evals(cases=numbered(3, 4, 5), validation=numbered(7, 8, 9), test=numbered(1, 2)),
        **options(Refiner(model=mender.model, prompt=WHOLE_WAY, evolve=False), budget=Budget(rollouts=60)),
    )

    assert result.test is not None
    assert 0.0 == result.test.seed.mean == result.test.best.mean
    assert not result.improved


def numbered(*goals: int) -> list[Case[int, None, None]]:
    return [Case(name=f"to {goal}", inputs=goal) for goal in goals]


@pytest.mark.parametrize("most", [0, -1, 999])
def test_a_number_of_rewrites_that_is_none_is_refused(most: int) -> None:
    with pytest.raises(UsageError, match=rf"Refiner\(most={most}\)"):
        Refiner(most=most)


async def test_what_cannot_work_is_said_before_anything_is_spent() -> None:
    class Own:
        async def reflect(self, context: Any) -> Any:
            raise AssertionError("nothing is asked")

    model = Mender().model
    with pytest.raises(UsageError, match="the refiner has no model"):
        await optimize_text("x = 0", off, **options(Refiner(), reflection_model=Own()))
    with pytest.raises(UsageError, match="as that of the refiner is called"):
        await optimize_text({REFINER_PROMPT: "x = 0"}, off, **options(Refiner(model=model)))
    far = Ways(reflection_model=model, store=":memory:", run=Run(executor=Processes(workers=1), progress=False))
    with pytest.raises(UsageError, match="no other process knows"):
        await optimize_task(unmodelled, far)


async def test_another_refiner_is_not_resumed_with(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    given = options(Refiner(model=Mender().model), store=store, budget=Budget(rollouts=4, reflections=4))
    await optimize_text("x = 0", off, **given)

    with pytest.raises(OSError, match="refiner"):
        await optimize_text("x = 0", off, **{**given, "trial": Trial(refiner=Refiner(model=Mender().model, most=2))})


def test_a_run_that_was_killed_goes_on_with_its_refiner_and_spends_no_more(tmp_path: Path) -> None:
    import refiner_child  # noqa: PLC0415

    store, log, quiet = tmp_path / "store.sqlite", tmp_path / "log", tmp_path / "quiet"
    process = multiprocessing.get_context("forkserver").Process(target=refiner_child.work, args=(store, log))
    process.start()
    while process.is_alive() and (not log.exists() or len(log.read_text().split()) < 7):
        process.join(0.01)
    process.kill()
    process.join()

    result = anyio.run(logged, store, log)
    undisturbed = anyio.run(logged, tmp_path / "other.sqlite", quiet)

    assert result.complete
    assert undisturbed.best == result.best
    assert undisturbed.usage.requests == result.usage.requests
    assert len(log.read_text().split()) <= 2 * (result.rollouts + 1)


@pytest.mark.slow
async def test_texts_are_refined_by_workers_too_and_what_that_takes_is_counted(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    run = Run(name="far", executor=Processes(workers=1), progress=False)
    ways = Ways(budget=Budget(rollouts=6), reflection_model=FunctionModel(reflecting), store=store, run=run)

    result = await optimize_task(task, ways)

    ended = [each.rollout for each in SqliteStore(store).reader.events("far") if isinstance(each, RolloutEnded)]
    assert ended[0].score is not None
    assert 0.0 == ended[0].score.value
    assert result.spending["refiner"].requests == len(ended)
