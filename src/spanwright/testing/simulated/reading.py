"""How the task model reads a request: instructions, tools, the task and the steps so far, with the conventions they
state.

A reading holds nothing that is not in the request. Texts that come back in every request (instructions, tool
descriptions) are read once and remembered by the reader, which is a cache: it changes speed, never an answer.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, cast

from spanwright.testing.simulated import lexicon
from spanwright.testing.simulated.lexicon import Directive
from spanwright.testing.simulated.wire import ChatMessage, ChatRequest, ToolRequest
from spanwright.testing.simulated.words import stems


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a model treats what it was told: the probabilities with which a convention is applied, by where it stands."""

    local: float = 0.97
    """Stated in the tool's own description or in the parameter's own doc."""
    overall: float = 0.9
    """Stated in the instructions; a longer text dilutes it."""
    told: float = 0.7
    """Stated by an error message in this conversation."""
    slip: float = 0.02
    """How often a call or an answer goes wrong for no reason."""
    chatty: float = 0.75
    """How often a reply states a thing that nobody asked it to state."""
    patience: int = 3
    """After so many failed calls the model apologizes."""
    instruction_capacity: int = 150
    """Words of instructions that are followed undiluted."""
    local_capacity: int = 80
    """Words of a tool's own texts that are followed undiluted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text with the conventions that it states."""

    text: str = ""
    directives: tuple[Directive, ...] = ()
    stems: frozenset[str] = frozenset()
    words: int = 0
    kinds: frozenset[str] = frozenset()
    """The kinds of its directives."""

    def dilution(self, capacity: int) -> float:
        """Return the factor by which its length weakens what it says: 1 up to the capacity, then capacity / length."""
        return 1.0 if self.words <= capacity else capacity / self.words


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterReading:
    """A parameter of a tool."""

    name: str
    doc: Text
    type: str = "string"
    options: tuple[str, ...] = ()
    required: bool = True
    items: str = "string"
    """The type of an array's items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolReading:
    """A tool as the request offers it."""

    name: str
    description: Text
    parameters: tuple[ParameterReading, ...] = ()
    output: bool = False
    """True for a tool that ends the conversation by giving the answer."""
    words: int = 0
    """The length of all its texts."""
    kinds: frozenset[str] = frozenset()
    """The kinds of directives in all its texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A tool call since the task was given, and what came of it."""

    tool: str
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])
    result: str = ""
    failed: bool = False
    told: tuple[Directive, ...] = ()
    """The conventions that the result states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A request as the task model understands it."""

    instructions: Text
    tools: tuple[ToolReading, ...]
    outputs: tuple[ToolReading, ...]
    task: str
    """The last thing that the user wants; requests to correct an answer are not one."""
    earlier: str = ""
    """What was said before the task."""
    steps: tuple[Step, ...] = ()
    habits: Habits = field(default_factory=Habits)

    kinds: frozenset[str] = frozenset()
    """The kinds of directives in all texts and results: what is not among them need not be looked for."""

    def tool(self, name: str) -> ToolReading | None:
        """Return the offered tool of that name."""
        return next((tool for tool in self.tools if tool.name == name), None)


class Reader:
    """Reads requests, remembering the texts that it has seen."""

    def __init__(self, *, habits: Habits, texts: int = 8_192) -> None:
        self._habits: Final = habits
        self._text: Final = lru_cache(maxsize=texts)(read_text)
        self._tool: Final = lru_cache(maxsize=texts)(self._read_tool)

    def read(self, request: ChatRequest) -> Reading:
        """Read one request."""
        system = "\n\n".join(m.content for m in request.messages if _is_instruction(m))
        start = _task_index(request.messages)
        task = request.messages[start].content if start >= 0 else ""
        earlier = (m.content for m in request.messages[: max(start, 0)] if m.role in ("user", "assistant"))
        tools = tuple(self._tool(tool.name, tool.description, json.dumps(tool.parameters)) for tool in request.tools)
        steps = tuple(self._steps(request.messages[start + 1 :]))
        instructions = self._text(system)
        told = (directive.kind for step in steps for directive in step.told)
        return Reading(
            instructions=instructions,
            tools=tuple(tool for tool in tools if not tool.output),
            outputs=tuple(tool for tool in tools if tool.output),
            task=task,
            earlier="\n".join(earlier),
            steps=steps,
            habits=self._habits,
            kinds=instructions.kinds.union(told, *(tool.kinds for tool in tools)),
        )

    def _read_tool(self, name: str, description: str, schema: str) -> ToolReading:
        said = self._text(description)
        parameters = tuple(self._parameters(_table(json.loads(schema))))
        return ToolReading(
            name=name,
            description=said,
            parameters=parameters,
            output=bool(_OUTPUT.search(name) or _OUTPUT_DOC.search(description)),
            words=said.words + sum(parameter.doc.words for parameter in parameters),
            kinds=said.kinds.union(*(parameter.doc.kinds for parameter in parameters)),
        )

    def _parameters(self, schema: Mapping[str, object]) -> Iterator[ParameterReading]:
        definitions = _table(schema.get("$defs"))
        required = schema.get("required")
        names = cast("list[object]", required) if isinstance(required, list) else []
        for name, raw in _table(schema.get("properties")).items():
            shape = _resolved(_table(raw), definitions)
            doc = str(_table(raw).get("description") or shape.get("description") or "")
            options = shape.get("enum")
            yield ParameterReading(
                name=name,
                doc=self._text(doc),
                type=str(shape.get("type", "string")),
                options=tuple(map(str, cast("list[object]", options))) if isinstance(options, list) else (),
                required=name in names,
                items=str(_resolved(_table(shape.get("items")), definitions).get("type", "string")),
            )

    def _steps(self, messages: tuple[ChatMessage, ...]) -> Iterator[Step]:
        calls: dict[str, ToolRequest] = {}
        for message in messages:
            for call in message.tool_calls:
                calls[call.id] = call
            call = calls.pop(message.tool_call_id, None) if message.role == "tool" else None
            if call is not None:
                failed = _is_failure(message.content)
                yield Step(
                    tool=call.name,
                    arguments=_arguments(call.arguments),
                    result=message.content,
                    failed=failed,
                    told=self._text(_plain(message.content)).directives if failed else (),
                )


_OUTPUT: Final = re.compile(r"^(?:final_result|final_answer|submit|finish|respond)", re.IGNORECASE)
_OUTPUT_DOC: Final = re.compile(r"final (?:response|answer|result)[^.]{0,40}\bends?\b", re.IGNORECASE)
_RETRY: Final = re.compile(
    r"^\s*(?:validation feedback|\d+ validation errors?|.*fix the errors and try again)", re.IGNORECASE | re.DOTALL
)
_SYSTEM: Final = re.compile(r"\s*<system>")
_ERROR_OBJECT: Final = re.compile(r'^\s*\{\s*"error"\s*:')
_FIX: Final = re.compile(r"\bfix the errors and try again\b", re.IGNORECASE)
_FAILURE: Final = re.compile(
    r"\b(?:errors?|failed|failure|refused|declined|rejected|denied|invalid|unknown|unable|no (?:such )?\w+ ['\"#\w]|"
    r"not (?:found|possible|allowed|known|valid|accepted)|cannot|can't|could not|must (?:be|look)|try again)\b",
    re.IGNORECASE,
)


def read_text(text: str) -> Text:
    """Read a text by the public lexicon."""
    directives = lexicon.read(text)
    kinds = frozenset(directive.kind for directive in directives)
    return Text(text=text, directives=directives, stems=stems(text), words=len(text.split()), kinds=kinds)


def _plain(result: str) -> str:
    """Return what an error object says; any other result as it is."""
    said = _arguments(result).get("error") if _ERROR_OBJECT.match(result) else result
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)


def _is_failure(result: str) -> bool:
    """Say whether a result is a refusal: an error object, or a short text that says so; data never is one."""
    if _ERROR_OBJECT.match(result) or _FIX.search(result):
        return True
    return len(result) <= 240 and not result.startswith(("{", "[")) and bool(_FAILURE.search(result))


def _task_index(messages: tuple[ChatMessage, ...]) -> int:
    users = [i for i, message in enumerate(messages) if message.role == "user" and not _is_instruction(message)]
    tasks = [i for i in users if not _RETRY.match(messages[i].content)]
    return (tasks or users or [-1])[-1]


def _is_instruction(message: ChatMessage) -> bool:
    """Say whether a message tells the model what to do for good: a skill that was loaded comes in a user's message."""
    return message.role in ("system", "developer") or (message.role == "user" and bool(_SYSTEM.match(message.content)))


_NOTHING: Final[Mapping[str, object]] = {}


def _table(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def _resolved(shape: Mapping[str, object], definitions: Mapping[str, object]) -> Mapping[str, object]:
    """Follow a reference, and take the first alternative that is not null."""
    for _ in range(8):
        reference = shape.get("$ref")
        alternatives = shape.get("anyOf") or shape.get("oneOf") or shape.get("allOf")
        if isinstance(reference, str):
            shape = _table(definitions.get(reference.rsplit("/", 1)[-1]))
        elif isinstance(alternatives, list):
            rows = [_table(row) for row in cast("list[object]", alternatives)]
            shape = next((row for row in rows if row.get("type") != "null"), _NOTHING)
        else:
            break
    return shape


def _arguments(text: str) -> Mapping[str, object]:
    try:
        return _table(json.loads(text or "{}"))
    except ValueError:
        return {}
