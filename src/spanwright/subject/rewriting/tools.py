"""The tools of an agent by the names that a model knows them by, and what a docstring makes of one."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import Any

from pydantic_ai.agent import AbstractAgent
from pydantic_ai.exceptions import UserError
from pydantic_ai.tools import Tool
from pydantic_ai.toolsets import (
    AbstractToolset,
    CombinedToolset,
    FunctionToolset,
    PrefixedToolset,
    RenamedToolset,
    WrapperToolset,
)

from spanwright.source import Reader, Told
from spanwright.subject.schemas import places


@dataclass(frozen=True, slots=True)
class Tools:
    """What is known of an agent's tools before it runs."""

    named: Mapping[str, Tool[Any]]
    foreign: tuple[str, ...]
    """The kinds of toolsets whose tools are not made from functions, or only at run time."""


def tools_of(agent: AbstractAgent[Any, Any]) -> Tools:
    """Return an agent's tools that are made from functions."""
    named: dict[str, Tool[Any]] = {}
    foreign: list[str] = []
    for toolset in agent.toolsets:
        for name, tool in _tools(toolset, foreign):
            named.setdefault(name, tool)
    return Tools(named, tuple(dict.fromkeys(foreign)))


def _tools(toolset: AbstractToolset[Any], foreign: list[str]) -> Iterator[tuple[str, Tool[Any]]]:
    match toolset:
        case FunctionToolset():
            yield from toolset.tools.items()
        case CombinedToolset():
            for each in toolset.toolsets:
                yield from _tools(each, foreign)
        case PrefixedToolset():
            for name, tool in _tools(toolset.wrapped, foreign):
                yield f"{toolset.prefix}_{name}", tool
        case RenamedToolset():
            new = {old: new for new, old in toolset.name_map.items()}
            for name, tool in _tools(toolset.wrapped, foreign):
                yield new.get(name, name), tool
        case WrapperToolset():
            yield from _tools(toolset.wrapped, foreign)
        case _:
            foreign.append(type(toolset).__name__)


def told_of(tool: Tool[Any]) -> Told:
    """Return what a model is told of a tool, but for what is changed while it runs."""
    texts = {path: text for path, text in places(tool.function_schema.json_schema) if text}
    return Told(texts={"": tool.description or "", **texts})


def reader_of(tool: Tool[Any]) -> Reader:
    """Return how a docstring of a tool's function is read: as pydantic-ai reads it, by making the tool anew."""

    def read(docstring: str) -> Told | None:
        function = _copy(tool.function, docstring)
        if function is None:
            return None
        try:
            made = Tool[Any](
                function,
                takes_ctx=tool.takes_ctx,
                name=tool.name,
                docstring_format=tool.docstring_format,
                require_parameter_descriptions=tool.require_parameter_descriptions,
            )
        except UserError:  # a parameter that has to be described is not
            return None
        return told_of(made)

    return read


def _copy(function: Callable[..., Any], docstring: str) -> Callable[..., Any] | None:
    """Return a function that differs by its docstring alone; None for what is no function."""
    if isinstance(function, MethodType):
        inner = _copy(function.__func__, docstring)
        return None if inner is None else MethodType(inner, function.__self__)
    if not isinstance(function, FunctionType):
        return None
    copied = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copied.__dict__.update(function.__dict__)
    copied.__kwdefaults__ = function.__kwdefaults__
    copied.__annotations__ = function.__annotations__
    copied.__module__, copied.__qualname__ = function.__module__, function.__qualname__
    copied.__doc__ = docstring
    return copied
