"""A call of a tool, in the form in which two equal ones are known as equal: what the model sent, as canonical JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeAlias, cast

from pydantic_ai.tools import ToolDefinition
from pydantic_core import to_jsonable_python

Digest: TypeAlias = str
"""Stands for the arguments of a call where they may not be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedCall:
    """One call of a tool by an agent."""

    agent: str
    tool: str
    """The name by which the model knows it."""
    arguments: Mapping[str, object]
    """As JSON, defaults of the tool's schema filled in."""
    case: str = ""
    """The id of the case that is tried; empty outside of cases."""
    digest: Digest = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest_of(self.arguments))

    @classmethod
    def of(cls, agent: str, definition: ToolDefinition, arguments: Mapping[str, object], case: str) -> "RehearsedCall":
        """Return the call of a tool with validated arguments."""
        return cls(agent=agent, tool=definition.name, arguments=_sent(definition, arguments), case=case)

    @property
    def named(self) -> str:
        """The tool for a message."""
        return f"tool {self.tool} of agent {self.agent}"

    @property
    def shown(self) -> str:
        """The arguments for a message, shortened."""
        text = canonical(self.arguments)
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


_SHOWN = 300


def canonical(arguments: Mapping[str, object]) -> str:
    """Return arguments as the one JSON text that equal arguments have."""
    return json.dumps(arguments, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(arguments: Mapping[str, object]) -> Digest:
    """Return what equal arguments have in common, and does not show them."""
    return blake2b(canonical(arguments).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _sent(definition: ToolDefinition, arguments: Mapping[str, Any]) -> Mapping[str, object]:
    """Return the arguments as the model sent them, or might have: what it left to a default is filled in.

    A function of one model gets its fields without an envelope from the model, and in one after validation.
    """
    properties = cast("Mapping[str, Mapping[str, object]]", definition.parameters_json_schema.get("properties") or {})
    plain = cast("dict[str, object]", to_jsonable_python(dict(arguments), fallback=repr, by_alias=True))
    if len(plain) == 1 and not plain.keys() & properties.keys():
        (inner,) = plain.values()
        plain = cast("dict[str, object]", inner) if isinstance(inner, dict) else plain
    defaults = {name: each["default"] for name, each in properties.items() if "default" in each}
    return {**defaults, **plain}
