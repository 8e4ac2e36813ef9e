"""Messages and tool definitions in any of the shapes in which libraries write them down.

OpenTelemetry parts, OpenAI chat messages and response items, Anthropic, Bedrock, Google and Vercel content blocks,
LangChain's serialized messages. The shapes tell themselves apart, so one reader serves all dialects.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Literal, TypeAlias

from pydantic import JsonValue

from spanwright.core.trace import Message, Part, ToolDefinition
from spanwright.telemetry.dialects.reading import Record, as_list, as_object, as_text, is_object
from spanwright.telemetry.lenient import parsed, plain

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]

_ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "aimessagechunk": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
    "systemmessage": "system",
    "humanmessage": "user",
    "aimessage": "assistant",
    "toolmessage": "tool",
}
_DEEPEST = 30
"""No message is nested deeper; hostile ones are."""


def messages(element: JsonValue) -> Iterator[Message]:
    """Read one element of a conversation; results of tools become messages of the tool, whatever their role was."""
    if isinstance(element, str) and element:
        yield Message(role="user", parts=(Part(kind="text", text=as_text(element)),))
    if not is_object(element):
        return
    said = _unpacked(element)
    role = _role(said)
    parts = list(_parts(said))
    if role == "assistant":
        yield Message(role=role, parts=tuple(parts))
        return
    for results, group in groupby(parts, key=lambda part: part.kind == "tool_result"):
        yield Message(role="tool" if results else "user" if role == "tool" else role, parts=tuple(group))


def conversation(elements: Iterable[JsonValue]) -> tuple[Message, ...]:
    """Read a list of messages."""
    return tuple(message for element in elements for message in messages(element))


def answer(elements: list[JsonValue]) -> Message | None:
    """Return what a model said, in however many pieces."""
    said = [message for element in elements for message in messages(_as_answer(element))]
    parts = tuple(part for message in said if message.role == "assistant" for part in message.parts)
    return Message(role="assistant", parts=parts) if said else None


def definition(element: JsonValue) -> ToolDefinition | None:
    """Read one tool, flat or inside `function`."""
    if isinstance(element, str):
        element = parsed(element)
    outer = as_object(element)
    said = {**outer, **as_object(outer.get("function")), **as_object(outer.get("toolSpec"))}
    if not said.get("name"):
        return None
    keys = ("parameters", "inputSchema", "input_schema", "parameters_json_schema", "json_schema")
    schema = next((said[key] for key in keys if said.get(key) is not None), None)
    return ToolDefinition(
        name=as_text(said["name"]),
        description=as_text(said.get("description")),
        parameters="" if schema is None else plain(as_object(schema).get("json", schema)),
    )


def definitions(elements: Iterable[JsonValue]) -> tuple[ToolDefinition, ...]:
    """Read a list of tools."""
    return tuple(tool for element in elements if (tool := definition(element)) is not None)


def instructions(value: JsonValue) -> str:
    """Read a system prompt: a text, or a list of texts or parts."""
    if isinstance(value, list):
        return "\n\n".join(filter(None, (instructions(part) for part in value)))
    said = as_object(value)
    if said:
        return as_text(said.get("content") or said.get("text")) or instructions(said.get("parts"))
    return as_text(value)


def words(message: Message | None) -> str:
    """Return the plain text of a message."""
    return "" if message is None else "\n".join(part.text for part in message.parts if part.kind == "text")


def _as_answer(element: JsonValue) -> JsonValue:
    """Say that the model said it, where nobody says who did."""
    if not is_object(element):
        return {"role": "assistant", "content": element} if isinstance(element, str) else None
    said = _unpacked(element)
    return said if said.get("type") or said.get("role") == "assistant" else {**said, "role": "assistant"}


def _unpacked(element: Record) -> Record:
    """Take a message out of a choice of OpenAI's, or out of LangChain's wrapping."""
    inner = element.get("message")
    if is_object(inner):
        return {"role": "assistant", **_unpacked(inner)}
    if isinstance(inner, list) and "content" not in element:  # blocks
        return {"role": "assistant", "content": inner}
    kwargs, data = element.get("kwargs"), element.get("data")
    if is_object(kwargs) and "lc" in element:
        path = as_list(element.get("id"))
        return {**kwargs, "role": str(path[-1]).casefold() if path else ""}
    if is_object(data) and isinstance(element.get("type"), str):
        return {**data, "role": element["type"]}
    return element


def _role(said: Record) -> Role:
    named = said.get("role")
    if isinstance(named, str) and named:
        return _ROLES.get(named.casefold(), "user")
    match said.get("type"):
        case "function_call" | "reasoning" | "ai":
            return "assistant"
        case "function_call_output" | "tool":
            return "tool"
        case "system":
            return "system"
        case _:
            return "user"


def _parts(said: Record) -> Iterator[Part]:
    kind = said.get("type")
    if kind in ("function_call", "function_call_output", "reasoning") and "role" not in said:
        yield from _block(said, said)
        return
    pieces = said.get("parts", said.get("content"))
    if isinstance(pieces, str) and pieces[:2] == "[{" and "parts" not in said:
        blocks = parsed(pieces)  # Strands writes its blocks as JSON inside the content, Traceloop those of OpenAI
        pieces = blocks if _are_blocks(blocks, tool=_role(said) == "tool") else pieces
    if _role(said) == "tool" and "parts" not in said and not _holds_results(pieces):
        yield _result(said, pieces)
        return
    for piece in pieces if isinstance(pieces, list) else [pieces]:
        yield from _block(piece, said)
    if as_text(said.get("refusal")):
        yield Part(kind="text", text=as_text(said["refusal"]))
    told = {part.call_id for part in _calls(pieces, said)}
    yield from (part for part in _asked(said) if not part.call_id or part.call_id not in told)


def _asked(said: Record) -> Iterator[Part]:
    """Yield the tool calls that stand beside the content."""
    extra = as_object(said.get("additional_kwargs"))
    for call in as_list(said.get("tool_calls")) or as_list(extra.get("tool_calls")):
        yield from _call(as_object(call))
    old = as_object(said.get("function_call"))
    if old.get("name"):
        yield from _call(old)


def _calls(pieces: JsonValue, said: Record) -> Iterator[Part]:
    for piece in as_list(pieces):
        yield from (part for part in _block(piece, said) if part.kind == "tool_call")


def _are_blocks(blocks: JsonValue, *, tool: bool) -> bool:
    """Say whether a JSON text is content in blocks. Data that a user sends or a tool returns looks otherwise."""
    if tool:
        return _holds_results(blocks)
    return all(
        set(as_object(block)) in ({"text"}, {"toolUse"}, {"toolResult"}) or as_object(block).get("type") in _BLOCKS
        for block in as_list(blocks)
    )


_BLOCKS = frozenset({"text", "input_text", "output_text", "image_url", "input_image", "tool_use", "tool_result"})


def _holds_results(pieces: JsonValue) -> bool:
    kinds = ("tool-result", "tool_result", "tool_call_response", "function_call_output")
    return any(
        as_object(piece).get("type") in kinds
        or "toolResult" in as_object(piece)
        or "function_response" in as_object(piece)
        for piece in as_list(pieces)
    )


def _call(call: Record) -> Iterator[Part]:
    function = as_object(call.get("function"))
    source = function or call
    name = source.get("name", source.get("toolName"))
    if not name:
        return
    said = next((source[key] for key in ("arguments", "args", "input") if source.get(key) is not None), None)
    call_id = next((call[key] for key in ("call_id", "toolCallId", "toolUseId", "id") if call.get(key)), None)
    yield Part(kind="tool_call", text=as_text(said), tool=as_text(name), call_id=as_text(call_id))


def _result(said: Record, value: JsonValue) -> Part:
    call_id = next((said[key] for key in _RESULT_IDS if said.get(key)), None)
    name = said.get("name", said.get("toolName"))
    return Part(kind="tool_result", text=_told(value), tool=as_text(name), call_id=as_text(call_id))


_RESULT_IDS = ("tool_call_id", "call_id", "toolCallId", "tool_use_id", "toolUseId", "id")


def _told(value: JsonValue) -> str:
    """Return a tool's result without what wraps it: text blocks, or Vercel's typed output."""
    if isinstance(value, list) and value and all(_is_text(as_object(item)) for item in value):
        return "\n".join(as_text(as_object(item)["text"]) for item in value)
    said = as_object(value)
    if set(said) == {"type", "value"}:
        return as_text(said["value"])
    return as_text(value)


def _is_text(item: Record) -> bool:
    return "text" in item and (item.get("type") in ("text", "input_text", "output_text") or set(item) == {"text"})


def _block(piece: JsonValue, said: Record) -> Iterator[Part]:
    if isinstance(piece, str):
        if piece:
            yield Part(kind="text", text=as_text(piece))
        return
    if not is_object(piece):
        return
    kind = piece.get("type")
    match kind:
        case "text" | "output_text" | "input_text" | "refusal":
            value = next((piece[key] for key in ("content", "text", "refusal") if piece.get(key) is not None), None)
            yield Part(kind="text", text=as_text(as_object(value).get("value", value)))
        case "reasoning" | "thinking":
            yield Part(kind="thinking", text=_thought(piece))
        case "tool_call" | "tool-call" | "tool_use" | "function_call":
            yield from _call(piece)
        case "tool_call_response" | "tool_result" | "tool-result" | "function_call_output":
            keys = ("response", "result", "output", "content")
            yield _result(piece, next((piece[key] for key in keys if piece.get(key) is not None), None))
        case None:
            yield from _untyped(piece)
        case _:
            yield Part(kind="other", text=_facts(piece))


def _untyped(piece: Record) -> Iterator[Part]:
    """Read the blocks of Bedrock and Google, which name their kind by their only key."""
    used = as_object(piece.get("toolUse", piece.get("function_call", piece.get("functionCall"))))
    given = piece.get("toolResult", piece.get("function_response", piece.get("functionResponse")))
    if used:
        yield from _call(used)
    elif is_object(given):
        yield _result(given, given.get("response", given.get("content")))
    elif "text" in piece or "content" in piece:
        yield Part(kind="text", text=as_text(piece.get("text", piece.get("content"))))
    elif piece:
        yield Part(kind="other", text=_facts(piece))


def _thought(piece: Record) -> str:
    for key in ("content", "text", "thinking", "summary"):
        value = piece.get(key)
        if isinstance(value, list):
            return "\n".join(instructions(item) for item in value)
        if value:
            return as_text(value)
    return ""


def _facts(piece: Record) -> str:
    """Say what a picture or a file is, without its bytes."""
    return plain({key: _short(value, 0) for key, value in piece.items() if value is not None})


def _short(value: JsonValue, depth: int) -> JsonValue:
    if isinstance(value, str):
        return value if len(value) <= 500 else f"({len(value)} characters)"
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, list):
        return [_short(item, depth + 1) for item in value]
    if is_object(value):
        return {key: _short(item, depth + 1) for key, item in value.items()}
    return value
