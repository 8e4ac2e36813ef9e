"""From a `ChatReply` to OpenAI's JSON: one completion, or the chunks of a stream.

Nothing here depends on the clock: ids derive from the serving, and `created` is a constant.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from math import ceil

from spanwright.testing.simulated.request import Asked
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, ToolRequest

_CREATED = 1_767_225_600  # 2026-01-01: a time that repeats, so that equal servings are equal bytes
_PIECE = 32  # characters in one delta of a stream
_DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """An answer as it goes over the wire."""

    id: str
    request: ChatRequest
    reply: ChatReply
    include_usage: bool = False

    @property
    def input_tokens(self) -> int:
        return _tokens(_prompt_length(self.request))

    @property
    def output_tokens(self) -> int:
        return _tokens(_reply_length(self.reply))

    def body(self) -> bytes:
        """Return the one JSON object of an answer that is not streamed."""
        message: dict[str, object] = {"role": "assistant", "content": self.reply.text or None, "refusal": None}
        if self.reply.calls:
            message["tool_calls"] = [_call(call) for call in self.reply.calls]
        elif message["content"] is None:
            message["content"] = ""
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.reply.finish_reason}
        return _json(self._frame("chat.completion", [choice]) | {"usage": self._usage()})

    def chunks(self) -> tuple[bytes, ...]:
        """Return the server-sent events of a stream, the closing `[DONE]` among them."""
        events = [self._chunk(delta, None) for delta in self._deltas()]
        events.append(self._chunk({}, self.reply.finish_reason))
        if self.include_usage:
            events.append(self._frame("chat.completion.chunk", []) | {"usage": self._usage()})
        return (*(_event(event) for event in events), _DONE)

    def without_choices(self, *, streamed: bool) -> bytes:
        """Return an answer whose list of choices is empty, as overloaded gateways send it."""
        if streamed:
            return _event(self._frame("chat.completion.chunk", [])) + _DONE
        return _json(self._frame("chat.completion", []) | {"usage": self._usage()})

    def padded(self, size: int) -> bytes:
        """Return the answer with `size` bytes in a field that nobody asked for."""
        return self.body()[:-1] + b',"padding":"' + b"x" * size + b'"}'

    def enveloped(self, *, streamed: bool) -> bytes:
        """Return what a gateway wrapped into JSON of its own: no field is where it belongs."""
        value = {"status": "ok", "data": {"text": self.reply.text}, "choices": "see data"}
        return _event(value) + _DONE if streamed else _json(value)

    def _frame(self, kind: str, choices: Sequence[object]) -> dict[str, object]:
        model = self.request.model
        return {"id": self.id, "object": kind, "created": _CREATED, "model": model, "choices": choices}

    def _chunk(self, delta: Mapping[str, object], finish_reason: str | None) -> dict[str, object]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._frame("chat.completion.chunk", [choice]) | {"usage": None}

    def _deltas(self) -> Iterator[Mapping[str, object]]:
        yield {"role": "assistant", "content": None if self.reply.calls and not self.reply.text else ""}
        for piece in _pieces(self.reply.text):
            yield {"content": piece}
        for index, call in enumerate(self.reply.calls):
            yield {"tool_calls": [{"index": index, **_call(replace(call, arguments=""))}]}
            for piece in _pieces(call.arguments):
                yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}

    def _usage(self) -> Mapping[str, int]:
        asked, answered = self.input_tokens, self.output_tokens
        return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


def complete(asked: Asked, reply: ChatReply, *, serving: str) -> Completion:
    """Make `reply` what a server would deliver: within the request's limits, its calls named, its end explained."""
    calls = reply.calls if asked.parallel_calls else reply.calls[:1]
    named = tuple(replace(call, id=call.id or f"call_{_id(serving, str(at))}") for at, call in enumerate(calls))
    finish = "tool_calls" if named and reply.finish_reason == "stop" else reply.finish_reason
    delivered = replace(reply, calls=named, finish_reason=finish)
    if asked.chat.max_tokens is not None:
        delivered = cut(delivered, asked.chat.max_tokens * 4)
    return Completion(
        id=f"chatcmpl-{_id(serving)}", request=asked.chat, reply=delivered, include_usage=asked.include_usage
    )


def cut(reply: ChatReply, characters: int) -> ChatReply:
    """Return the first `characters` of a reply, finished for its length; a reply within the limit as it is."""
    if _reply_length(reply) <= characters:
        return reply
    left = characters - len(reply.text)
    kept: list[ToolRequest] = []
    for call in reply.calls:
        left -= len(call.name)
        if left <= 0:
            break
        kept.append(replace(call, arguments=call.arguments[:left]))
        left -= len(call.arguments)
    return ChatReply(text=reply.text[:characters], calls=tuple(kept), finish_reason="length")


def halved(reply: ChatReply) -> ChatReply:
    """Return the first half of a reply, finished for its length, however short it is."""
    return replace(cut(reply, _reply_length(reply) // 2), finish_reason="length")


def token_count(request: ChatRequest) -> int:
    """Return how many tokens the request counts, at four characters a token."""
    return _tokens(_prompt_length(request))


def _prompt_length(request: ChatRequest) -> int:
    said = sum(len(message.content) + _calls_length(message.tool_calls) for message in request.messages)
    offered = sum(len(tool.name) + len(tool.description) + len(json.dumps(tool.parameters)) for tool in request.tools)
    shape = len(json.dumps(request.response_schema)) if request.response_schema else 0
    return said + offered + shape


def _reply_length(reply: ChatReply) -> int:
    return len(reply.text) + _calls_length(reply.calls)


def _calls_length(calls: Sequence[ToolRequest]) -> int:
    return sum(len(call.name) + len(call.arguments) for call in calls)


def _tokens(characters: int) -> int:
    return ceil(characters / 4)


def _call(call: ToolRequest) -> dict[str, object]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _pieces(text: str) -> Iterator[str]:
    return (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))


def _id(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _event(value: Mapping[str, object]) -> bytes:
    return b"data: " + _json(value) + b"\n\n"


def _json(value: Mapping[str, object]) -> bytes:
    # ASCII only: a reply may hold lone surrogates, which JSON can carry and UTF-8 can't.
    return json.dumps(value, separators=(",", ":")).encode("ascii")
