"""The toolset that gives each call of a tool its deadline, where a run has one.

A sync tool works in a thread, which nobody can stop: its deadline is noticed when it returns.
"""

from dataclasses import dataclass
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.toolsets import ToolsetTool, WrapperToolset

from spanwright.errors import CandidateFailed
from spanwright.models import Deadline, Traffic, wall_clock, working_time


@dataclass
class TimedToolset(WrapperToolset[Any]):
    """Ends a rollout whose tool takes longer than a tool may."""

    traffic: Traffic

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]
    ) -> Any:
        """Call a tool. What it waits for by our rules, as the models of a sub-agent, is not counted."""
        seconds = self.traffic.terms.deadlines.tool_call
        working = working_time()
        before = 0.0 if working is None else working.charged
        passed = wall_clock(self.traffic.pulse) if working is None else (lambda: working.charged - before)
        with Deadline(seconds, passed):
            result = await self.wrapped.call_tool(name, tool_args, ctx, tool)
            if seconds is None or passed() <= seconds:  # a thread's result comes through a cancelled scope, too
                return result
        raise CandidateFailed("tool", f"{name} took longer than {seconds:g} s", signature=f"deadline of {name}")
