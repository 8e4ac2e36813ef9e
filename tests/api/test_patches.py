"""`optimize_text` on several files, with a model that answers by what changes: prompt in, text out."""

import json
import re

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from spanwright import Budget, Candidate, MemoryStore, Policy, Run, Trial, UsageError, optimize_text
from spanwright.core.events import Judged, Refused
from spanwright.reflection import ModelReflector, composer_of

STEPS = "".join(f"step {n}: check the valve, then wait\n" for n in range(1, 301))
FILES = {
    "plan.txt": f"{STEPS}close after 4 turns\n",
    "limits.json": '{"turns": 4, "seconds": 60}\n',
    "notes.md": "# Notes\n\nNothing yet.\n",
}
_SHOWN = re.compile(r"^## `([^`\n]+)`\n.*?^(`{3,})text-[0-9a-f]{8}\n(.*?)\n^\2$", re.DOTALL | re.MULTILINE)


def evaluate(files: dict[str, str]) -> float:
    """Score the turns, which stand in two files and must be the same."""
    told = re.search(r"^close after (\d+) turns$", files["plan.txt"], re.MULTILINE)
    assert told is not None
    turns = json.loads(files["limits.json"])["turns"]
    assert turns == int(told[1]), f"the plan says {told[1]} turns, the limit is {turns}"
    return -abs(turns - 7)


class Patcher:
    """A model that reads the texts in its prompt and answers with blocks, not always well."""

    def __init__(self) -> None:
        self.prompts: list[str] = []
        self.answers: list[str] = []

    def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        parts = [part for message in messages for part in message.parts]
        said = [str(part.content) for part in parts if isinstance(part, UserPromptPart)]
        prompt = "\n\n".join([info.instructions or "", *said])
        self.prompts.append(prompt)
        self.answers.append(self._answer({name: text for name, _, text in _SHOWN.findall(prompt)}, prompt))
        return ModelResponse(parts=[TextPart(self.answers[-1])])

    def _answer(self, texts: dict[str, str], prompt: str) -> str:
        turns = json.loads(texts["limits.json"])["turns"]
        first = len(self.prompts) == 1
        plan = _block(f"close  after {turns} turns{' now' if first else ''}", f"close after {turns + 1} turns")
        limit = _block(f'"turns": {turns}', f'"turns": {turns + 1}')
        if "could not be used" in prompt:
            return f"Right, I mended that.\n\n`plan.txt`\n```\n{plan}\n```\n./limits.json\n```json\n{limit}\n```"
        return (
            f'<edit component="plan.txt" why="more">\n{plan}\n</edit>\n<edit component="limits.json">\n{limit}\n</edit>'
        )


def _block(search: str, replace: str) -> str:
    return f"<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE"


async def test_three_files_get_better_by_patches_that_go_through_two_of_them() -> None:
    model, store = Patcher(), MemoryStore()

    result = await optimize_text(
        FILES,
        evaluate,
        reflection_model=FunctionModel(model),
        budget=Budget(rollouts=12, reflections=12),
        policy=Policy.default(schedule="ordered"),
        store=store,
        run=Run(name="patched", progress=False),
    )

    wanted = Candidate(
        texts={
            **FILES,
            "plan.txt": FILES["plan.txt"].replace("4 turns", "7 turns"),
            "limits.json": FILES["limits.json"].replace("4", "7", 1),
        }
    )
    assert wanted == result.best
    assert ("limits.json", "plan.txt") == result.components_changed
    assert "-close after 4 turns" in result.diff()
    assert len(result.diff()) < len(STEPS) / 5
    assert all("SEARCH/REPLACE" in prompt for prompt in model.prompts)
    assert max(map(len, model.answers)) < len(STEPS) / 20
    assert (
        "stands nowhere in the text. The nearest lines of the text are:\nstep 300: check the valve" in model.prompts[1]
    )
    events = tuple(store.reader.events("patched"))
    children = [each.child.texts["plan.txt"] for each in events if isinstance(each, Judged)]
    assert all(text.startswith(STEPS) for text in children)


async def test_a_patch_that_changes_nothing_is_refused_and_costs_no_rollout() -> None:
    store = MemoryStore()

    def nothing(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[TextPart(f"notes.md\n{_block('Nothing yet.', 'Nothing yet.')}")])

    result = await optimize_text(
        FILES,
        evaluate,
        trial=Trial(patches=True),
        reflection_model=FunctionModel(nothing),
        budget=Budget(rollouts=8, reflections=2),
        store=store,
        run=Run(name="nothing", progress=False),
    )

    refused = [each.refusal.reason for each in store.reader.events("nothing") if isinstance(each, Refused)]
    assert result.best == result.seed
    assert {"nothing changed"} == set(refused)


async def test_a_reflector_of_one_s_own_is_not_told_of_patches_in_vain() -> None:
    mine = ModelReflector(FunctionModel(Patcher()), composer=composer_of(patches=True))
    given = {"store": ":memory:", "run": Run(progress=False), "budget": Budget(rollouts=4, reflections=2)}

    with pytest.raises(UsageError, match="a reflector of your own"):
        await optimize_text(FILES, evaluate, trial=Trial(patches=True), reflection_model=mine, **given)

    assert (await optimize_text(FILES, evaluate, reflection_model=mine, **given)).improved


async def test_short_texts_are_asked_for_whole_unless_patches_are_wished() -> None:
    async def asked(patches: bool | None) -> set[bool]:
        seen: set[bool] = set()

        def look(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
            seen.add("SEARCH/REPLACE" in (info.instructions or ""))
            return ModelResponse(parts=[TextPart("no")])

        await optimize_text(
            {"a": "x = 1"},
            lambda _: 0.0,
            trial=Trial(patches=patches),
            reflection_model=FunctionModel(look),
            budget=Budget(rollouts=4, reflections=1),
            store=":memory:",
            run=Run(progress=False),
        )
        return seen

    assert [{False}, {True}, {False}] == [await asked(each) for each in (None, True, False)]
