"""Tool calls as the model asked for them and as it was told of them: what their spans lack, or that they have none.

Where only the client of a model is instrumented, no span tells of tools at all: a call that the model asked for and
got an answer to was executed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from pydantic import JsonValue

from spanwright.core.trace import ModelCall, Part, ToolCall
from spanwright.telemetry.dialects.reading import as_object, as_text
from spanwright.telemetry.lenient import parsed
from spanwright.telemetry.settle import Scene


@dataclass(slots=True, kw_only=True)
class _Asked:
    call: ModelCall
    part: Part
    met: bool = False
    """A span tells of its execution."""


def completed(
    tools: Mapping[str, ToolCall], calls: Iterable[ModelCall], scene: Scene, runs: Mapping[str, str]
) -> Mapping[str, ToolCall]:
    """Return the tool calls with what the messages know better; plain functions that no model asked for are none."""
    ordered = sorted(calls, key=lambda call: (call.started, call.ended))
    asked: dict[str, list[_Asked]] = {}
    for call in ordered:
        asked.setdefault(runs.get(call.span_id, ""), []).extend(_Asked(call=call, part=part) for part in _calls(call))
    told = dict(_results(ordered))
    known = {part.tool for call in ordered for part in _calls(call)} | {
        tool.name for call in ordered for tool in call.tools
    }
    found: dict[str, ToolCall] = {}
    for tool in sorted(tools.values(), key=lambda call: (call.started, call.ended, call.span_id)):
        dialect = scene.foreign(tool.span_id)
        if dialect is None:
            found[tool.span_id] = tool
            continue
        request = _request(tool, asked.get(runs.get(tool.span_id, ""), []))
        if request is None and dialect.functions and known and tool.name not in known:
            continue
        found[tool.span_id] = _filled(tool, request, told, secondhand=dialect.secondhand)
    return found


def told_only(calls: Iterable[ModelCall]) -> Iterator[ToolCall]:
    """Yield the tool calls of which only the messages tell."""
    ordered = sorted(calls, key=lambda call: (call.started, call.ended))
    told = dict(_results(ordered))
    for index, call in enumerate(ordered):
        told |= dict(_in_turn(call, ordered[index + 1 :], told))
    yielded = set[str]()
    for call in ordered:
        for part in _calls(call):
            if part.call_id in told and part.call_id not in yielded:
                yielded.add(part.call_id)
                yield ToolCall(
                    span_id=call.span_id,
                    agent=call.agent,
                    name=part.tool,
                    call_id=part.call_id,
                    arguments=part.text,
                    result=told[part.call_id],
                    started=call.ended,
                    ended=call.ended,
                )


def _calls(call: ModelCall) -> Iterator[Part]:
    if call.answer is not None:
        yield from (part for part in call.answer.parts if part.kind == "tool_call")


def _results(calls: Sequence[ModelCall]) -> Iterator[tuple[str, str]]:
    for call in calls:
        for message in call.messages:
            for part in message.parts:
                if part.kind == "tool_result" and part.call_id:
                    yield part.call_id, part.text


def _in_turn(call: ModelCall, later: Sequence[ModelCall], told: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Pair calls with results by their order, where the ids are of two kinds: OpenAI's items have an own one."""
    asked = list(_calls(call))
    if not asked or told.keys() & {part.call_id for part in asked}:
        return
    for following in later:
        said, results = _last_turn(following)
        if [part.tool for part in said] == [part.tool for part in asked] and len(results) == len(asked):
            yield from ((part.call_id, answer.text) for part, answer in zip(asked, results, strict=True))
            return


def _last_turn(call: ModelCall) -> tuple[list[Part], list[Part]]:
    """Return the tool calls that the model was last reminded of, and the results that follow them."""
    parts = [(message.role, part) for message in call.messages for part in message.parts]
    results = list(takewhile(lambda pair: pair[1].kind == "tool_result", reversed(parts)))
    said = takewhile(lambda pair: pair[0] == "assistant", reversed(parts[: len(parts) - len(results)]))
    asked = [part for _, part in said if part.kind == "tool_call"]
    return asked[::-1], [part for _, part in results][::-1]


def _request(tool: ToolCall, asked: Sequence[_Asked]) -> _Asked | None:
    """Find what the model asked for: by id, else in the last turn before the execution, by arguments or by order."""
    if tool.call_id:
        exact = next((one for one in asked if one.part.call_id == tool.call_id and not one.met), None)
        if exact is not None:
            exact.met = True
            return exact
    fitting = [one for one in asked if not one.met and one.part.tool == tool.name and one.call.started <= tool.started]
    latest = max((one.call.started for one in fitting), default=0.0)
    turn = [one for one in fitting if one.call.started == latest]
    best = next((one for one in turn if _equal(one.part.text, tool.arguments)), turn[0] if turn else None)
    if best is not None:
        best.met = True
    return best


def _equal(asked: str, executed: str) -> bool:
    """Say whether two texts are the same arguments; the executed ones may be the bare value of the only one."""
    if asked == executed:
        return True
    wanted: JsonValue = parsed(asked)
    values = list(as_object(wanted).values())
    given = parsed(executed)
    return wanted == given or (len(values) == 1 and (as_text(values[0]) == executed or values[0] == given))


def _filled(tool: ToolCall, request: _Asked | None, told: Mapping[str, str], *, secondhand: bool) -> ToolCall:
    if request is None:
        return tool
    call_id = tool.call_id or request.part.call_id
    better = bool(request.part.text) and (secondhand or not tool.arguments)
    answer = told.get(call_id, "") if secondhand and tool.result is not None else ""
    printed = bool(answer) and parsed(tool.result or "") is None and parsed(answer) is not None
    return replace(
        tool,
        call_id=call_id,
        arguments=request.part.text if better else tool.arguments,
        result=answer if printed else tool.result,
    )
