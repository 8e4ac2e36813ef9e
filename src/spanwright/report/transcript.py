"""A stored rollout as a person reads it in the terminal, and what a reflector was asked and answered.

Rich text: colours where there is a terminal, plain lines elsewhere. Unlike the reflector's view of a trace nothing is
left out but the repetition of history; `longest` cuts single texts, and says so.
"""

from collections.abc import Iterator

from rich.text import Text

from spanwright.core.proposal import Proposal, Reflection
from spanwright.core.rollout import Observed
from spanwright.core.trace import AgentRun, Message, ModelCall, Part, ToolCall, Trace
from spanwright.report import figures

LONGEST = 2_000
"""Characters of one text that are shown unless more is asked for."""


def rollout_transcript(observed: Observed, *, longest: int | None = LONGEST) -> Text:
    """Return a rollout: what it was for, what was said and done, and what came of it."""
    text = Text()
    for line in (*_heading(observed), *_story(observed.trace, longest), *_ending(observed, longest)):
        text.append_text(line).append("\n")
    return text


def reflection_transcript(attempt: int, reflection: Reflection) -> Text:
    """Return what the reflector of an attempt saw, what it answered, and what was made of it. Nothing is cut."""
    text = Text()
    for title, body in (("prompt", reflection.prompt), ("answer", reflection.answer)):
        text.append(f"Attempt {attempt}, the reflector's {title}\n", style="bold")
        text.append(f"{body or '(nothing)'}\n\n")
    text.append(f"Attempt {attempt}, the outcome\n", style="bold")
    text.append(f"{_outcome(reflection)}\n")
    return text


def _outcome(reflection: Reflection) -> str:
    result = reflection.result
    if isinstance(result, Proposal):
        return f"proposed new texts for {', '.join(sorted(result.edits))}"
    return f"refused: {result.reason.value}" + (f", {result.detail}" if result.detail else "")


def _heading(observed: Observed) -> Iterator[Text]:
    rollout = observed.rollout
    key = rollout.key
    purpose = rollout.purpose.value + (f" of attempt {rollout.attempt}" if rollout.attempt is not None else "")
    yield Text(f"Rollout {rollout.number}: case {key.case}, candidate {key.candidate}, {purpose}", style="bold")
    took = figures.duration(rollout.ended - rollout.started)
    usage = f"{figures.number(rollout.usage.requests, 'request')}, {figures.number(rollout.usage.tokens, 'token')}"
    trace = f", trace {rollout.trace_id}" if rollout.trace_id else ""
    yield Text(f"{took}, {usage}, {figures.cost(rollout.usage)}{trace}", style="dim")
    missing = [
        word
        for word, holds in (
            ("a span had not ended", not observed.trace.complete),
            ("parts were dropped by a limit", observed.trace.truncated),
            ("messages were not recorded", observed.trace.without_content),
        )
        if holds
    ]
    if missing:
        yield Text(f"The trace is not whole: {', '.join(missing)}", style="yellow")


def _ending(observed: Observed, longest: int | None) -> Iterator[Text]:
    rollout = observed.rollout
    if observed.output:
        yield from _block("output", observed.output, "green", longest)
    if rollout.failure is not None:
        failure = rollout.failure
        yield from _block(f"failed, {failure.blame.value}'s fault: {failure.boundary}", failure.message, "red", longest)
    score = rollout.score
    if score is None:
        yield Text("no score", style="bold")
        return
    objectives = ", ".join(f"{name} {value:g}" for name, value in score.objectives.items())
    yield Text(f"score {score.value:g}" + (f" ({objectives})" if objectives else ""), style="bold")
    if score.feedback:
        yield from _block("feedback", score.feedback, "", longest)
    for component, reason in score.blame.items():
        yield Text(f"blamed: {component}: {reason}")


def _story(trace: Trace, longest: int | None) -> Iterator[Text]:
    """Tell runs, model calls and tool calls in the order of their start, each message once."""
    steps: list[AgentRun | ModelCall | ToolCall] = [*trace.agents, *trace.model_calls, *trace.tool_calls]
    known = frozenset(call.call_id for call in trace.tool_calls if call.call_id)
    told: set[tuple[str, Message]] = set()
    instructions: dict[str, str] = {}
    for step in sorted(steps, key=lambda step: (step.started, not isinstance(step, AgentRun))):
        match step:
            case AgentRun():
                yield from _agent(step)
            case ToolCall():
                yield from _tool(step, longest)
            case ModelCall():
                if instructions.get(step.agent) != step.instructions:
                    instructions[step.agent] = step.instructions
                    yield from _block("  instructions", step.instructions, "cyan", longest)
                fresh = [message for message in step.messages if (step.agent, message) not in told]
                told.update((step.agent, message) for message in (*fresh, step.answer) if message is not None)
                yield from _model_call(step, fresh, known, longest)


def _agent(run: AgentRun) -> Iterator[Text]:
    by = f", called by {run.parent_agent}" if run.parent_agent else ""
    yield Text(f"agent {run.name}{by}", style="bold magenta")
    if run.error:
        yield Text(f"  failed: {run.error}", style="red")


def _model_call(call: ModelCall, fresh: list[Message], known: frozenset[str], longest: int | None) -> Iterator[Text]:
    for message in fresh:
        for part in message.parts:
            # A tool's result is told where the tool ran, if that left a span of its own.
            if part.kind != "tool_result" or part.call_id not in known:
                yield from _part(message.role, part, longest)
    if call.answer is not None:
        for part in call.answer.parts:
            yield from _part("assistant", part, longest)
    if call.error:
        yield Text(f"  model {call.model} failed: {call.error}", style="red")


def _part(role: str, part: Part, longest: int | None) -> Iterator[Text]:
    if part.kind == "tool_call":
        yield from _block(f"  {role} calls {part.tool}", part.text, "yellow", longest)
    elif part.kind == "tool_result":
        yield from _block(f"  {part.tool} answers", part.text, "blue", longest)
    else:
        label = f"  {role}" if part.kind == "text" else f"  {role}, {part.kind}"
        yield from _block(label, part.text, "dim" if part.kind == "thinking" else "", longest)


def _tool(call: ToolCall, longest: int | None) -> Iterator[Text]:
    if call.result is not None:
        yield from _block(f"  tool {call.name} answers", call.result, "blue", longest)
    if call.error:
        yield from _block(f"  tool {call.name} fails", call.error, "red", longest)


def _block(label: str, body: str, style: str, longest: int | None) -> Iterator[Text]:
    """Yield a label and a text: on one line where it fits, else indented below."""
    shown = _cut(body, longest)
    if "\n" not in shown:
        yield Text(f"{label}: ", style="bold").append(shown, style=f"not bold {style}".strip())
        return
    yield Text(f"{label}:", style="bold")
    for line in shown.splitlines():
        yield Text(f"    {line}", style=style)


def _cut(body: str, longest: int | None) -> str:
    if longest is None or len(body) <= longest:
        return body
    return f"{body[:longest]} [... {len(body) - longest:,} more characters]"
