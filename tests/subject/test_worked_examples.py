"""Worked examples of an agent's own: found in passing runs, sent after the instructions, kept in the champion file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected

from spanwright import Budget, Components, optimizable, optimize
from spanwright.core.candidate import Candidate, Kind
from spanwright.core.context import ReflectionContext
from spanwright.core.proposal import Reflection, Refusal, RefusalReason
from spanwright.core.tokens import tokens
from spanwright.errors import UsageError
from spanwright.subject import chosen, discover, wearing
from spanwright.telemetry import SpanRecorder

ROOM = 120


def imitate(messages: Sequence[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Shout, if the word is an animal, which it knows, or if it is shown an example of a task like it."""
    word = str(messages[-1].parts[-1].content)
    kind = word.split(maxsplit=1)[0]
    knows = kind == "animal" or f"Task: {kind}" in (info.instructions or "") or "Task:" in (info.instructions or "")
    return ModelResponse(parts=[TextPart(word.upper() if knows else word)])


def shouter(**terms: Any) -> Agent[None, str]:
    return optimizable(Agent(FunctionModel(imitate), name="shouter", instructions="Answer."), **terms)


class Declining:
    """Writes nothing, and keeps what it was shown."""

    def __init__(self) -> None:
        self.shown: list[ReflectionContext] = []

    async def reflect(self, context: ReflectionContext) -> Reflection:
        self.shown.append(context)
        return Reflection(result=Refusal(reason=RefusalReason.DECLINED))


def _words() -> Dataset[str, str, Any]:
    words = [f"{kind} {number}" for kind in ("animal", "plant", "metal") for number in range(14)]
    cases = [Case(name=word, inputs=word, expected_output=word.upper()) for word in words]
    return Dataset(name="words", cases=cases, evaluators=[EqualsExpected()])


async def test_worked_examples_are_a_component_where_they_are_asked_for() -> None:
    found = await discover(shouter())
    (instructions, examples) = chosen(found, Components(demonstrations=ROOM))

    assert ["shouter/instructions"] == [each.id for each in chosen(found, None)] == [instructions.id]
    assert ("shouter/demonstrations", Kind.DEMONSTRATIONS, "") == (examples.id, examples.kind, examples.text)
    with pytest.raises(UsageError, match="leaves no room"):
        chosen(found, Components(demonstrations=0))


async def test_they_are_sent_after_the_instructions_and_accounted_for(mirror) -> None:
    agent = optimizable(Agent(mirror.model, name="a", instructions="Answer."))

    with SpanRecorder.attach() as recorder:
        async with recorder.recording({}) as recording:
            with wearing(Candidate(texts={"a/demonstrations": "Task: x"})):
                await agent.run("x")

    assert ["Answer.", "Task: x"] == mirror.instructions
    assert {"a/demonstrations"} == recording.trace.components


async def test_examples_from_passing_runs_make_the_agent_better_within_their_room(tmp_path: Path) -> None:
    declining = Declining()

    result = await optimize(
        shouter(),
        _words(),
        components=Components(demonstrations=ROOM),
        budget=Budget(rollouts=250),
        reflection_model=declining,
        store=":memory:",
    )

    shown = result.best.texts["shouter/demonstrations"]
    assert result.improved
    assert ("shouter/demonstrations",) == result.components_changed
    assert "Task: animal" in shown
    assert tokens(shown) <= ROOM
    for context in declining.shown:
        assert {"shouter/instructions"} == {each.id for each in (*context.components, *context.others)}

    result.save(tmp_path / "champion.json")
    crowned = Agent(FunctionModel(imitate), name="shouter", instructions="Answer.")
    assert "METAL 1" == (await optimizable(crowned, champion=tmp_path / "champion.json").run("metal 1")).output
