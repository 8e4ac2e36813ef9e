"""From OpenAI's JSON to a `ChatRequest`: what a request must look like, and what is said when it does not.

A request that OpenAI would refuse is refused here in the same words, so that a client's mistakes show offline. What
only a model or a kind of server refuses stands in `refusals.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from spanwright.testing.simulated.wire import ChatMessage, ChatRequest, OfferedTool, ToolRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiError:
    """An error answer in OpenAI's shape."""

    message: str
    status: int = 400
    type: str = "invalid_request_error"
    param: str | None = None
    code: str | int | None = None
    retry_after: float | None = None
    """Seconds, sent in the headers; None sends no such header."""
    reset_after: float | None = None
    """Seconds until the limit of requests is whole again, sent as OpenAI does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A well-formed request: what the model may see, and how the answer is to be delivered."""

    chat: ChatRequest
    include_usage: bool = False
    """A stream ends with a chunk of its usage."""
    parallel_calls: bool = True


class _Function(BaseModel):
    name: str
    arguments: str = ""


class _Call(BaseModel):
    id: str
    function: _Function


class _Part(BaseModel):
    type: str
    text: str = ""


class _Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[_Part] | None = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str = ""


class _Offered(BaseModel):
    name: str
    description: str | None = None
    parameters: dict[str, object] | None = None


class _Tool(BaseModel):
    type: Literal["function"]
    function: _Offered


class _Named(BaseModel):
    name: str


class _OneTool(BaseModel):
    type: Literal["function"]
    function: _Named


class _AllowedTools(BaseModel):
    mode: Literal["auto", "required"]
    tools: list[_OneTool]


class _SomeTools(BaseModel):
    type: Literal["allowed_tools"]
    allowed_tools: _AllowedTools


class _Schema(BaseModel):
    name: str
    wanted: dict[str, object] = Field(alias="schema")


class _Format(BaseModel):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: _Schema | None = None


class _StreamOptions(BaseModel):
    include_usage: bool = False


class _Body(BaseModel):
    model: str
    messages: list[_Message]
    tools: list[_Tool] | None = None
    tool_choice: Literal["auto", "none", "required"] | _OneTool | _SomeTools = "auto"
    parallel_tool_calls: bool = True
    response_format: _Format | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    seed: int | None = None
    n: int | None = 1
    stream: bool | None = False
    stream_options: _StreamOptions | None = None


def parse_request(body: bytes) -> Asked | ApiError:
    """Return the request, or the error that OpenAI answers it with."""
    try:
        parsed = _Body.model_validate_json(body)
    except ValidationError as invalid:
        return _complaint(invalid)
    if error := _misuse(parsed):
        return error
    return Asked(
        chat=_chat(parsed),
        include_usage=parsed.stream_options is not None and parsed.stream_options.include_usage,
        parallel_calls=parsed.parallel_tool_calls,
    )


def _complaint(invalid: ValidationError) -> ApiError:
    first = invalid.errors(include_url=False)[0]
    param = _path(first["loc"])
    if first["type"] == "json_invalid":
        return ApiError(message="We could not parse the JSON body of your request.")
    if first["type"] == "missing":
        return ApiError(
            message=f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter"
        )
    return ApiError(message=f"Invalid value for '{param}': {first['msg']}.", param=param, code="invalid_value")


def _path(location: Sequence[int | str]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return "".join(steps).removeprefix(".")


def _misuse(body: _Body) -> ApiError | None:
    if not body.messages:
        return ApiError(
            message="Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array "
            "instead.",
            param="messages",
            code="empty_array",
        )
    if body.n not in (None, 1):
        return ApiError(message="Invalid value for 'n': this server answers with one choice.", param="n")
    if body.response_format and body.response_format.type == "json_object" and not _mentions_json(body.messages):
        return ApiError(
            message="'messages' must contain the word 'json' in some form, to use 'response_format' of type "
            "'json_object'.",
            param="messages",
        )
    return _unpaired(body.messages)


def _mentions_json(messages: Sequence[_Message]) -> bool:
    return any("json" in _content(message).lower() for message in messages)


def _unpaired(messages: Sequence[_Message]) -> ApiError | None:
    """Each tool call is answered before the conversation goes on, and each tool message answers one."""
    open_calls: list[str] = []
    for position, message in enumerate(messages):
        if message.role == "tool":
            if message.tool_call_id not in open_calls:
                return ApiError(
                    message="Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
                    "with 'tool_calls'.",
                    param=f"messages.[{position}].role",
                )
            open_calls.remove(message.tool_call_id)
            continue
        if open_calls:
            break
        open_calls = [call.id for call in message.tool_calls or ()]
    if not open_calls:
        return None
    return ApiError(
        message="An assistant message with 'tool_calls' must be followed by tool messages responding to each "
        f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(open_calls)}",
        param="messages",
    )


def _chat(body: _Body) -> ChatRequest:
    choice, allowed = _choice(body)
    shape = body.response_format
    return ChatRequest(
        model=body.model,
        messages=tuple(_message(message) for message in body.messages),
        tools=tuple(
            _tool(tool.function) for tool in body.tools or () if allowed is None or tool.function.name in allowed
        ),
        tool_choice=choice,
        response_format=shape.type if shape else "text",
        response_schema=_schema(shape),
        temperature=body.temperature,
        max_tokens=body.max_completion_tokens if body.max_completion_tokens is not None else body.max_tokens,
        seed=body.seed,
        stream=bool(body.stream),
    )


def _choice(body: _Body) -> tuple[str, frozenset[str] | None]:
    """Return the tool choice, and which tools it leaves; None leaves all."""
    match body.tool_choice:
        case _OneTool(function=_Named(name=name)):
            return name, None
        case _SomeTools(allowed_tools=some):
            return some.mode, frozenset(tool.function.name for tool in some.tools)
        case choice:
            return choice, None


def _schema(shape: _Format | None) -> Mapping[str, object] | None:
    return shape.json_schema.wanted if shape and shape.json_schema else None


def _tool(offered: _Offered) -> OfferedTool:
    return OfferedTool(name=offered.name, description=offered.description or "", parameters=offered.parameters or {})


def _message(message: _Message) -> ChatMessage:
    return ChatMessage(
        role=message.role,
        content=_content(message),
        tool_calls=tuple(
            ToolRequest(id=call.id, name=call.function.name, arguments=call.function.arguments)
            for call in message.tool_calls or ()
        ),
        tool_call_id=message.tool_call_id,
    )


def _content(message: _Message) -> str:
    if isinstance(message.content, list):
        return "\n".join(part.text for part in message.content if part.type == "text")
    return message.content or ""
