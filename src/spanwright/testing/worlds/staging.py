"""A world on the stage of our engine: subject, evaluator, recorder and reflector, in virtual time if a loop has it.

What an optimizer may know passes through here, and nothing else: components, cases, outputs, scores with feedback, and
traces. No part has a public way back to the world's truth.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, cast

import anyio
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from spanwright.core.candidate import Candidate, Component
from spanwright.core.case import Case
from spanwright.core.protocols import Reflector
from spanwright.core.score import Score
from spanwright.core.trace import Trace
from spanwright.engine import Problem
from spanwright.reflection import ModelReflector
from spanwright.testing.simulated.latency import LatencyLaw
from spanwright.testing.simulated.wire import ChatMessage, ChatRequest, Draws, OfferedTool
from spanwright.testing.worlds.world import REFLECTION, Played, World

ROLLOUT_LAW: Final = LatencyLaw(median=1.0, sigma=0.9)
REFLECTION_LAW: Final = LatencyLaw(median=10.0, sigma=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long rollouts and reflections take: log-normal seconds, one in a hundred ten times as long."""

    rollout: LatencyLaw = ROLLOUT_LAW
    reflection: LatencyLaw = REFLECTION_LAW


@dataclass(slots=True)
class _Scene:
    """The recording of one rollout."""

    id: str = ""
    trace: Trace = field(default_factory=Trace)


class Stage:
    """All that an Engine needs of a world. `latency` None lets everything take no time.

    stage = Stage(make_world("rules", 1), latency=Latency())
    means = Means(journal=journal, recorder=stage.recorder)
    ended = await Engine(stage.problem, Policy.default(), means, conduct).run()
    """

    def __init__(self, world: World, *, latency: Latency | None = None) -> None:
        scene = ContextVar[_Scene | None]("scene", default=None)
        self.subject: Final = WorldSubject(world, latency, scene)
        self.recorder: Final = WorldRecorder(scene)
        self.reflector: Final[Reflector] = ModelReflector(_reflection_model(world, latency))
        self.problem: Final = Problem(
            subject=self.subject,
            evaluator=world_evaluator,
            reflector=self.reflector,
            splits=world.splits,
            seed=Candidate(texts=world.seed_texts),
            components=world.components,
            fingerprints=self.subject.fingerprints(),
        )


class WorldSubject:
    """The subject of a world. `calls` counts what was really run."""

    def __init__(self, world: World, latency: Latency | None, scene: ContextVar[_Scene | None]) -> None:
        self._play: Final = world.play
        self._components: Final = world.components
        self._name: Final = f"{world.name}/{world.salt}"
        self._latency: Final = latency
        self._scene: Final = scene
        self._served: Final[dict[tuple[str, str], int]] = {}
        self.calls: int = 0

    async def components(self) -> Sequence[Component]:
        """Return the texts."""
        return self._components

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Play the case, and leave the trace to whoever records."""
        self.calls += 1
        key = (candidate.id, case.id)
        serving = self._served[key] = self._served.get(key, -1) + 1
        played = self._play(candidate.texts, case, serving)
        if self._latency is not None:
            draws = Draws(key=f"latency|{self._name}|{candidate.id}|{case.id}|{serving}")
            await anyio.sleep(self._latency.rollout.delay(0, draws).total)
        scene = self._scene.get()
        if scene is not None:
            scene.trace = played.trace
            scene.id = played.trace.id
        return played

    def fingerprints(self) -> Mapping[str, str]:
        """Return family, seed and salt."""
        return {"world": self._name}


async def world_evaluator(case: Case, output: object, trace: Trace) -> Score:
    """Give the score that the world gave, with what it said about it."""
    played = cast("Played", output)
    return Score(value=played.score, feedback=played.feedback, blame=played.blame)


class WorldRecorder:
    """Records what a world tells in place of spans."""

    def __init__(self, scene: ContextVar[_Scene | None]) -> None:
        self._scene: Final = scene

    @asynccontextmanager
    async def recording(self, baggage: Mapping[str, str]) -> AsyncGenerator[_Scene]:
        """Record the play inside the block."""
        scene = _Scene()
        token = self._scene.set(scene)
        try:
            yield scene
        finally:
            self._scene.reset(token)


def _reflection_model(world: World, latency: Latency | None) -> FunctionModel:
    """Return the world's reflection model for pydantic-ai, as it would be over a wire."""
    served: dict[str, int] = {}
    name = f"{world.name}/{world.salt}"
    reply, drawn = world.reflector.reply, world.reflection_draws

    async def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        said = [_text(message) for message in messages if isinstance(message, ModelRequest)]
        prompt = "\n\n".join(part for part in (info.instructions or "", *said) if part)
        serving = served[prompt] = served.get(prompt, -1) + 1
        draws = drawn(prompt, serving)
        if latency is not None:
            await anyio.sleep(latency.reflection.delay(0, Draws(key=f"latency|{name}|{draws.key}")).total)
        tools = tuple(
            OfferedTool(name=tool.name, description=tool.description or "", parameters=tool.parameters_json_schema)
            for tool in info.output_tools
        )
        request = ChatRequest(model=REFLECTION, messages=(ChatMessage(role="user", content=prompt),), tools=tools)
        given = reply(request, draws)
        parts = [ToolCallPart(tool_name=call.name, args=call.arguments) for call in given.calls]
        return ModelResponse(
            parts=[*([TextPart(content=given.text)] if given.text else []), *parts],
            finish_reason="length" if given.finish_reason == "length" else "stop",
        )

    return FunctionModel(answer, model_name=REFLECTION)


def _text(message: ModelRequest) -> str:
    contents = (getattr(part, "content", "") for part in message.parts)
    return "\n".join(content for content in contents if isinstance(content, str))
