"""Where a component's text may come from, in the words of a running program: what is known before any file is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A function or a class in a file."""

    file: Path
    name: str
    """Qualified for a class; of a function its own."""
    line: int = 0
    """The first one of a function, its decorators included; 0 where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a model is told of a function with a docstring: all texts by where they go, the description under ""."""

    texts: Mapping[str, str]

    @property
    def description(self) -> str:
        """Of the function as a whole."""
        return self.texts.get("", "")


Reader: TypeAlias = Callable[[str], Told | None]
"""Returns what is told of a function if its docstring is this one; None where it would be refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InDocstring:
    """A function's docstring, or what it says of one parameter."""

    function: Definition
    docstring: str | None
    """The docstring as the running function has it."""
    read: Reader = field(compare=False, repr=False)
    parameter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InRegistration:
    """The `description=` with which a function is made a tool."""

    function: Definition
    files: tuple[Path, ...]
    """Where that may happen, but for the function's own decorators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InClass:
    """A class's docstring."""

    cls: Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class InField:
    """What is written of a field of a class, or of a parameter of a function: `Field(description=...)`."""

    owner: Definition
    name: str
    of_function: bool = False
    of_model: bool = False
    """Whether the class is a pydantic model, whose fields may be given a `Field`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InArgument:
    """An argument of a call that makes something: `Agent(name="support", instructions=...)`."""

    files: tuple[Path, ...]
    argument: str
    name: str
    """Of the agent; a call that names another one is not meant."""
    variables: tuple[str, ...] = ()
    """The names at the top of these files that are the agent; a call that is assigned to another one is not meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InLiteral:
    """Any literal that means the text, if there is exactly one in these files, or else in the others."""

    files: tuple[Path, ...]
    others: tuple[Path, ...] = ()
    variables: tuple[str, ...] = ()
    """Of several, one in what is assigned to these names is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InText:
    """The default in the calls `text(key, default)` of the user's own code."""

    files: tuple[Path, ...]
    keys: tuple[str, ...]
    """What the key may be written as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nowhere:
    """The text cannot be written back, and why."""

    reason: str
    final: bool = False
    """Whether it is certain: then it is not looked for anywhere else."""


Place: TypeAlias = InDocstring | InRegistration | InClass | InField | InArgument | InLiteral | InText
