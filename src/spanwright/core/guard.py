"""What a user demands of every new text of a component, beyond that it be better."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from spanwright.errors import UsageError

Format: TypeAlias = Literal["plain", "markdown", "xml"]
"""`plain`: no headings, emphasis, links, tables, code blocks, tags; `markdown`: no tags; `xml`: all stands in tags."""

Bounded: TypeAlias = Literal["cost", "latency", "tokens", "requests", "tool_calls"]
"""The figures of a rollout that a guard can bound: those that are measured without an evaluator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Bounds for the texts of a component. A proposal that breaks one is refused before a rollout is paid for."""

    max_tokens: int | None = None
    """Counted as everywhere: a token for every four bytes of UTF-8."""
    max_characters: int | None = None
    """In place of the component's own limit: a provider may allow more than 1,024, or less."""
    format: Format | None = None
    forbid: tuple[str, ...] = ()
    """Regular expressions that may match nowhere."""
    keep: tuple[str, ...] = ()
    """What must stand in every text, to the letter: placeholders, template variables, a sentence that lawyers wrote."""
    copies: bool = False
    """Whether a text may repeat eight words in a row that only one or two training or validation cases have."""
    regression: bool = False
    """Whether to return no winner whose edit is shown to harm the cases that use the tool, though the mean rose."""
    strangers: bool = False
    """Whether a text may bring in addresses, credentials, names of unknown tools, or sentences of users and tools.

    Unlike all else here this is refused without a guard, too; a guard can allow it.
    """
    max_more: Mapping[str, float] = field(default_factory=dict[str, float], hash=False)
    """How much more than the seed a winner that edits the component may take, as a part: `{"tokens": 0.2}`.

    Figures are `cost`, `latency`, `tokens`, `requests` and `tool_calls`.
    """

    def __post_init__(self) -> None:
        """Raise UsageError for what no text could keep to."""
        for name in ("forbid", "keep"):
            value = getattr(self, name)
            if isinstance(value, str):
                raise UsageError(f"{name}={value!r} of a guard is one text", f"Give several: {name}=[{value!r}]")
            object.__setattr__(self, name, tuple(value))
        for name in ("max_tokens", "max_characters"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"{name}={value} of a guard allows no text", "Give 1 or more, or pin the component")
        if self.format is not None and self.format not in get_args(Format):
            raise UsageError(f"format={self.format!r} of a guard is unknown", 'Say "plain", "markdown" or "xml"')
        for figure, more in self.max_more.items():
            if figure not in get_args(Bounded) or not more >= 0:
                what = f"max_more={{{figure!r}: {more!r}}} of a guard bounds nothing that is measured"
                raise UsageError(what, f"Give 0 or more for one of: {', '.join(get_args(Bounded))}")
        for pattern in self.forbid:
            try:
                re.compile(pattern)
            except re.error as error:
                what = f"{pattern!r} of a guard is no regular expression: {error}"
                raise UsageError(what, "Mend it; re.escape makes one of a plain text") from error

    def __and__(self, other: "Guard") -> "Guard":
        """Return the guard that demands what both demand; of two formats, the other's."""
        return Guard(
            max_tokens=_least(self.max_tokens, other.max_tokens),
            max_characters=_least(self.max_characters, other.max_characters),
            format=other.format or self.format,
            forbid=tuple(dict.fromkeys((*self.forbid, *other.forbid))),
            keep=tuple(dict.fromkeys((*self.keep, *other.keep))),
            copies=self.copies and other.copies,
            regression=self.regression or other.regression,
            strangers=self.strangers and other.strangers,
            max_more={
                figure: min(each[figure] for each in (self.max_more, other.max_more) if figure in each)
                for figure in (*self.max_more, *(each for each in other.max_more if each not in self.max_more))
            },
        )


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)
