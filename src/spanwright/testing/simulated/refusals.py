"""What real servers refuse by what they are able to do, in the words in which they refuse it.

A refusal is a function from a request to the error, or None. A server is given some for a model, by name:
`simulated_app(..., refusals={"sim-reflect*": [without_tools]})`. The texts were read in public reports of users.
"""

from collections.abc import Callable
from typing import TypeAlias

from spanwright.testing.simulated.completion import token_count
from spanwright.testing.simulated.request import ApiError
from spanwright.testing.simulated.wire import ChatRequest

Refusal: TypeAlias = Callable[[ChatRequest], ApiError | None]

_LONGEST_DESCRIPTION = 1_024


def without_tools(request: ChatRequest) -> ApiError | None:
    """Refuse tools as Ollama does for a model whose template knows none (pydantic/pydantic-ai#703)."""
    if not request.tools:
        return None
    return ApiError(message=f"registry.ollama.ai/library/{request.model} does not support tools", type="api_error")


def without_tool_parser(request: ChatRequest) -> ApiError | None:
    """Refuse tools as vLLM does when it was started without a tool parser (vllm-project/vllm#9986)."""
    if not request.tools or request.tool_choice == "none":
        return None
    return _vllm('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set')


def without_json_schema(request: ChatRequest) -> ApiError | None:
    """Refuse schemas as OpenAI does for models older than structured outputs."""
    if request.response_format != "json_schema":
        return None
    return ApiError(
        message="Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
        param="response_format",
    )


def without_response_format(request: ChatRequest) -> ApiError | None:
    """Refuse any format but text, in the words of DeepSeek (llm-exe/llm-exe#662)."""
    if request.response_format == "text":
        return None
    return ApiError(message="This response_format type is unavailable now", code="invalid_request_error")


def fixed_temperature(request: ChatRequest) -> ApiError | None:
    """Refuse a temperature other than 1 as OpenAI's reasoning models do (QwenLM/qwen-code#921)."""
    if request.temperature in (None, 1.0):
        return None
    return ApiError(
        message=f"Unsupported value: 'temperature' does not support {request.temperature:g} with this model. Only the "
        "default (1) value is supported.",
        param="temperature",
        code="unsupported_value",
    )


def system_first(request: ChatRequest) -> ApiError | None:
    """Refuse a system message that is not the first, as Qwen's chat template does in vLLM (vllm-project/vllm#41114)."""
    if not any(message.role in ("system", "developer") for message in request.messages[1:]):
        return None
    return _vllm("System message must be at the beginning.")


def without_system_role(request: ChatRequest) -> ApiError | None:
    """Refuse any system message, as Gemma's chat template does in vLLM (vllm-project/vllm#2964)."""
    if not any(message.role in ("system", "developer") for message in request.messages):
        return None
    return _vllm("System role not supported")


def unsupported_system_role(request: ChatRequest) -> ApiError | None:
    """Refuse system messages as OpenAI's o1-mini does (microsoft/agent-framework#1077)."""
    position = next((at for at, message in enumerate(request.messages) if message.role == "system"), None)
    if position is None:
        return None
    return ApiError(
        message=f"Unsupported value: 'messages[{position}].role' does not support 'system' with this model.",
        param=f"messages[{position}].role",
        code="unsupported_value",
    )


def long_descriptions(request: ChatRequest) -> ApiError | None:
    """Refuse tool descriptions of more than 1,024 characters, as OpenAI and Azure do (getsentry/sentry-mcp#106)."""
    for position, tool in enumerate(request.tools):
        if len(tool.description) > 1024:
            where = f"tools[{position}].function.description"
            return ApiError(
                message=f"Invalid '{where}': string too long. Expected a string with maximum length 1024, but got a "
                f"string with length {len(tool.description)} instead.",
                param=where,
                code="string_above_max_length",
            )
    return None


def context_window(tokens: int) -> Refusal:
    """Return a refusal of requests that count more than `tokens` (crewAIInc/crewAI-examples#121)."""

    def overflow(request: ChatRequest) -> ApiError | None:
        counted = token_count(request)
        if counted <= tokens:
            return None
        return ApiError(
            message=f"This model's maximum context length is {tokens} tokens. However, your messages resulted in "
            f"{counted} tokens. Please reduce the length of the messages.",
            param="messages",
            code="context_length_exceeded",
        )

    return overflow


def _vllm(message: str) -> ApiError:
    return ApiError(message=message, type="BadRequestError", code=400)


REFUSALS: tuple[Refusal, ...] = (
    without_tools,
    without_tool_parser,
    without_json_schema,
    without_response_format,
    fixed_temperature,
    system_first,
    without_system_role,
    unsupported_system_role,
    long_descriptions,
)
"""All that need no argument; the command line names them."""


def short_descriptions(request: ChatRequest) -> ApiError | None:
    """Refuse long descriptions of tools as OpenAI does."""
    for place, tool in enumerate(request.tools):
        if len(tool.description) > _LONGEST_DESCRIPTION:
            return ApiError(
                message=f"Invalid 'tools[{place}].function.description': string too long. Expected a string with "
                f"maximum length {_LONGEST_DESCRIPTION}, but got a string with length {len(tool.description)} instead.",
                param=f"tools[{place}].function.description",
                code="string_above_max_length",
            )
    return None
