"""A trace told as a list of blocks, in the order of its tree: what was asked, said, called and answered, each once.

The order follows the model's answers, not the clock, so two runs that did the same are told in the same words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from spanwright.core.trace import AgentRun, Message, ModelCall, Part, ToolCall, Trace
from spanwright.telemetry.ancestry import Ancestry
from spanwright.telemetry.lenient import parsed, plain
from spanwright.telemetry.unspanned import OUTPUT

_REFUSALS = {"": "error", "validation": "refused", "model_retry": "asked to retry", "unknown_tool": "no such tool"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One thing that happened."""

    label: str
    text: str = ""
    depth: int = 0
    agent: str = ""
    tool: str = ""
    """The tool that was called, if one was."""
    calling: bool = False
    """It is what an agent decided to call, with which arguments."""
    opening: bool = False
    """It opens the run of an agent: what is deeper belongs to that run."""
    failing: bool = False
    framing: bool = False
    """It opens or ends the run of an agent: without it the rest is hard to read."""


def outline(trace: Trace) -> tuple[Block, ...]:
    """Return the blocks of `trace`."""
    return tuple(_Teller(trace).everything())


class _Teller:
    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        runs = {run.span_id for run in trace.agents}
        calls = {call.span_id for call in trace.tool_calls}
        ancestry = Ancestry({span.span_id: span.parent_id for span in trace.spans})
        steps = (*trace.model_calls, *trace.tool_calls)
        self._run_of = {step.span_id: ancestry.nearest(step.span_id, runs) for step in steps}
        self._above = {run.span_id: ancestry.nearest(run.span_id, runs | calls) for run in trace.agents}
        self._told: dict[str, list[ModelCall]] = {}
        """The model calls that were told already, by agent."""
        self._answered = {call.call_id for call in trace.tool_calls if call.call_id}
        self._refusals = [call.error for call in trace.tool_calls if call.error and not call.call_id]

    def everything(self) -> Iterator[Block]:
        yield from self._inside("", depth=0, final=None)

    def _run(self, run: AgentRun, depth: int) -> Iterator[Block]:
        yield Block(label=f"agent {run.name}".rstrip(), depth=depth, agent=run.name, opening=True, framing=True)
        yield from self._inside(run.span_id, depth=depth + 1, final=run.final)
        if run.error or run.final is not None or not self._trace.without_content:
            label, text = _ending(run)
            yield Block(label=label, text=text, depth=depth + 1, agent=run.name, failing=bool(run.error), framing=True)

    def _inside(self, run: str, *, depth: int, final: str | None) -> Iterator[Block]:
        """Tell what belongs to one run, or with "" what belongs to none."""
        calls = [call for call in self._trace.model_calls if self._run_of[call.span_id] == run]
        tools = [call for call in self._trace.tool_calls if self._run_of[call.span_id] == run]
        asked = {
            part.call_id for call in calls if call.answer for part in call.answer.parts if part.kind == "tool_call"
        }
        loose: list[ToolCall | AgentRun] = [tool for tool in tools if not tool.call_id or tool.call_id not in asked]
        loose += [sub for sub in self._trace.agents if self._above[sub.span_id] == run]
        loose.sort(key=lambda step: step.started)
        waiting: dict[str, list[ToolCall]] = {}
        for tool in tools:  # some servers give two calls the same id: the first answered is the first asked
            waiting.setdefault(tool.call_id, []).append(tool)
        for call in calls:
            while loose and loose[0].started < call.started:
                yield from self._step(loose.pop(0), depth)
            yield from self._model_call(call, waiting, depth, final if call is calls[-1] else None)
        for step in loose:
            yield from self._step(step, depth)

    def _step(self, step: ToolCall | AgentRun, depth: int) -> Iterator[Block]:
        return self._tool_call(step, depth) if isinstance(step, ToolCall) else self._run(step, depth)

    def _tool_call(self, call: ToolCall, depth: int) -> Iterator[Block]:
        told = Block(label=f"call {call.name}", text=call.arguments, depth=depth, agent=call.agent, tool=call.name)
        told = replace(told, failing=bool(call.error))
        if call.name != OUTPUT:  # that one was told as what the assistant said
            yield replace(told, calling=True)
        for sub in self._trace.agents:
            if self._above[sub.span_id] == call.span_id:
                yield from self._run(sub, depth + 1)
        if call.error:
            yield replace(told, label=_REFUSALS[call.retry], text=_readable(call.error))
        elif call.result is not None:
            yield replace(told, label="result", text=call.result)

    def _model_call(
        self, call: ModelCall, waiting: Mapping[str, list[ToolCall]], depth: int, final: str | None
    ) -> Iterator[Block]:
        said = Block(label="", depth=depth, agent=call.agent)
        for role, part in self._news(call):
            yield replace(said, label=_speaker(role, part), text=part.text, tool=part.tool, framing=role == "user")
        self._told.setdefault(call.agent, []).append(call)
        if call.error or call.answer is None:
            label = "model call failed" if call.error else "model call broken off"
            yield replace(said, label=label, text=call.error, failing=True)
        for part in call.answer.parts if call.answer else ():
            if part.kind == "tool_call" and part.call_id and waiting.get(part.call_id):
                yield from self._tool_call(waiting[part.call_id].pop(0), depth)
            elif final is None or not _same(part.text, final):
                calling = part.kind == "tool_call"
                yield replace(said, label=_speaker("assistant", part), text=part.text, tool=part.tool, calling=calling)
        if call.finish_reason == "length":
            yield replace(said, label="answer cut off: too long", failing=True)

    def _news(self, call: ModelCall) -> Iterator[tuple[str, Part]]:
        """Yield what this call was asked that was not told yet: no history, no results, no opening system prompt."""
        messages = self._unheard(call)
        opening = next((index for index, message in enumerate(messages) if message.role != "system"), len(messages))
        for message in messages[opening:] if len(messages) == len(call.messages) else messages:
            for part in message.parts:
                answered = part.kind in ("tool_result", "tool_call") and part.call_id in self._answered
                if not answered and not (part.kind == "text" and self._is_feedback(call, part.text)):
                    yield message.role, part

    def _is_feedback(self, call: ModelCall, text: str) -> bool:
        """Say whether a text is the refusal of the answer before, which was told there."""
        run = self._run_of[call.span_id]
        carried_on = any(self._run_of[before.span_id] == run for before in self._told.get(call.agent, []))
        return carried_on and any(refusal in text for refusal in self._refusals)

    def _unheard(self, call: ModelCall) -> Sequence[Message]:
        earlier = self._told.get(call.agent, [])
        known = [
            before for before in earlier if before.messages and call.messages[: len(before.messages)] == before.messages
        ]
        if known:
            last = max(known, key=lambda before: len(before.messages))
            rest = call.messages[len(last.messages) :]
            return rest[1:] if rest and rest[0] == last.answer else rest
        heard = {message for before in earlier for message in before.messages}
        return [message for message in call.messages if message not in heard]


def _speaker(role: str, part: Part) -> str:
    match part.kind:
        case "tool_call":
            return f"call {part.tool}"
        case "tool_result":
            return f"result of {part.tool}".removesuffix(" of ")
        case "thinking":
            return f"{role} thinks"
        case _:
            return role


def _ending(run: AgentRun) -> tuple[str, str]:
    if run.error:
        return "agent failed", run.error
    return ("did not finish", "") if run.final is None else ("final", run.final)


def _readable(error: str) -> str:
    """Say pydantic's list of validation errors in words, and any other error as it is."""
    details = parsed(error) if error.startswith("[{") else None
    said = [_detail(detail) for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
    return "\n".join(said) if said and all(said) else error


def _detail(detail: Mapping[str, JsonValue]) -> str:
    place, message = detail.get("loc"), detail.get("msg")
    if not isinstance(place, list) or not isinstance(message, str):
        return ""
    got = f" (got {plain(detail['input'])})" if "input" in detail else ""
    return f"{'.'.join(str(step) for step in place)}: {message}{got}".removeprefix(": ")


def _same(text: str, final: str) -> bool:
    """Say whether an answer is the final result, as text or as the arguments of an output tool."""
    if text.strip() == final.strip():
        return True
    value = parsed(text) if text[:1] in ("{", "[") else None
    return value is not None and value == parsed(final)
