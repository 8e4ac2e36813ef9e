"""`optimize_text` in each of its modes, through the public door."""

import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import BinaryContent, ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_evals import Case
from text_world import GOAL, MODES, Writer, counted, distance, number

from spanwright import (
    Budget,
    Earlier,
    Evals,
    Evaluated,
    Guard,
    Image,
    MemoryStore,
    Policy,
    Run,
    Score,
    SqliteStore,
    Trial,
    UsageError,
    UserBug,
    maximize,
    optimize_text,
)
from spanwright.store import check

QUIET = Run(progress=False)


def options(**given: Any) -> dict[str, Any]:
    return {"reflection_model": Writer(), "store": ":memory:", "run": QUIET, "budget": Budget(rollouts=40), **given}


async def test_a_text_for_one_problem_gets_better_and_no_text_is_evaluated_twice() -> None:
    seen: Counter[str] = Counter()

    def evaluate(text: str) -> float:
        seen[text] += 1
        return distance(text)

    # A writer that answers at once would try x = 1 thirty times while its first evaluation is still under way.
    ordered = Policy.default(schedule="ordered")
    result = await optimize_text(
        "x = 0", evaluate, **options(policy=ordered, budget=Budget(rollouts=15, reflections=400))
    )

    assert result.complete
    assert result.improved
    assert number(result.best_text) > 5
    assert distance(result.best_text) == max(map(distance, seen))
    assert {1} == set(seen.values())
    assert result.rollouts == sum(seen.values()) <= 15


async def test_many_problems_at_once_have_each_their_best_output_from_whoever_made_it() -> None:
    async def evaluate(text: str, goal: int) -> Evaluated:
        return Evaluated(score=-abs(number(text) - goal), output={"reached": number(text)})

    result = await optimize_text(
        "x = 0", evaluate, cases={"near": 2, "far": 6}, **options(budget=Budget(rollouts=60, reflections=300))
    )

    found = {each.case: each for each in result.best_of_cases}
    assert {"near": 0.0, "far": 0.0} == {case: each.score for case, each in found.items()}
    assert '{"reached":2}' == found["near"].output
    assert "x = 6" == found["far"].candidate.texts["text"]
    assert "near" in str(result)


async def test_a_text_that_shall_generalize_is_chosen_by_cases_that_nobody_was_shown() -> None:
    writer = Writer()
    train, unseen = [Case(name=f"t{n}", inputs=n) for n in range(6)], [Case(name=f"v{n}", inputs=n) for n in range(12)]

    def evaluate(text: str, case: Case[int, None, None]) -> float:
        return min(1.0, number(text) / 10 + case.inputs / 1000)

    result = await optimize_text(
        "x = 0",
        evaluate,
        cases=Evals(cases=train, validation=unseen),
        **options(reflection_model=writer, budget=Budget(rollouts=200)),
    )

    shown = {example.case.id for context in writer.contexts for example in context.examples}
    assert shown
    assert shown <= {case.name for case in train}
    assert not result.at_hand
    assert result.validation is not None
    assert result.validation.best.mean > result.validation.seed.mean


async def test_several_texts_evolve_together_and_feedback_goes_to_the_one_that_is_blamed() -> None:
    writer = Writer()

    def evaluate(texts: dict[str, str]) -> Score:
        assert {"plan", "rules"} == set(texts)
        value = distance(texts["plan"])
        return Score(value=value, objectives={"plan": value}, blame={"plan": "too small"} if value else {})

    result = await optimize_text(
        {"plan": "x = 18", "rules": "keep 1"},
        evaluate,
        trial=Trial(goals=[maximize("plan")]),
        **options(reflection_model=writer),
    )

    assert "x = 20" == result.best.texts["plan"]
    assert all("plan" in example.blamed for context in writer.contexts[:1] for example in context.examples)


async def test_the_first_text_is_written_from_the_objective_and_counts_as_a_reflection() -> None:
    asked: list[str] = []
    store = MemoryStore()

    def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        asked.append(f"{info.instructions}\n{messages}")
        text = f"```python\nx = {len(asked) * 4}\n```"
        edit = {"component": "text", "why": "", "text": text}
        return ModelResponse(parts=[ToolCallPart("propose", {"diagnosis": "", "edits": [edit], "lessons": []})])

    async def run(rollouts: int) -> Any:
        return await optimize_text(
            None,
            distance,
            objective="Write x = and a number near twenty.",
            background="Nothing else is read.",
            reflection_model=FunctionModel(model),
            budget=Budget(rollouts=rollouts, reflections=4),
            store=store,
            run=Run(name="drafted", progress=False),
        )

    result = await run(6)

    assert "x = 4" == result.seed.texts["text"]
    assert "twenty" in asked[0]
    assert "Nothing else is read." in asked[0]
    assert "first version" in asked[0]
    assert 4 == result.reflections == len(asked)
    assert result == await run(6)
    assert 4 == len(asked)


async def test_pictures_reach_a_model_that_can_see_also_after_a_resume_and_others_get_the_words_alone(
    tmp_path: Path,
) -> None:
    seen: list[list[object]] = []
    blind = False

    def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        (part,) = [part for message in messages for part in message.parts if part.part_kind == "user-prompt"]
        content = [part.content] if isinstance(part.content, str) else list(part.content)
        pictures = [each for each in content if isinstance(each, BinaryContent)]
        if blind and pictures:
            raise ModelHTTPError(400, "blind", body={"message": "this model does not support image input"})
        seen.append([each.data for each in pictures])
        edit = {"component": "text", "why": "", "text": f"x = {len(seen)}"}
        return ModelResponse(parts=[ToolCallPart("propose", {"diagnosis": "", "edits": [edit], "lessons": []})])

    def evaluate(text: str) -> Evaluated:
        return Evaluated(score=distance(text), images=[Image.of(b"png of " + text.encode(), label="plot")])

    async def run(name: str) -> Any:
        given = options(reflection_model=FunctionModel(model), budget=Budget(rollouts=4, reflections=4))
        where = {"store": tmp_path / "store.sqlite", "run": Run(name=name, progress=False)}
        return await optimize_text("x = 0", evaluate, **{**given, **where})

    await run("seeing")
    assert [b"png of x = 0"] == seen[0]
    kept = SqliteStore(tmp_path / "store.sqlite").reader.trace("seeing", 1)
    assert b"png of x = 0" == kept.trace.images[0].content

    seen.clear()
    blind = True
    await run("blind")
    assert seen
    assert not any(seen)


async def test_what_evaluations_print_is_their_own_even_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    writer = Writer()

    async def evaluate(text: str, case: int) -> float:
        print(f"case {case} begins")  # noqa: T201
        await anyio.lowlevel.checkpoint()
        await to_thread.run_sync(lambda: print(f"case {case} in a thread", file=sys.stderr))  # noqa: T201
        return float(number(text) + case)

    async with anyio.create_task_group() as group:

        async def somebody_else() -> None:
            for _ in range(20):
                print("not an evaluation")  # noqa: T201
                await anyio.lowlevel.checkpoint()

        group.start_soon(somebody_else)
        await optimize_text(
            "x = 0", evaluate, cases=[1, 2, 3], trial=Trial(capture=True), **options(reflection_model=writer)
        )

    for example in writer.contexts[0].examples:
        case = example.case.inputs
        said = example.observed.rollout.score.feedback
        assert f"It printed:\ncase {case} begins\ncase {case} in a thread" == said
    assert "not an evaluation\n" * 20 == capsys.readouterr().out


async def test_sync_evaluations_run_in_threads_and_are_captured_apart() -> None:
    writer = Writer()

    def evaluate(text: str, case: int) -> float:
        for _ in range(3):
            print(f"<{case}>", end="")  # noqa: T201
            time.sleep(0.001)
        return 0.0

    await optimize_text(
        "x = 0",
        evaluate,
        cases=list(range(8)),
        trial=Trial(capture=True),
        **options(reflection_model=writer, budget=Budget(rollouts=30)),
    )

    said = {e.case.inputs: e.observed.rollout.score.feedback for c in writer.contexts for e in c.examples}
    assert all(f"It printed:\n<{case}><{case}><{case}>" == text for case, text in said.items())


async def test_an_evaluation_may_begin_where_the_best_of_its_case_ended() -> None:
    shown: list[tuple[Earlier, ...]] = []

    def evaluate(text: str, case: str, earlier: tuple[Earlier, ...]) -> Evaluated:
        shown.append(earlier)
        assert all(each.output.startswith(case) for each in earlier)
        return Evaluated(score=distance(text), output=f"{case} {text}")

    await optimize_text("x = 0", evaluate, cases={"a": "a", "b": "b"}, **options())

    assert any(shown)
    for earlier in shown:
        scores = [each.score for each in earlier]
        assert scores == sorted(scores, reverse=True)
        assert len(earlier) <= 3


async def test_a_warm_start_goes_on_after_a_run_was_resumed() -> None:
    store, shown = MemoryStore(), list[list[float]]()

    def evaluate(text: str, *, earlier: tuple[Earlier, ...] = ()) -> Evaluated:
        shown.append([each.score for each in earlier])
        return Evaluated(score=distance(text), output=text)

    async def run(rollouts: int) -> None:
        budget = Budget(rollouts=rollouts, reflections=100, seconds=100)
        stopped = Policy.default(schedule="ordered")
        await optimize_text("x = 0", evaluate, **options(store=store, run=named, budget=budget, policy=stopped))

    named = Run(name="warm", progress=False, observers=[])
    await run(5)
    before = len(shown)
    await run(5)

    assert before == len(shown)
    assert shown[-1]


async def test_a_text_that_breaks_gets_the_floor_and_its_error_is_told() -> None:
    writer = Writer()

    def evaluate(text: str) -> float:
        if number(text) == 2:
            print("about to break")  # noqa: T201
            raise ValueError("two is not allowed")
        return 10 + float(number(text))

    result = await optimize_text(
        "x = 1", evaluate, trial=Trial(capture=True, guards={"text": Guard(keep=["x ="])}), **options()
    )
    assert "x = 1" == result.best_text

    # In order: a writer that answers at once would be out of reflections before the first text has broken.
    ordered = Policy.default(schedule="ordered")
    noted = await optimize_text("x = 1", evaluate, cases=None, **options(reflection_model=writer, policy=ordered))
    assert noted.complete
    told = [edit.outcome for context in writer.contexts for edit in context.tried]
    assert any("worse: 11 -> 0" in outcome for outcome in told)


async def test_an_evaluate_that_fails_for_the_seed_is_a_bug_of_its_author() -> None:
    def evaluate(text: str) -> float:
        raise KeyError("seed")

    with pytest.raises(UserBug, match="KeyError: 'seed'"):
        await optimize_text("x = 0", evaluate, **options())


async def test_an_evaluate_that_fails_for_the_seed_is_a_bug_where_it_is_noisy_too() -> None:
    def evaluate(text: str) -> float:
        raise KeyError("seed")

    store = MemoryStore()
    given = options(store=store, run=Run(name="noisy", progress=False), budget=Budget(rollouts=100))
    with pytest.raises(UserBug, match="KeyError: 'seed'"):
        await optimize_text("x = 0", evaluate, trial=Trial(noisy=True), **given)

    assert len(list(store.reader.events("noisy"))) < 100


def exits(text: str) -> float:
    sys.exit(3)


async def cancels_itself(text: str) -> float:
    """As who awaits a task of his own that was cancelled."""
    raise anyio.get_cancelled_exc_class()


@pytest.mark.parametrize(
    ("evaluate", "said"),
    [
        (lambda text: "good", "it returned str, not a number"),
        (lambda text: Score(value=1.0, blame={"other": "?"}), "blames 'other'"),
        (lambda text: Score(value=1.0, blame={"text": 3}), "says of 'text' int, not a text"),  # pyright: ignore[reportArgumentType]
        (lambda text: (1.0, {"info": 1}), "it returned tuple"),
        (exits, "SystemExit: 3"),
        (cancels_itself, "it cancelled itself"),
    ],
)
async def test_an_answer_that_means_nothing_is_a_bug_of_its_author(evaluate: Any, said: str) -> None:
    with pytest.raises(UserBug, match=said):
        await optimize_text("x = 0", evaluate, **options())


async def test_a_text_that_ends_the_process_or_cancels_its_evaluation_fails_alone() -> None:
    async def evaluate(text: str) -> float:
        if number(text) == 1:
            sys.exit(3)
        return await cancels_itself(text) if number(text) == 2 else distance(text)

    result = await optimize_text("x = 0", evaluate, **options())

    assert result.complete
    assert "x = 0" == result.best_text


async def test_an_objective_that_is_not_finite_is_a_failure_of_the_text_too() -> None:
    def evaluate(text: str) -> Score:
        return Score(value=float(number(text)), objectives={"loss": float("nan") if number(text) else 0.0})

    result = await optimize_text("x = 0", evaluate, **options())

    assert "x = 0" == result.best_text


async def test_a_score_that_is_not_finite_is_a_failure_of_the_text_alone() -> None:
    def evaluate(text: str) -> float:
        return float("nan") if number(text) == 1 else distance(text)

    result = await optimize_text("x = 0", evaluate, **options())

    assert result.complete
    assert "x = 0" == result.best_text


def no_case(text: str) -> float:
    return 0.0


def wants_more(text: str, *, temperature: float) -> float:
    return 0.0


def earlier_between(text: str, earlier: object, case: object) -> float:
    return 0.0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seed": "x", "evaluate": no_case, "cases": [1]}, "cannot be called with a text and a case"),
        ({"seed": "x", "evaluate": lambda a, b: 0.0}, "cannot be called with a text alone"),
        ({"seed": "x", "evaluate": 3}, "cannot be called"),
        ({"seed": "x", "evaluate": wants_more}, "cannot be called with a text alone"),
        ({"seed": "x", "evaluate": earlier_between, "cases": [1]}, "and earlier= by name"),
        ({"seed": b"x", "evaluate": no_case}, "the seed is bytes"),
        ({"seed": ["x"], "evaluate": no_case}, "the seed is list"),
        ({"seed": {1: "x"}, "evaluate": no_case}, "the seed's 1 is no text with a name"),
        ({"seed": None, "evaluate": no_case, "objective": "  "}, "nobody knows what to write"),
        ({"seed": "x", "evaluate": lambda a, b: 0.0, "cases": {1: "a", "1": "b"}}, "two cases have the id '1'"),
        ({"seed": "x", "evaluate": lambda a, b: 0.0, "cases": b"abc"}, "are no cases"),
        ({"seed": "x", "evaluate": no_case, "objective": 3}, "objective=3 is int. Give a text"),
        ({"seed": "x", "evaluate": no_case, "trial": {"capture": True}}, "is dict. Give a Trial"),
        ({"seed": "x", "evaluate": no_case, "trial": Trial(refiner=True)}, "is bool. Give a Refiner"),  # pyright: ignore[reportArgumentType]
        ({"seed": "x", "evaluate": no_case, "budget": 50}, "budget=50 is int. Give a Budget"),
        ({"seed": "x", "evaluate": no_case, "policy": "gepa"}, "policy='gepa' is str. Give a Policy"),
        ({"seed": "x", "evaluate": no_case, "run": 3}, "run=3 is int. Give a name or a Run"),
        ({"seed": None, "evaluate": no_case}, "nobody knows what to write"),
        ({"seed": {}, "evaluate": no_case}, "no texts"),
        ({"seed": "x", "evaluate": lambda a, b: 0.0, "cases": []}, "no cases"),
        ({"seed": "x", "evaluate": no_case, "reflection_model": None}, "none to reflect with"),
        ({"seed": "x", "evaluate": no_case, "budget": Budget(rollouts=1)}, "too small"),
        ({"seed": "x", "evaluate": no_case, "trial": Trial(guards={"text": Guard(keep=["y"])})}, "guard is broken"),
    ],
)
async def test_what_cannot_work_is_said_before_anything_is_spent(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        await optimize_text(**{**options(), **given})


async def test_the_budget_holds_however_many_evaluations_run_at_once() -> None:
    count = 0

    async def evaluate(text: str, case: int) -> float:
        nonlocal count
        count += 1
        await anyio.lowlevel.checkpoint()
        return distance(text) + case

    result = await optimize_text("x = 0", evaluate, cases=list(range(5)), **options(budget=Budget(rollouts=33)))

    assert result.rollouts == count <= 33


async def test_a_noisy_evaluation_is_repeated_before_it_wins() -> None:
    seen: Counter[str] = Counter()

    def evaluate(text: str) -> float:
        seen[text] += 1
        return distance(text) + 0.1 * (seen[text] % 2)

    result = await optimize_text(
        "x = 15", evaluate, trial=Trial(noisy=True), **options(budget=Budget(rollouts=150, reflections=60))
    )

    assert seen[result.best_text] > 1
    assert GOAL == number(result.best_text)


@pytest.mark.parametrize("mode", MODES)
def test_a_run_that_was_killed_goes_on_in_every_mode_and_spends_no_more_than_its_budget(
    mode: str, tmp_path: Path
) -> None:
    """SIGKILL while it evaluates, again and again; the journal and the log of evaluations agree at the end."""
    import multiprocessing  # noqa: PLC0415

    import text_child  # noqa: PLC0415

    store, log, quiet = tmp_path / "store.sqlite", tmp_path / "log", tmp_path / "quiet"
    context = multiprocessing.get_context("forkserver")
    kills = 0
    for after in (3, 7, 11):
        process = context.Process(target=text_child.work, args=(mode, store, log))
        process.start()
        while process.is_alive() and (not log.exists() or len(log.read_text().split()) < after):
            process.join(0.01)
        process.kill()
        process.join()
        kills += 1

    result = anyio.run(counted, mode, store, log)
    undisturbed = anyio.run(counted, mode, tmp_path / "other.sqlite", quiet)

    assert result.complete
    assert undisturbed.best == result.best
    assert undisturbed.rollouts == result.rollouts <= 18
    # Two are in flight when it dies, and two may have ended that the store has not acknowledged yet.
    assert len(log.read_text().split()) <= result.rollouts + 4 * kills
    assert [()] == [each.faults for each in check(store).runs]
