"""What the dialects of other libraries than pydantic-ai have in common.

They answer no calls without a span by texts of their own (`reply`), and what one span leaves open is completed from
the others afterwards (see settle).
"""

from abc import ABC, abstractmethod
from collections.abc import Collection

from spanwright.core.trace import AgentRun, Message, Part, Span
from spanwright.telemetry.dialects import Reply, Step
from spanwright.telemetry.interning import Interned


class Foreign(ABC):
    """A dialect whose spans stand for themselves. Say in `speaks` and `step` what is particular about it."""

    bulky: frozenset[str] = frozenset()
    name = ""
    """How the dialect is called in tables and diagnoses."""
    flat: tuple[str, ...] = ()
    """The beginnings of the attributes into which lists were flattened; the trace's spans go without them."""
    secondhand = False
    """True where tool spans tell arguments and results less exactly than the messages do."""
    tentative = False
    """True where an agent is told from any other span only by the model calls right below it."""
    functions = False
    """True where any function may leave a tool's span, asked for by a model or not."""
    relays = False
    """True where a tool's span tells how the call of the tool above it was brought to where it runs."""

    @abstractmethod
    def speaks(self, span: Span) -> bool: ...

    @abstractmethod
    def step(self, span: Span, interned: Interned) -> Step | None: ...

    def streams(self, span: Span) -> bool:
        """Say whether a span tells the streamed answer of a request that has a span of its own."""
        return False

    def history(self, span: Span, interned: Interned) -> tuple[Message, ...]:
        return ()

    def guidance(self, span: Span) -> str:
        return ""

    def gave_up(self, run: AgentRun) -> bool:
        return False

    def reply(self, part: Part, offered: Collection[str]) -> Reply | None:
        return None
