"""What is added to a run of an agent: one capability where one can do it, two where another one stands between them.

Spans are made by the first capability of a run and words are put in by the last one, so that the spans hold all that
happens and the words reach all that is sent. pydantic-ai goes through some forty hooks of each capability in a run, so
the second one costs about a twentieth of a run that waits for nothing.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import KW_ONLY, dataclass
from functools import cache
from typing import Any, cast

from pydantic_ai import Agent
from pydantic_ai.agent import AbstractAgent
from pydantic_ai.capabilities import AbstractCapability, Instrumentation
from pydantic_ai.models import ModelRequestContext
from pydantic_ai.tools import RunContext, ToolDefinition

from spanwright.subject.capability import Wearable


@dataclass
class WornInstrumentation(Instrumentation):
    """Both in one: it makes the spans of a run, and has the last word before the model."""

    _: KW_ONLY
    wearable: Wearable

    async def prepare_tools(self, ctx: RunContext[Any], tool_defs: list[ToolDefinition]) -> list[ToolDefinition]:
        """Dress the tools."""
        return self.wearable.tools(tool_defs)

    async def prepare_output_tools(self, ctx: RunContext[Any], tool_defs: list[ToolDefinition]) -> list[ToolDefinition]:
        """Dress the output tools."""
        return self.wearable.output_tools(tool_defs)

    async def before_model_request(
        self, ctx: RunContext[Any], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        """Dress the rest."""
        self.wearable.dress(ctx, request_context)
        return request_context


class Added:
    """The capabilities that are added to the runs of one agent inside a recording."""

    def __init__(self, agent: AbstractAgent[Any, Any]) -> None:
        self._agent = agent
        self._united: WornInstrumentation | None = None

    def to(
        self, arguments: Mapping[str, object], wearable: Wearable, instrumentation: Instrumentation
    ) -> tuple[AbstractCapability[Any], ...]:
        """Return what to add to a run with these arguments."""
        # Rules for tools belong inside of what other capabilities make of them, which the first one would be around.
        apart = wearable.guarding is not None
        if apart or arguments.get("capabilities") or arguments.get("spec") or not _is_alone(self._agent):
            return (wearable, instrumentation)
        united = self._united
        if united is None or united.wearable is not wearable or united.settings is not instrumentation.settings:
            united = self._united = WornInstrumentation(settings=instrumentation.settings, wearable=wearable)
        return (united,)


def _is_alone(agent: AbstractAgent[Any, Any]) -> bool:
    """Return whether no other capability of an agent's runs can have a word that ours would have to come after.

    An agent that wraps another one hands ours on to it, where it meets what that one adds.
    """
    if type(agent) is not Agent or any(_has_a_say(type(each)) for each in agent.root_capability.capabilities):
        return False
    # `Agent.override(spec=...)` may put other capabilities in their place, and nothing public tells. Where it is not
    # found under this name there are two capabilities, which is right everywhere.
    overridden = cast("object", vars(agent).get("_override_root_capability"))
    return isinstance(overridden, ContextVar) and cast("ContextVar[object]", overridden).get() is None


@cache
def _has_a_say(kind: type[AbstractCapability[Any]]) -> bool:
    """Return whether capabilities of a kind change what is sent, or turn into others when a run begins.

    Those that every agent has do not count: they add no words of an agent's.
    """
    if kind in {type(each) for each in Agent().root_capability.capabilities}:
        return False
    return any(
        said is not silent
        for said, silent in (
            (kind.prepare_tools, AbstractCapability.prepare_tools),
            (kind.prepare_output_tools, AbstractCapability.prepare_output_tools),
            (kind.before_model_request, AbstractCapability.before_model_request),
            (kind.for_run, AbstractCapability.for_run),
        )
    )
