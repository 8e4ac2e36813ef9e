"""What a rollout did with its tools, and what is known of what it should have done: small, so that each keeps it.

A tool goes by its address, `agent/tool`, since two agents may have a tool of one name. Where nobody says whose it is
there is the name alone, which means every agent's. A skill that an agent loads counts as a tool, `agent/skill:name`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import StrEnum

SKILL = "skill:"
"""What stands before the name of a skill where it counts as a tool."""


def address(agent: str, tool: str) -> str:
    """Return the address of an agent's tool; its name where the agent is not known."""
    return f"{agent}/{tool}" if agent else tool


def tool_at(address: str) -> str:
    """Return the name of the tool at an address."""
    return address.rpartition("/")[2]


def same(one: str, other: str) -> bool:
    """Return whether two addresses mean one tool: a name alone means that of every agent."""
    return one == other or (tool_at(one) == tool_at(other) and not ("/" in one and "/" in other))


class Known(StrEnum):
    """From where it is known which tools a case takes, the surest first."""

    CASE = "expected tools of the case"
    FEEDBACK = "feedback that names a tool"
    SUCCESS = "successful runs of the same case"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsWanted:
    """Which tools a case takes, as far as it is known."""

    source: Known
    should: tuple[str, ...] = ()
    """Tools that have to be called, in order where there is one, by their addresses."""
    allowed: tuple[str, ...] | None = None
    """Tools beside which none should be called; None where nothing is known of others."""
    not_these: tuple[str, ...] = ()
    """Tools that should not be called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What became of the calls of one tool in one rollout."""

    count: int = 1
    refused: int = 0
    """The arguments were not valid, or the tool asked to try again."""
    raised: int = 0
    """The tool ended in an exception, or there is no tool of this name."""
    ignored: int = 0
    """What the tool told was not used afterwards: in no other call and no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsUsed:
    """The tools of one rollout."""

    calls: Mapping[str, Calls] = field(default_factory=dict[str, Calls])
    """By address, in the order of the first calls."""
    wanted: ToolsWanted | None = None
    """None where nothing is known."""

    def missed(self, wanted: ToolsWanted | None) -> tuple[str, ...]:
        """Return the tools that should have been called and were not."""
        return () if wanted is None else tuple(tool for tool in wanted.should if not _among(tool, self.calls))

    def needless(self, wanted: ToolsWanted | None) -> tuple[str, ...]:
        """Return the tools that were called and should not have been."""
        if wanted is None:
            return ()
        return tuple(
            tool
            for tool in self.calls
            if _among(tool, wanted.not_these) or (wanted.allowed is not None and not _among(tool, wanted.allowed))
        )

    def confused(self, wanted: ToolsWanted | None) -> tuple[tuple[str, str], ...]:
        """Return pairs of what was called and what should have been instead; none where the order leaves it open."""
        missed, needless = self.missed(wanted), self.needless(wanted)
        if wanted is None or not missed or not needless:
            return ()
        if len(missed) == 1:
            return tuple((tool, missed[0]) for tool in needless)
        meant = {tool: next((each for each in wanted.should if same(each, tool)), tool) for tool in self.calls}
        called = list(self.calls)
        matcher = SequenceMatcher(a=wanted.should, b=list(meant.values()), autojunk=False)
        replaced = (
            zip(called[b1:b2], wanted.should[a1:a2], strict=True)
            for kind, a1, a2, b1, b2 in matcher.get_opcodes()
            if kind == "replace" and a2 - a1 == b2 - b1
        )
        return tuple(pair for pairs in replaced for pair in pairs if pair[0] in needless and pair[1] in missed)


def _among(tool: str, others: Iterable[str]) -> bool:
    return any(same(tool, other) for other in others)
