"""Seeds degraded by rule: the same tools with good docs, and what is left of them level by level.

D0 good docs; D1 no descriptions of tools; D2 no docs of parameters either; D3 opaque names on top; D4 as D0, but in
each domain two tools have each other's description. `WILD` is what stands in `tools.py`.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from inspect import signature
from pathlib import Path
from types import FunctionType
from typing import Any, Final, cast

from spanwright_agents.tool_desk.tools import TOOLS

DOCS: Final = Path(__file__).with_name("docs.toml")
WILD, GOOD, UNDESCRIBED, UNDOCUMENTED, OPAQUE, SWAPPED = "wild", "D0", "D1", "D2", "D3", "D4"
LEVELS: Final = (GOOD, UNDESCRIBED, UNDOCUMENTED, OPAQUE, SWAPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Docs:
    """What is written about one tool."""

    description: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])

    def docstring(self) -> str | None:
        """Return it as a docstring in the Google style; None where nothing is written."""
        rows = [f"    {name}: {text}" for name, text in self.parameters.items()]
        told = "\n\n".join((self.description, *(["\n".join(("Args:", *rows))] if rows else [])))
        return told if told.strip() else None


def degraded(level: str) -> Mapping[str, Docs]:
    """Return the docs of every tool at a level, by the tools' own names."""
    good, pairs = _written()
    if level == GOOD:
        return good
    if level == SWAPPED:
        other = {one: two for pair in pairs for one, two in (pair, reversed(pair))}
        return {
            name: Docs(description=good[other.get(name, name)].description, parameters=docs.parameters)
            for name, docs in good.items()
        }
    if level == UNDESCRIBED:
        return {name: Docs(parameters=docs.parameters) for name, docs in good.items()}
    if level in (UNDOCUMENTED, OPAQUE):
        return {name: Docs() for name in good}
    raise ValueError(f"there is no level {level!r}: one of {', '.join((WILD, *LEVELS))}")


def named(level: str) -> Mapping[str, str]:
    """Return what each tool is called at a level, by its own name."""
    numbered = {function.__name__: f"op_{number:02}" for number, function in enumerate(TOOLS, start=11)}
    return numbered if level == OPAQUE else {name: name for name in numbered}


def tools_at(level: str) -> tuple[Callable[..., Any], ...]:
    """Return the tools as they are at a level."""
    if level == WILD:
        return TOOLS
    docs, names = degraded(level), named(level)
    return tuple(_documented(each, names[each.__name__], docs[each.__name__]) for each in TOOLS)


def texts_at(level: str, agent: str = "desk") -> Mapping[str, str]:
    """Return the docs of a level as texts by component, for a candidate; what is not written is empty."""
    names, texts = named(level), dict[str, str]()
    for function in TOOLS:
        docs, tool = degraded(level)[function.__name__], f"{agent}/tool:{names[function.__name__]}"
        texts[tool] = docs.description
        for parameter in list(signature(function).parameters)[1:]:
            texts[f"{tool}/{parameter}"] = docs.parameters.get(parameter, "")
    return texts


def _documented(function: Callable[..., Any], name: str, docs: Docs) -> Callable[..., Any]:
    """Return a copy of a function with another name and docstring."""
    original = cast("FunctionType", function)
    copied = FunctionType(original.__code__, original.__globals__, name, original.__defaults__, original.__closure__)
    copied.__annotations__ = dict(original.__annotations__)
    copied.__kwdefaults__ = original.__kwdefaults__
    copied.__qualname__, copied.__module__, copied.__doc__ = name, original.__module__, docs.docstring()
    return copied


@cache
def _written() -> tuple[Mapping[str, Docs], tuple[tuple[str, str], ...]]:
    document = tomllib.loads(DOCS.read_text(encoding="utf-8"))
    tools = cast("Mapping[str, Mapping[str, str]]", document["tools"])
    pairs = cast("Mapping[str, list[str]]", document["swapped"])
    docs = {
        name: Docs(description=said["tool"], parameters={key: text for key, text in said.items() if key != "tool"})
        for name, said in tools.items()
    }
    return docs, tuple((one, two) for one, two in pairs.values())
