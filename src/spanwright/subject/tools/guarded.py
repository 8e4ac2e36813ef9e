"""The toolset around all tools of an agent's run, where the rules for its tools are kept.

It is the innermost one around them: whatever another capability makes of tools, a call of one passes here last, before
its function, its MCP server or its sub-agent. Hooks of other capabilities run around a replayed call as around any.
"""

from dataclasses import KW_ONLY, dataclass
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.toolsets import ToolsetTool, WrapperToolset

from spanwright.subject.tools.calls import RehearsedCall
from spanwright.subject.tools.rehearsal import Rehearsal
from spanwright.subject.tools.rules import Asked, Rules


@dataclass
class GuardedToolset(WrapperToolset[Any]):
    """Answers calls by the rules of the agent that makes them."""

    _: KW_ONLY
    agent: str
    rules: Rules
    rehearsal: Rehearsal | None
    """The one that the run began in; None in a preview, which calls no tool."""

    async def get_tools(self, ctx: RunContext[Any]) -> dict[str, ToolsetTool[Any]]:
        """Return the tools. Raises UsageError for a fake that does not fit its tool."""
        tools = await self.wrapped.get_tools(ctx)
        for tool in tools.values():
            self.rules.check(self.agent, tool.tool_def)
        return tools

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]
    ) -> Any:
        """Answer a call."""

        async def live() -> object:
            return await self.wrapped.call_tool(name, tool_args, ctx, tool)

        assert self.rehearsal is not None, "a preview ends before a tool can be called"
        call = RehearsedCall.of(self.agent, tool.tool_def, tool_args, self.rehearsal.case)
        return await self.rules.answer(call, Asked(tool.tool_def, ctx, live), self.rehearsal)
