"""How one library writes its agents, model calls and tool calls into spans: one dialect a file.

Everything that does not depend on the library (the tree, interning, attribution, calls without a span) is in fold.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from spanwright.core.trace import AgentRun, Message, ModelCall, Part, Span, ToolCall
from spanwright.telemetry.interning import Interned

Step: TypeAlias = AgentRun | ModelCall | ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the model was told about a call of its own that left no span."""

    result: str | None = None
    error: str = ""
    retry: Literal["", "validation", "model_retry", "unknown_tool"] = ""


class Dialect(Protocol):
    """Reads the spans of one library.

    A step that does not say its agent has `agent=""`: it is that of the nearest agent above it in the tree.
    """

    @property
    def bulky(self) -> frozenset[str]:
        """The attributes that the steps hold already; the trace's spans go without them."""
        ...

    def speaks(self, span: Span) -> bool:
        """Say whether `span` is written in this dialect."""
        ...

    def step(self, span: Span, interned: Interned) -> Step | None:
        """Return the step that `span` tells of, None for any other span."""
        ...

    def history(self, span: Span, interned: Interned) -> tuple[Message, ...]:
        """Return the messages that an agent's span holds: a model call that failed could not write its own."""
        ...

    def guidance(self, span: Span) -> str:
        """Return the instructions that an agent's span holds, for the same call."""
        ...

    def gave_up(self, run: AgentRun) -> bool:
        """Say whether a run ended because the model had been asked to try again too often."""
        ...

    def reply(self, part: Part, offered: Collection[str]) -> Reply | None:
        """Read a part of what followed an answer; None where it is no reply to a call, or the call needs no telling."""
        ...
