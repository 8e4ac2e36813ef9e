"""Calls that left no span: of unknown tools, and answers that did not pass validation.

What became of them stands in what the model was told next, or, where it was told nothing any more, in the error with
which its agent ended.
"""

import math
from collections.abc import Iterator, Sequence

from spanwright.core.trace import AgentRun, Message, ModelCall, Part, ToolCall
from spanwright.telemetry.dialects import Dialect, Reply

OUTPUT = "output"
"""The name that stands for the check of an answer that was given as text, not by a call of an output tool."""


def unspanned_calls(
    run: AgentRun, calls: Sequence[tuple[ModelCall, Dialect]], tools: Sequence[ToolCall]
) -> Iterator[ToolCall]:
    """Yield what the model calls of one agent run, in order, tell of calls that are not among `tools`."""
    for (call, dialect), following in zip(calls, [*calls[1:], None], strict=False):
        until = following[0].started if following else math.inf
        spanned = [tool for tool in tools if call.started <= tool.started < until]
        if call.answer is None:
            continue
        if following is not None:
            yield from _told(call, call.answer, dialect, _after_last_answer(following[0].messages), spanned)
        elif dialect.gave_up(run):
            yield from _untold(call, call.answer, run, spanned)


def _told(
    call: ModelCall, answer: Message, dialect: Dialect, replies: Sequence[Part], spanned: Sequence[ToolCall]
) -> Iterator[ToolCall]:
    offered = {tool.name for tool in call.tools}
    for part in _unspanned(answer, spanned):
        told = next((said for said in replies if said.kind == "tool_result" and said.call_id == part.call_id), None)
        if told is not None and (reply := dialect.reply(told, offered)) is not None:
            yield _call(call, part, reply)
    if not _asks(answer) and not any(tool.error for tool in spanned):
        read = (dialect.reply(said, offered) for said in replies if said.kind == "text")
        yield from (_call(call, _whole(answer), reply) for reply in read if reply is not None)


def _untold(call: ModelCall, answer: Message, run: AgentRun, spanned: Sequence[ToolCall]) -> Iterator[ToolCall]:
    """Lay the error that ended a run on the calls that it left unanswered, unless a tool with a span explains it."""
    if any(tool.error for tool in spanned):
        return
    offered = {tool.name for tool in call.tools}
    for part in _unspanned(answer, spanned) if _asks(answer) else [_whole(answer)]:
        unknown = part.tool not in offered and part.tool != OUTPUT
        yield _call(call, part, Reply(error=run.error, retry="unknown_tool" if unknown else ""))


def _asks(answer: Message) -> bool:
    return any(part.kind == "tool_call" for part in answer.parts)


def _unspanned(answer: Message, spanned: Sequence[ToolCall]) -> list[Part]:
    known = {tool.call_id for tool in spanned}
    return [part for part in answer.parts if part.kind == "tool_call" and part.call_id not in known]


def _after_last_answer(messages: Sequence[Message]) -> list[Part]:
    start = next((index for index in range(len(messages), 0, -1) if messages[index - 1].role == "assistant"), 0)
    return [part for message in messages[start:] for part in message.parts]


def _whole(answer: Message) -> Part:
    text = "\n".join(part.text for part in answer.parts if part.kind == "text")
    return Part(kind="tool_call", text=text, tool=OUTPUT)


def _call(call: ModelCall, part: Part, reply: Reply) -> ToolCall:
    return ToolCall(
        span_id=call.span_id,
        agent=call.agent,
        name=part.tool,
        call_id=part.call_id,
        arguments=part.text,
        result=reply.result,
        error=reply.error,
        retry=reply.retry,
        started=call.ended,
        ended=call.ended,
    )
