"""From a component to the places in the user's code that its text may come from, by what a running agent knows.

What is known are functions, classes and annotations; where they stand in a file is looked up in `source`.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from inspect import cleandoc
from pathlib import Path
from types import FunctionType
from typing import Any

from pydantic import BaseModel
from pydantic_ai.agent import AbstractAgent
from pydantic_ai.tools import Tool

from spanwright.core.candidate import Component, Kind
from spanwright.source import (
    Definition,
    InArgument,
    InClass,
    InDocstring,
    InField,
    InLiteral,
    InRegistration,
    InText,
    Nowhere,
    Place,
)
from spanwright.subject.crowning import NOBODY
from spanwright.subject.rewriting.packs import InPack, in_pack
from spanwright.subject.rewriting.tools import Tools, reader_of, told_of, tools_of
from spanwright.subject.rewriting.types_below import classes_below, describes, field_named, hints_of, owner_of
from spanwright.subject.schemas import ITSELF
from spanwright.subject.skills import SkillFile, packs_of

_LAMBDA = "<lambda>"
_AT_RUN_TIME = "code makes it at run time"
_NEVER_WRITTEN = {
    Kind.DEMONSTRATIONS: "worked examples are not written into the source",
    Kind.SETTING: "settings of models are not written into the source",
    Kind.TOOL_NAME: "a tool's name is not changed in the source: other code may call it",
    Kind.ARTIFACT: "it is no text of an agent's",
}


@dataclass(frozen=True, kw_only=True)
class Origins:
    """Where the texts of one agent may come from."""

    agent: AbstractAgent[Any, Any]
    homes: tuple[Path, ...]
    """The files that define the agent."""
    variables: tuple[str, ...] = ()
    """The names that are the agent at the top of these."""
    others: tuple[Path, ...] = ()
    """All other files that may be written."""

    def of(self, component: Component) -> Sequence[Place | Nowhere]:
        """Return the places of a component's text, the likeliest first."""
        if component.dynamic:
            return (Nowhere(reason=_AT_RUN_TIME),)
        rest = component.id.partition("/")[2]
        match component.kind:
            case Kind.INSTRUCTIONS | Kind.SYSTEM_PROMPT | Kind.SKILL | Kind.SKILL_BODY:
                return self._literal(rest)
            case Kind.TOOL | Kind.PARAMETER:
                name, _, path = rest.removeprefix("tool:").partition("/")
                return self._of_tool(component, name, path)
            case Kind.OUTPUT | Kind.OUTPUT_FIELD:
                name, _, path = rest.removeprefix("output:").partition("/")
                return tuple(self._of_output(component, name, path))
            case Kind.TEXT:
                files = tuple(dict.fromkeys((*self.homes, *self.others)))
                return (InText(files=files, keys=(component.id.removeprefix(f"{NOBODY}/"), component.id)),)
            case Kind.DEMONSTRATIONS | Kind.SETTING | Kind.TOOL_NAME | Kind.ARTIFACT:
                return (Nowhere(reason=_NEVER_WRITTEN[component.kind]),)

    def in_pack(self, component: Component) -> InPack | Nowhere | None:
        """Return where a skill's text is written; None for any other, and for a skill that no file of a pack tells."""
        return in_pack(component, self._packs)

    def registration(self, component: Component) -> InRegistration | None:
        """Return where a tool may be described beside its docstring."""
        if component.kind is not Kind.TOOL:
            return None
        tool = self._tools.named.get(component.id.partition("/tool:")[2])
        function = None if tool is None else definition_of_function(tool.function)
        return None if function is None or isinstance(function, Nowhere) else self._registration(function)

    @cached_property
    def _tools(self) -> Tools:
        return tools_of(self.agent)

    @cached_property
    def _packs(self) -> Mapping[str, SkillFile]:
        return packs_of(self.agent)

    @cached_property
    def _outputs(self) -> tuple[type, ...]:
        return classes_below(self.agent.output_type)

    def _anywhere(self) -> Sequence[Place]:
        return (InLiteral(files=self.homes, others=self.others, variables=self.variables),)

    def _literal(self, rest: str) -> Sequence[Place]:
        argument, _, part = rest.partition(":")
        if part and argument in ("instructions", "skill"):
            return self._anywhere()
        name = self.agent.name or ""
        call = InArgument(files=self.homes, argument=argument, name=name, variables=self.variables)
        return (call, *self._anywhere())

    def _registration(self, function: Definition) -> InRegistration:
        return InRegistration(function=function, files=(function.file, *self.homes, *self.others))

    def _of_tool(self, component: Component, name: str, path: str) -> Sequence[Place | Nowhere]:
        tool = self._tools.named.get(name)
        if tool is None:
            made = ", ".join(self._tools.foreign)
            why = f"the tool comes from elsewhere: {made}" if made else "a capability adds the tool at run time"
            return (Nowhere(reason=why),)
        if told_of(tool).texts.get(path, "") != component.text:
            return (Nowhere(reason="code changes it at run time: a prepare function or a toolset"),)
        function = definition_of_function(tool.function)
        if isinstance(function, Nowhere):
            return (function, *(() if path else (InLiteral(files=self.homes),)))
        return tuple(self._of_path(tool, function, path) if path else self._of_description(tool, function))

    def _of_description(self, tool: Tool[Any], function: Definition) -> Iterator[Place]:
        documented = _documented(tool, function, "")
        described = told_of(tool).description
        told = documented.read(documented.docstring or "")
        if documented.docstring is None and described and tool.function_schema.single_arg_name:
            yield from _classes_saying(described, classes_below(list(hints_of(tool.function).values())))
        if told is not None and told.description == described:
            yield documented
        if described:
            yield self._registration(function)
            yield InLiteral(files=(function.file, *self.homes))

    def _of_path(self, tool: Tool[Any], function: Definition, path: str) -> Iterator[Place]:
        hints = hints_of(inspect.unwrap(tool.function))
        segments = [_name(segment) for segment in path.split("/")]
        hints.pop("return", None)
        single = tool.function_schema.single_arg_name
        if path.startswith("$") or single:
            yield from _of_classes(path, classes_below(list(hints.values())))
            if not path.startswith("$"):
                return
        name = segments[0]
        if name in hints or not path.startswith("$"):
            in_code = InField(owner=function, name=name, of_function=True)
            default = _default(tool.function, name)
            if len(segments) > 1 or describes(hints.get(name), default):
                yield in_code
            elif not tool.function_schema.description and not hints and not tool.function.__doc__:
                yield InLiteral(files=(function.file, *self.homes))
            else:
                yield _documented(tool, function, name)
        yield InLiteral(files=(function.file, *self.homes))

    def _of_output(self, component: Component, name: str, path: str) -> Iterator[Place]:
        if path:
            top = [cls for cls in self._outputs if name.endswith(f"_{cls.__name__}")]
            yield from _of_classes(path, (*top, *self._outputs))
        else:
            yield from _classes_saying(component.text, self._outputs)
        yield InLiteral(files=self.homes, others=self.others)


def definition_of_function(function: Callable[..., Any]) -> Definition | Nowhere:
    """Return where a function is defined; what cannot be written is nowhere."""
    inner = inspect.unwrap(function)
    inner = getattr(inner, "__func__", inner)
    if not isinstance(inner, FunctionType):
        return Nowhere(reason=f"the tool is no function but {type(function).__name__}")
    code = inner.__code__
    if code.co_name == _LAMBDA:
        return Nowhere(reason="the tool is a lambda, which has no docstring")
    if not Path(code.co_filename).is_file():
        return Nowhere(reason=f"the function {code.co_name} was made at run time: {code.co_filename} is no file")
    return Definition(file=Path(code.co_filename).resolve(), name=code.co_name, line=code.co_firstlineno)


def definition_of_class(cls: type) -> Definition | None:
    """Return where a class is defined; None where no file tells."""
    try:
        file = inspect.getsourcefile(cls)
    except (TypeError, OSError):  # made at run time, or a builtin
        return None
    return None if file is None else Definition(file=Path(file).resolve(), name=cls.__qualname__)


def _documented(tool: Tool[Any], function: Definition, parameter: str) -> InDocstring:
    return InDocstring(function=function, docstring=tool.function.__doc__, read=reader_of(tool), parameter=parameter)


def _of_classes(path: str, classes: Sequence[type]) -> Iterator[Place]:
    """Yield the places of a path in a schema that classes make: `$Address/city`, or `city` of the class itself."""
    segments = path.split("/")
    if path == ITSELF:
        named, segments = classes[:1], []
    elif path.startswith("$"):
        named = [cls for cls in classes if cls.__name__ == _name(segments[0][1:])]
        segments = segments[1:]
    else:
        named = [cls for cls in classes if field_named(cls, _name(segments[0])) is not None]
    for cls in dict.fromkeys(named):
        if not segments:
            if (definition := definition_of_class(cls)) is not None:
                yield InClass(cls=definition)
            continue
        field = field_named(cls, _name(segments[0]))
        owner = None if field is None else owner_of(cls, field)
        definition = None if owner is None else definition_of_class(owner)
        if field is not None and owner is not None and definition is not None:
            yield InField(owner=definition, name=field, of_model=issubclass(owner, BaseModel))


def _classes_saying(text: str, classes: Sequence[type]) -> Iterator[Place]:
    """Yield the docstrings that say a text; of a single class that has none, its place for one."""
    saying = [cls for cls in classes if cls.__doc__ and cleandoc(cls.__doc__) == text]
    if not saying and len(classes) >= 1 and not classes[0].__doc__:
        saying = [classes[0]]
    for cls in saying[:1]:
        if (definition := definition_of_class(cls)) is not None:
            yield InClass(cls=definition)


def _default(function: Callable[..., Any], name: str) -> object:
    parameter = inspect.signature(function).parameters.get(name)
    return None if parameter is None else parameter.default


def _name(segment: str) -> str:
    """Return the name that a segment of a path stands for."""
    return segment.removeprefix("~.").replace("~1", "/").replace("~0", "~")
