"""Other names for tools, seen by the model alone: requests are put into its words, and what it answers into ours.

The mapping is done around the model that talks to the provider, inside of everything else. So the tool itself, hooks,
rules for tools, spans, the history that is kept and evaluators know a tool by the name that the code gives it.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    ModelResponseStreamEvent,
    PartEndEvent,
    PartStartEvent,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings, ToolOrOutput
from pydantic_ai.tools import RunContext
from pydantic_ai.usage import RequestUsage

from spanwright.errors import CandidateFailed

_QUOTED = re.compile(r"'([\w-]+)'")

Names: TypeAlias = Mapping[str, str]
"""Names for tools by the names that they have."""


def renaming(names: Names, parameters: ModelRequestParameters) -> Names:
    """Return the names that a request takes. Raises CandidateFailed where two of its tools would be named alike."""
    own = [tool.name for tool in parameters.function_tools]
    shown = [*(names.get(name, name) for name in own), *(tool.name for tool in parameters.output_tools)]
    if twice := next((name for name in shown if shown.count(name) > 1), None):
        raise CandidateFailed("tool name", f"two tools would be named {twice!r}", signature="tool name")
    return {name: names[name] for name in own if names.get(name, name) != name}


@dataclass(init=False)
class RenamingModel(WrapperModel):
    """A model that is told of tools by other names, and answers with the first ones."""

    def __init__(self, wrapped: Model, names: Names) -> None:
        super().__init__(wrapped)
        self._names = names
        self._back = {new: old for old, new in names.items()}

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Send the request in the model's words."""
        said = self._said(messages), self._chosen(model_settings), self._offered(model_request_parameters)
        return _answered(await self.wrapped.request(*said), self._back)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """Open a stream in the model's words."""
        said = self._said(messages), self._chosen(model_settings), self._offered(model_request_parameters)
        async with self.wrapped.request_stream(*said, run_context) as stream:
            yield RenamedStream(model_request_parameters, stream, self._back)

    async def count_tokens(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> RequestUsage:
        """Count what would be sent."""
        said = self._said(messages), self._chosen(model_settings), self._offered(model_request_parameters)
        return await self.wrapped.count_tokens(*said)

    def _offered(self, parameters: ModelRequestParameters) -> ModelRequestParameters:
        tools = [replace(tool, name=self._names.get(tool.name, tool.name)) for tool in parameters.function_tools]
        return replace(parameters, function_tools=tools)

    def _said(self, messages: Sequence[ModelMessage]) -> list[ModelMessage]:
        return [
            replace(each, parts=[self._asked(part) for part in each.parts])
            if isinstance(each, ModelRequest)
            else _answered(each, self._names)
            for each in messages
        ]

    def _asked(self, part: ModelRequestPart) -> ModelRequestPart:
        match part:
            case ToolReturnPart() if part.retry is not None and part.retry.cause == "unknown_tool":
                content = part.content  # pydantic-ai lists the tools that there are
                return replace(part, content=self._listed(content) if isinstance(content, str) else content)
            case ToolReturnPart() if part.tool_name in self._names:
                return replace(part, tool_name=self._names[part.tool_name])
            case _:
                return part

    def _listed(self, content: str) -> str:
        return _QUOTED.sub(lambda found: f"'{self._names.get(found[1], found[1])}'", content)

    def _chosen(self, settings: ModelSettings | None) -> ModelSettings | None:
        choice = None if settings is None else settings.get("tool_choice")
        if settings is None or choice is None or isinstance(choice, str):
            return settings
        if isinstance(choice, ToolOrOutput):
            chosen = replace(choice, function_tools=[self._names.get(name, name) for name in choice.function_tools])
            return {**settings, "tool_choice": chosen}
        return {**settings, "tool_choice": [self._names.get(name, name) for name in choice]}


@dataclass
class RenamedStream(StreamedResponse):
    """A stream whose calls of tools have their first names; all else is the stream's own affair."""

    inner: StreamedResponse
    back: Names

    def __aiter__(self) -> AsyncIterator[ModelResponseStreamEvent]:
        """Yield the stream's events, which are complete: the base class would add its own to them."""
        if self._event_iterator is None:
            self._event_iterator = self._get_event_iterator()
        return self._event_iterator

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        async for event in self.inner:
            self.final_result_event = self.inner.final_result_event
            if isinstance(event, PartStartEvent | PartEndEvent):
                yield replace(event, part=_called(event.part, self.back))
            else:
                yield event

    def get(self) -> ModelResponse:
        """Return what was answered so far."""
        return _answered(self.inner.get(), self.back)

    def get_stream_cancel_errors(self) -> tuple[type[BaseException], ...]:
        """Return the stream's own."""
        return self.inner.get_stream_cancel_errors()

    async def cancel(self) -> None:
        """Cancel the stream."""
        await self.inner.cancel()

    async def close_stream(self) -> None:
        """Close the stream."""
        await self.inner.close_stream()

    def time_to_first_chunk(self, request_start: float) -> float | None:
        """Return what the stream measured."""
        return self.inner.time_to_first_chunk(request_start)

    @property
    def cancelled(self) -> bool:
        """Whether the stream was cancelled."""
        return self.inner.cancelled

    @property
    def usage(self) -> RequestUsage:
        """What was used so far."""
        return self.inner.usage

    @property
    def model_name(self) -> str:
        """The model that answers."""
        return self.inner.model_name

    @property
    def provider_name(self) -> str | None:
        """Who serves it."""
        return self.inner.provider_name

    @property
    def provider_url(self) -> str | None:
        """Where."""
        return self.inner.provider_url

    @property
    def timestamp(self) -> datetime:
        """When."""
        return self.inner.timestamp


def _answered(response: ModelResponse, names: Names) -> ModelResponse:
    return replace(response, parts=[_called(part, names) for part in response.parts])


def _called(part: ModelResponsePart, names: Names) -> ModelResponsePart:
    if isinstance(part, ToolCallPart) and part.tool_name in names:
        return replace(part, tool_name=names[part.tool_name])
    return part
