"""The answer in the form that the request asks for: a tool call, JSON by a schema, tagged text, or a fenced text.

And now and then not in that form, as real models do.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast

from spanwright.testing.simulated.answers import Answer
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws, OfferedTool, ToolRequest

Form: TypeAlias = Literal["tool", "json", "tags", "fence"]
Schema: TypeAlias = Mapping[str, object]

_NAMES: Final[Mapping[str, str]] = {
    "diagnosis": r"diagnos|analys|cause|summary|rationale",
    "edits": r"edit|change|update|revision|proposal|new_texts",
    "lessons": r"lesson|learn|fact|note",
    "component": r"component|target|path|^id$|^name$|^key$",
    "text": r"text|content|value|instruction|replacement|prompt",
    "why": r"why|reason|rationale|explanation",
}
_FINAL: Final = re.compile(r"propos|final|answer|submit|result", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How a request wants to be answered."""

    form: Form
    tool: str = ""
    schema: Schema | None = None

    @classmethod
    def of(cls, request: ChatRequest, prompt: str, *, named: bool) -> "Asked":
        """Read the form from a request; `named` says whether its prompt names the components."""
        tool = None if request.tool_choice == "none" else _answer_tool(request.tools)
        if tool is not None:
            return cls(form="tool", tool=tool.name, schema=tool.parameters)
        if request.response_format != "text":
            return cls(form="json", schema=request.response_schema)
        if re.search(r"<edit\s+component=", prompt):
            return cls(form="tags")
        if not named:
            return cls(form="fence")
        return cls(form="json" if re.search(r'"edits"|\bJSON\b', prompt) else "tags")

    def given(self, answer: Answer) -> ChatReply:
        """Return the answer in this form."""
        if self.form == "tool":
            arguments = json.dumps(_shaped(answer, self.schema), ensure_ascii=False)
            return ChatReply(
                calls=(ToolRequest(id="", name=self.tool, arguments=arguments),), finish_reason="tool_calls"
            )
        if self.form == "tags":
            return ChatReply(text=answer.as_tags())
        if self.form == "fence":
            return ChatReply(text=f"```\n{answer.edits[0].text if answer.edits else ''}\n```")
        return ChatReply(text=json.dumps(_shaped(answer, self.schema), ensure_ascii=False))


def spoiled(reply: ChatReply, draws: Draws) -> ChatReply:
    """Return the answer as it looks when something goes wrong with its form."""
    said = reply.text or (reply.calls[0].arguments if reply.calls else "")
    match draws.choice(("prose", "cut off", "fence", "refusal"), "malformed"):
        case "prose":
            return ChatReply(text="I looked at the examples. The texts should be clearer about the details.")
        case "cut off":
            return ChatReply(text=said[: len(said) // 2], finish_reason="length")
        case "fence":
            return ChatReply(text=f"Here is my answer:\n\n```\n{said}")
        case _:
            return ChatReply(text="I'm sorry, but I can't help with that.")


def _answer_tool(tools: tuple[OfferedTool, ...]) -> OfferedTool | None:
    """Return the tool that takes the answer; other tools look things up, and this model does not."""
    takes_edits = [tool for tool in tools if any(_is("edits", name) for name in _properties(tool.parameters))]
    named = [tool for tool in tools if _FINAL.search(tool.name)]
    return next(iter((*takes_edits, *named)), None)


def _shaped(answer: Answer, schema: Schema | None) -> dict[str, object]:
    """Fill the schema's properties by their names; without one that takes edits, give the usual object."""
    usual = answer.as_object()
    properties = _properties(schema or {})
    if not any(_is("edits", name) for name in properties):
        return usual
    filled: dict[str, object] = {}
    for name, shape in properties.items():
        role = next((role for role in ("edits", "lessons", "diagnosis") if _is(role, name)), "")
        if role == "diagnosis":
            filled[name] = answer.diagnosis
        elif role:
            items = _properties(_resolved(_table(_table(shape).get("items")), schema or {}))
            rows = cast("list[dict[str, str]]", usual[role])
            filled[name] = [_renamed(row, items) for row in rows]
    return filled


def _renamed(row: Mapping[str, str], properties: Schema) -> dict[str, str]:
    if not properties:
        return dict(row)
    renamed: dict[str, str] = {}
    for role, value in row.items():
        name = role if role in properties else next((name for name in properties if _is(role, name)), "")
        if name:
            renamed[name] = value
    return renamed


def _is(role: str, name: str) -> bool:
    return bool(re.search(_NAMES[role], name, re.IGNORECASE))


def _properties(schema: Schema) -> Schema:
    return _table(schema.get("properties"))


def _resolved(shape: Schema, schema: Schema) -> Schema:
    reference = shape.get("$ref")
    if isinstance(reference, str):
        return _table(_table(schema.get("$defs")).get(reference.rsplit("/", 1)[-1]))
    return shape


def _table(value: object) -> Schema:
    return cast("Schema", value) if isinstance(value, Mapping) else {}
