"""An agent's model that answers with what it was shown."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, SystemPromptPart, TextPart, ToolCallPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel
from pydantic_ai.settings import ModelSettings


@dataclass
class Mirror:
    """Keeps the requests that it gets. It calls each of `calls` once, then answers `answer`."""

    calls: tuple[ToolCallPart, ...] = ()
    answer: Callable[[AgentInfo], ModelResponse] = lambda _: ModelResponse(parts=[TextPart("done")])
    requests: list[ModelRequestParameters] = field(default_factory=list)
    messages: list[list[ModelMessage]] = field(default_factory=list)
    settings: list[ModelSettings] = field(default_factory=list)

    @property
    def model(self) -> FunctionModel:
        return FunctionModel(self.reply, stream_function=self.stream)

    async def reply(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.requests.append(info.model_request_parameters)
        self.messages.append(messages)
        self.settings.append(info.model_settings or ModelSettings())
        turn = sum(isinstance(message, ModelResponse) for message in messages)
        return ModelResponse(parts=[self.calls[turn]]) if turn < len(self.calls) else self.answer(info)

    async def stream(
        self, messages: list[ModelMessage], info: AgentInfo
    ) -> AsyncIterator[str | dict[int, DeltaToolCall]]:
        for part in (await self.reply(messages, info)).parts:
            if isinstance(part, TextPart):
                yield part.content
            elif isinstance(part, ToolCallPart):
                yield {0: DeltaToolCall(name=part.tool_name, json_args=part.args_as_json_str(), tool_call_id="c")}

    @property
    def instructions(self) -> list[str]:
        return [part.content for part in self.requests[-1].instruction_parts or ()]

    @property
    def system_prompts(self) -> list[str]:
        first = self.messages[-1][0]
        assert isinstance(first, ModelRequest)
        return [part.content for part in first.parts if isinstance(part, SystemPromptPart)]

    @property
    def tools(self) -> dict[str, str | None]:
        return {tool.name: tool.description for tool in self.requests[-1].function_tools}


@pytest.fixture
def mirror() -> Mirror:
    return Mirror()
