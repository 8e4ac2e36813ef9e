"""LangChain and LangGraph as OpenInference writes them: everything is a chain, and tools wrap what they answer.

An agent is the chain that bears the name that its own metadata gives for the agent. A tool with one parameter has its
bare value as input: name and JSON stand in the tool call of the model only (so `secondhand`).
"""

from dataclasses import replace

from spanwright.core.trace import AgentRun, ModelCall, Span, ToolCall
from spanwright.telemetry.dialects import Step
from spanwright.telemetry.dialects.messages import answer, messages, words
from spanwright.telemetry.dialects.openinference import KIND, OpenInference
from spanwright.telemetry.dialects.reading import as_list, as_object, as_text, failure, object_of
from spanwright.telemetry.interning import Interned
from spanwright.telemetry.lenient import parsed


class LangChain(OpenInference):
    """Reads LangChain's and LangGraph's spans: chains, of which those that carry their own agent's name are agents."""

    name = "OpenInference LangChain"
    secondhand = True

    def speaks(self, span: Span) -> bool:
        return span.scope == "openinference.instrumentation.langchain"

    def step(self, span: Span, interned: Interned) -> Step | None:
        named = as_text(object_of(span, "metadata").get("lc_agent_name"))
        if span.attributes.get(KIND) in ("CHAIN", "AGENT"):
            return replace(_chain(span), name=named) if named and span.name == named else None
        step = super().step(span, interned)
        return replace(step, agent=named) if isinstance(step, ModelCall | ToolCall) else step

    def tool(self, span: Span) -> ToolCall | None:
        call = super().tool(span)
        if call is None or call.result is None:
            return call
        wrapped = as_object(parsed(call.result))
        message = as_object(wrapped.get("data")) or (wrapped if "tool_call_id" in wrapped else {})
        if "tool_call_id" not in message:
            return call
        told = "\n".join(part.text for said in messages({**message, "role": "tool"}) for part in said.parts)
        failed = message.get("status") == "error"
        return replace(
            call,
            call_id=call.call_id or as_text(message["tool_call_id"]),
            result=None if failed else told,
            error=told or "error" if failed else call.error,
        )


def _chain(span: Span) -> AgentRun:
    last = as_list(object_of(span, "output.value").get("messages"))[-1:]
    return AgentRun(
        span_id=span.span_id,
        name=span.name,
        final=words(answer(last)) or None,
        error=failure(span),
        started=span.started,
        ended=span.ended,
    )
