"""The tool desk on a stage of our engine: the agent's loop without a framework, at an eighth of its price.

The same simulated models read the same instructions, tool definitions and messages as through pydantic-ai, the same
functions act on the same house, and the trace is what the spans would tell: tests/benchmarks/test_desk_stage.py
compares them. Time is virtual, so attempts overlap as they would with real models, and a busy machine changes nothing.
"""

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, Final

import anyio
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from spanwright.core.candidate import Candidate, Component
from spanwright.core.case import Case
from spanwright.core.trace import AgentRun, Message, ModelCall, Part, ToolCall, ToolDefinition, Trace
from spanwright.core.usage import Usage
from spanwright.errors import CandidateFailed
from spanwright.testing.simulated.models import REFLECTION_MODEL, STRONG, ReflectionModel, TaskModel
from spanwright.testing.simulated.wire import (
    ChatMessage,
    ChatReply,
    ChatRequest,
    Draws,
    OfferedTool,
    SimulatedModel,
    ToolRequest,
)
from spanwright.testing.worlds.staging import REFLECTION_LAW, ROLLOUT_LAW
from spanwright_agents.tool_desk.agent import MOST_REQUESTS, Ended, build
from spanwright_agents.tool_desk.house import House
from spanwright_agents.tool_desk.seeds import tools_at

AGENT: Final = "desk"
INSTRUCTIONS: Final = f"{AGENT}/instructions"
REFLECTOR: Final = f"{REFLECTION_MODEL}-strong"
"""A strong model reflects on a weaker one, as is usual."""
_CHARACTERS_PER_TOKEN: Final = 4


@dataclass(slots=True)
class _Scene:
    """The recording of one rollout."""

    id: str = ""
    trace: Trace = field(default_factory=Trace)


_scene: ContextVar[_Scene | None] = ContextVar("desk_scene", default=None)


class DeskRecorder:
    """Records what the staged agent tells in place of spans."""

    @asynccontextmanager
    async def recording(self, baggage: Mapping[str, str]) -> AsyncGenerator[_Scene]:
        """Record the rollout inside the block."""
        scene = _Scene()
        token = _scene.set(scene)
        try:
            yield scene
        finally:
            _scene.reset(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worn:
    """What a candidate's requests carry."""

    instructions: str
    offered: tuple[OfferedTool, ...]
    told: tuple[ToolDefinition, ...]
    carried: tuple[str, ...]
    characters: int


class StagedDesk:
    """The subject: the desk with the docs of a level."""

    def __init__(
        self, level: str, components: Sequence[Component], salt: str, *, model: SimulatedModel | None = None
    ) -> None:
        self._level: Final = level
        self._components: Final = tuple(components)
        self._salt: Final = salt
        self._model: Final[SimulatedModel] = model or TaskModel()
        self._functions: Final[Mapping[str, Callable[..., Any]]] = {each.__name__: each for each in tools_at(level)}
        self._definitions: Final = _definitions(build(level))
        self._worn: Final[dict[str, _Worn]] = {}
        self._served: Final[dict[tuple[str, str], int]] = {}

    async def components(self) -> Sequence[Component]:
        """Return the texts."""
        return self._components

    def fingerprints(self) -> Mapping[str, str]:
        """Return level and salt."""
        return {"desk": f"{self._level}/{self._salt}"}

    async def run(self, candidate: Candidate, case: Case) -> Ended:
        """Do what a request asks, and leave the trace to whoever records."""
        worn = self._worn.get(candidate.id)
        if worn is None:
            worn = self._worn[candidate.id] = self._wear(candidate)
        key = (candidate.id, case.id)
        serving = self._served[key] = self._served.get(key, -1) + 1
        draws = f"{self._salt}/{candidate.id}/{case.id}/{serving}"
        talk = _Talk(worn=worn, task=str(case.inputs))
        async with House.copy() as house:
            reply = await self._talk(talk, house, draws)
            ended = Ended(reply=reply or "", books=house.books(), reads=house.reads())
        await anyio.sleep(ROLLOUT_LAW.delay(0, Draws(key=f"latency/{draws}")).total)
        scene = _scene.get()
        if scene is not None:
            scene.trace = talk.trace(reply)
        if reply is None:
            raise CandidateFailed("limits", f"more than {MOST_REQUESTS} requests")
        return ended

    async def _talk(self, talk: "_Talk", house: House, key: str) -> str | None:
        for step in range(MOST_REQUESTS):
            answer = self._model.reply(talk.request(), Draws(key=f"{key}/{step}"))
            if not answer.calls:
                talk.answered(answer)
                return answer.text
            results = [await self._called(call, house) for call in answer.calls]
            talk.acted(answer, results)
        return None

    async def _called(self, call: ToolRequest, house: House) -> tuple[str, bool]:
        """Return what a tool answered, and whether it asked to try again."""
        try:
            result = await self._functions[call.name](SimpleNamespace(deps=house), **json.loads(call.arguments))
        except ModelRetry as retry:
            return retry.message, True
        return result if isinstance(result, str) else _json(result), False

    def _wear(self, candidate: Candidate) -> _Worn:
        texts = candidate.texts
        offered: list[OfferedTool] = []
        for tool in self._definitions:
            parameters: dict[str, Any] = deepcopy(dict(tool.parameters))
            for name, shape in parameters["properties"].items():
                doc = texts.get(f"{AGENT}/tool:{tool.name}/{name}")
                if doc:
                    shape["description"] = doc
                elif doc is not None:
                    shape.pop("description", None)
            said = texts.get(f"{AGENT}/tool:{tool.name}", tool.description)
            offered.append(OfferedTool(name=tool.name, description=said, parameters=parameters))
        told = tuple(
            ToolDefinition(name=each.name, description=each.description, parameters=json.dumps(each.parameters))
            for each in offered
        )
        instructions = texts.get(INSTRUCTIONS, "Do what colleagues ask.")
        return _Worn(
            instructions=instructions,
            offered=tuple(offered),
            told=told,
            carried=tuple(sorted(id for id, text in texts.items() if text)),
            characters=len(instructions) + sum(len(each.description) + len(each.parameters) for each in told),
        )


@dataclass(slots=True, kw_only=True)
class _Talk:
    """A conversation, and what its spans would tell."""

    worn: _Worn
    task: str
    messages: list[ChatMessage] = field(default_factory=list[ChatMessage])
    history: list[Message] = field(default_factory=list[Message])
    models: list[ModelCall] = field(default_factory=list[ModelCall])
    tools: list[ToolCall] = field(default_factory=list[ToolCall])
    characters: int = 0

    def __post_init__(self) -> None:
        self.messages += [
            ChatMessage(role="system", content=self.worn.instructions),
            ChatMessage(role="user", content=self.task),
        ]
        self.history.append(Message(role="user", parts=(Part(kind="text", text=self.task),)))
        self.characters = self.worn.characters + len(self.task)

    def request(self) -> ChatRequest:
        """Return what the model is asked now."""
        return ChatRequest(model="sim-task", messages=tuple(self.messages), tools=self.worn.offered)

    def answered(self, answer: ChatReply) -> None:
        """Note the last answer."""
        self._model_call(Message(role="assistant", parts=(Part(kind="text", text=answer.text),)), "stop")

    def acted(self, answer: ChatReply, results: Sequence[tuple[str, bool]]) -> None:
        """Note calls and what came of them."""
        asked = tuple(Part(kind="tool_call", text=c.arguments, tool=c.name, call_id=c.id) for c in answer.calls)
        said = Message(role="assistant", parts=asked)
        self._model_call(said, "tool_call")
        self.messages.append(ChatMessage(role="assistant", tool_calls=answer.calls))
        self.history.append(said)
        began = 2.0 * len(self.models) - 1
        for call, (result, again) in zip(answer.calls, results, strict=True):
            content = _json({"error": result}) if again else result
            self.messages.append(ChatMessage(role="tool", content=content, tool_call_id=call.id))
            part = Part(kind="tool_result", text=content, tool=call.name, call_id=call.id)
            self.history.append(Message(role="tool", parts=(part,)))
            self.characters += len(call.arguments) + len(content)
            self.tools.append(
                ToolCall(
                    span_id=f"{2 * len(self.tools) + 1:016x}",
                    agent=AGENT,
                    name=call.name,
                    call_id=call.id,
                    arguments=call.arguments,
                    result=None if again else result,
                    error=result if again else "",
                    retry="model_retry" if again else "",
                    started=began,
                    ended=began + 0.5,
                )
            )

    def _model_call(self, answer: Message, reason: str) -> None:
        at = 2.0 * len(self.models)
        self.models.append(
            ModelCall(
                span_id=f"{2 * len(self.models):016x}",
                agent=AGENT,
                model="sim-task",
                instructions=self.worn.instructions,
                messages=tuple(self.history),
                answer=answer,
                tools=self.worn.told,
                finish_reason=reason,
                usage=Usage(
                    requests=1,
                    input_tokens=self.characters // _CHARACTERS_PER_TOKEN,
                    output_tokens=sum(len(part.text) for part in answer.parts) // _CHARACTERS_PER_TOKEN + 1,
                    unpriced=1,
                ),
                components=self.worn.carried,
                started=at,
                ended=at + 1,
            )
        )

    def trace(self, final: str | None) -> Trace:
        """Return what was noted."""
        run = AgentRun(span_id="f" * 16, name=AGENT, final=final, ended=2.0 * len(self.models))
        return Trace(id="", agents=(run,), model_calls=tuple(self.models), tool_calls=tuple(self.tools))


def reflection_model(salt: str) -> FunctionModel:
    """Return the simulated reflection model for pydantic-ai, without a wire."""
    model, served = ReflectionModel(STRONG), dict[str, int]()

    async def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        said = [_text(message) for message in messages if isinstance(message, ModelRequest)]
        prompt = "\n\n".join(part for part in (info.instructions or "", *said) if part)
        serving = served[prompt] = served.get(prompt, -1) + 1
        draws = Draws(key=f"{salt}/{serving}/{prompt}")
        await anyio.sleep(REFLECTION_LAW.delay(0, replace(draws, key=f"latency/{draws.key}")).total)
        tools = tuple(
            OfferedTool(name=tool.name, description=tool.description or "", parameters=tool.parameters_json_schema)
            for tool in info.output_tools
        )
        request = ChatRequest(model=REFLECTOR, messages=(ChatMessage(role="user", content=prompt),), tools=tools)
        given = model.reply(request, draws)
        parts = [ToolCallPart(tool_name=call.name, args=call.arguments) for call in given.calls]
        return ModelResponse(
            parts=[*([TextPart(content=given.text)] if given.text else []), *parts],
            finish_reason="length" if given.finish_reason == "length" else "stop",
        )

    return FunctionModel(answer, model_name=REFLECTOR)


def _json(value: object) -> str:
    """Return JSON as pydantic-ai sends it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _text(message: ModelRequest) -> str:
    contents = (getattr(part, "content", "") for part in message.parts)
    return "\n".join(content for content in contents if isinstance(content, str))


def _definitions(agent: Agent[House, str]) -> tuple[OfferedTool, ...]:
    tools = (tool for toolset in agent.toolsets for tool in getattr(toolset, "tools", {}).values())
    return tuple(
        OfferedTool(name=tool.name, description=tool.description or "", parameters=tool.function_schema.json_schema)
        for tool in tools
    )
