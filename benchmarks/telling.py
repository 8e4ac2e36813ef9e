"""From long rollouts to the prompt of a reflection: a part of spans.py."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from measuring import cpu, tracer_of

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.case import Case
from spanwright.core.context import Example, ReflectionContext
from spanwright.core.rollout import Observed, Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.trace import Trace
from spanwright.reflection import render_prompt
from spanwright.telemetry import render
from spanwright.telemetry.collector import Collector
from spanwright.telemetry.fold import fold
from spanwright.telemetry.providers import remote_parent
from spanwright.telemetry.redaction import Redactor, RunRedaction

TIMES = 10
TEXT = "the customer asks where order A-17 is " * 60
TURNS = 40
PAGE = 2_200
"""Characters of a tool's result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Milliseconds of CPU from long rollouts to the prompt of a reflection."""

    megabytes: float
    """Of the attributes of one rollout."""
    fold_ms: float
    """To seal and fold one rollout."""
    render_ms: float
    """To tell one in 4,000 tokens."""
    prompts: int
    """Traces in a context."""
    prompt_ms: float
    """To render the prompt of all of them, in 24,000 tokens."""
    secrets_ms: float
    """To redact one, of which nothing was seen before, with `Run(redact="secrets")`."""
    personal_ms: float
    """Likewise with "personal"."""


def long_rollout(collector: Collector, number: int) -> int:
    """Record a rollout of forty turns and return its trace id."""
    trace_id = collector.mint()
    collector.begin(trace_id, 1)
    tracer = tracer_of(collector)
    history: list[object] = [message("user", type="text", content=f"question {number}")]
    with tracer.start_as_current_span("invoke_agent desk", remote_parent(trace_id, 1)) as run:
        run.set_attributes({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "desk"})
        for turn in range(TURNS):
            asked = {"id": f"c{turn}", "name": "look", "arguments": {"page": turn}}
            answer = message("assistant", type="tool_call", **asked)
            found = f"page {turn} of {number}: {TEXT}"[:PAGE]
            chat = {"gen_ai.operation.name": "chat", "gen_ai.agent.name": "desk", "gen_ai.request.model": "small"}
            said = {"gen_ai.input.messages": json.dumps(history), "gen_ai.output.messages": json.dumps([answer])}
            tracer.start_span("chat small", attributes={**chat, **said}).end()
            call = {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "look",
                "gen_ai.tool.call.id": f"c{turn}",
            }
            told = {"gen_ai.tool.call.arguments": json.dumps(asked["arguments"]), "gen_ai.tool.call.result": found}
            tracer.start_span("execute_tool look", attributes={**call, **told}).end()
            history += [answer, message("tool", type="tool_call_response", id=f"c{turn}", name="look", result=found)]
    return trace_id


def message(role: str, **part: object) -> object:
    """Return a message of one part as OpenTelemetry writes it."""
    return {"role": role, "parts": [part]}


def measure_telling(count: int) -> Telling:
    """Record long rollouts, fold them, and build one context of them all."""
    collector = Collector()
    sealed = [collector.seal(long_rollout(collector, number)) for number in range(count)]
    spans = [list(each.spans) for each in sealed]
    traces = [fold(each) for each in spans]
    assert all(len(trace.tool_calls) == TURNS and not trace.truncated for trace in traces)
    attributes = sum(len(str(value)) for span in spans[0] for value in span.attributes.values())
    context = context_of(traces)
    return Telling(
        megabytes=attributes / 1e6,
        fold_ms=min(cpu(lambda: fold(spans[0])) for _ in range(TIMES)) * 1e3,
        render_ms=min(cpu(lambda: render(traces[0], 4_000)) for _ in range(TIMES)) * 1e3,
        prompts=len(traces),
        prompt_ms=min(cpu(lambda: render_prompt(context, 24_000)) for _ in range(3)) * 1e3,
        secrets_ms=redacting(context, personal=False) * 1e3,
        personal_ms=redacting(context, personal=True) * 1e3,
    )


def redacting(context: ReflectionContext, *, personal: bool) -> float:
    """Return the seconds of CPU that one rollout takes to redact, the best of a few."""
    redaction = RunRedaction(Redactor(personal=personal))
    return min(cpu(lambda one=each.observed: redaction.observed(one)) for each in context.examples[:TIMES])


def context_of(traces: Sequence[Trace]) -> ReflectionContext:
    """Return a context in which each trace is a failed example."""
    component = Component(id="desk/instructions", kind=Kind.INSTRUCTIONS, agent="desk", text="Help.", limit=1_000)
    parent = Candidate(texts={component.id: component.text})
    examples = [
        Example(
            case=Case(id=f"{number}", inputs=f"question {number}"),
            observed=Observed(
                rollout=Rollout(
                    number=number,
                    key=RolloutKey(candidate=parent.id, case=f"{number}", repeat=0),
                    purpose=Purpose.MINIBATCH,
                    score=Score(value=0.0, feedback="wrong"),
                    trace_id=trace.id,
                ),
                trace=trace,
                output="",
            ),
        )
        for number, trace in enumerate(traces)
    ]
    return ReflectionContext(attempt=1, parent=parent, components=(component,), examples=tuple(examples))
