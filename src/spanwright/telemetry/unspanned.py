"""Calls that left no span: of unknown tools, and answers that did not pass validation.

What became of them stands in what the model was told next, or, where it was told nothing any more, in the error with
which its agent ended.
"""

from collections.abc import Iterator, Sequence

from spanwright.core.trace import AgentRun, Message, ModelCall, Part, ToolCall
from spanwright.telemetry.dialects import Dialect, Reply

OUTPUT = "output"
"""The name that stands for the check of an answer that was given as text, not by a call of an output tool."""


def unspanned_calls(
    run: AgentRun, calls: Sequence[tuple[ModelCall, Dialect]], tools: Sequence[ToolCall]
) -> Iterator[ToolCall]:
    """Yield what the model calls of one agent run, in order, tell of calls that are not among `tools`."""
    for index, (call, dialect) in enumerate(calls):
        if call.answer is None:
            continue
        if index + 1 < len(calls):
            following, _ = calls[index + 1]
            yield from _told(call, call.answer, dialect, _after_last_answer(following.messages), tools)
        elif run.error:
            yield from _untold(call, call.answer, run, tools)


def _told(
    call: ModelCall, answer: Message, dialect: Dialect, replies: Sequence[Part], tools: Sequence[ToolCall]
) -> Iterator[ToolCall]:
    offered = {tool.name for tool in call.tools}
    asked = [part for part in answer.parts if part.kind == "tool_call"]
    spanned = {tool.call_id for tool in tools}
    for part in asked:
        told = next((said for said in replies if said.kind == "tool_result" and said.call_id == part.call_id), None)
        if told is not None and part.call_id not in spanned and (reply := dialect.reply(told, offered)) is not None:
            yield _call(call, part, reply)
    if not asked and not _output_failed(call, tools):
        read = (dialect.reply(said, offered) for said in replies if said.kind == "text")
        yield from (_call(call, _whole(answer), reply) for reply in read if reply is not None)


def _untold(call: ModelCall, answer: Message, run: AgentRun, tools: Sequence[ToolCall]) -> Iterator[ToolCall]:
    """Lay the error that ended a run on the calls that it left unanswered, unless a tool with a span explains it."""
    asked = [part for part in answer.parts if part.kind == "tool_call"]
    spanned = {tool.call_id: tool for tool in tools}
    if _output_failed(call, tools) or any(spanned[part.call_id].error for part in asked if part.call_id in spanned):
        return
    offered = {tool.name for tool in call.tools}
    for part in asked or [_whole(answer)]:
        if part.call_id not in spanned or not part.call_id:
            unknown = part.tool not in offered and bool(asked)
            yield _call(call, part, Reply(error=run.error, retry="unknown_tool" if unknown else ""))


def _after_last_answer(messages: Sequence[Message]) -> list[Part]:
    start = next((index for index in range(len(messages), 0, -1) if messages[index - 1].role == "assistant"), 0)
    return [part for message in messages[start:] for part in message.parts]


def _output_failed(call: ModelCall, tools: Sequence[ToolCall]) -> bool:
    """Say whether an output function, which does leave a span, refused the text of this call."""
    later = [tool for tool in tools if tool.started >= call.ended and not tool.call_id]
    return any(tool.error for tool in later[:1])


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
