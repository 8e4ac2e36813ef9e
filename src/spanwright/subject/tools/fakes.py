"""Stand-ins for tools: functions of the user's with a tool's parameters, sync or async, with or without a RunContext.

They are checked against the tool's schema before anything runs, and get their arguments as the model sent them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from pydantic import ValidationError
from pydantic_ai import RunContext, Tool
from pydantic_ai.exceptions import UserError

from spanwright.errors import UsageError, UserBug
from spanwright.subject.tools.calls import RehearsedCall

Schema: TypeAlias = Mapping[str, Any]


class Fake:
    """A function that stands in for a tool. Making one raises UsageError for what is no function of JSON arguments."""

    def __init__(self, name: str, function: Callable[..., object]) -> None:
        if not callable(function):
            raise UsageError(f"the fake for {name!r} is {function!r}", "Give a function with the tool's parameters")
        try:
            tool = Tool[Any](function, name=name.rpartition("/")[2])
        except (UserError, TypeError, ValueError) as error:
            raise UsageError(f"the fake for {name!r} cannot be a tool: {error}", _REMEDY) from error
        self.function = function
        self._name = name
        self._schema = tool.function_schema

    def check(self, agent: str, tool: str, schema: Schema) -> None:
        """Raise UsageError where calls of a tool with this schema cannot be handed to the fake."""
        if wrong := misfit(self._schema.json_schema, schema):
            raise UsageError(
                f"the fake for {self._name!r} does not fit the tool {tool!r} of {agent!r}: {wrong}", _REMEDY
            )

    async def __call__(self, call: RehearsedCall, context: RunContext[Any]) -> object:
        """Answer a call. Raises what the fake raises."""
        try:
            arguments = self._schema.validator.validate_python(dict(call.arguments))
        except ValidationError as error:
            what = f"the fake for {self._name!r} does not take {call.shown}: {error.errors()[0]['msg']}"
            raise UserBug(call.named, what, case=call.case, remedy=_REMEDY) from error
        return await self._schema.call(cast("dict[str, Any]", arguments), context)


_REMEDY = "Give it the tool's own parameters"


def misfit(fake: Schema, tool: Schema) -> str:
    """Return why a function with the schema `fake` cannot be called as one with the schema `tool`; empty if it can."""
    theirs, ours = _properties(tool), _properties(fake)
    required = cast("Sequence[str]", tool.get("required") or ())
    if not fake.get("additionalProperties") and (lacking := sorted(theirs.keys() - ours.keys())):
        return f"it lacks {', '.join(lacking)}"
    if demanded := sorted({*cast("Sequence[str]", fake.get("required") or ())} - {*required} - _defaults(theirs)):
        return f"it demands {', '.join(demanded)}, which calls may lack"
    for name in sorted(theirs.keys() & ours.keys()):
        have, want = _types(ours[name]), _types(theirs[name])
        if have and want and not have & want:
            return f"its {name} is of type {'/'.join(sorted(have))}, the tool's of type {'/'.join(sorted(want))}"
    return ""


def _properties(schema: Schema) -> Mapping[str, Schema]:
    return cast("Mapping[str, Schema]", schema.get("properties") or {})


def _defaults(properties: Mapping[str, Schema]) -> set[str]:
    return {name for name, each in properties.items() if "default" in each}


def _types(schema: Schema) -> set[str]:
    """Return the JSON types that a place may hold; empty where they are not plain."""
    found: set[str] = set()
    for each in cast("Sequence[Schema]", schema.get("anyOf") or (schema,)):
        named = each.get("type")
        if named is None:
            return set()
        found |= {named} if isinstance(named, str) else {*cast("Sequence[str]", named)}
    return found | ({"integer"} if "number" in found else set())
