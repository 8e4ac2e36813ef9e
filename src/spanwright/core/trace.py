"""A trace: what the spans of one rollout say, in one form whatever library wrote them.

Times are seconds since the epoch. Sequences are ordered by start. A trace holds no SDK objects.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from typing import Literal, TypeAlias

from spanwright.core.candidate import ComponentId
from spanwright.core.usage import Usage
from spanwright.errors import UsageError

Attribute: TypeAlias = (
    str | bool | int | float | tuple[str, ...] | tuple[bool, ...] | tuple[int, ...] | tuple[float, ...]
)

TEXT_READ = "spanwright.text"
"""On a span: the component of the user's own code that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEvent:
    """An event of a span: an exception, mostly."""

    name: str
    time: float
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One finished span as plain data. Ids are lower-case hexadecimal, `parent_id` is empty for a root."""

    trace_id: str
    span_id: str
    parent_id: str = ""
    name: str
    scope: str = ""
    kind: str = "internal"
    started: float
    ended: float
    status: Literal["unset", "ok", "error"] = "unset"
    status_message: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    events: tuple[SpanEvent, ...] = ()
    links: tuple[str, ...] = ()
    """Trace ids of linked spans."""
    dropped: int = 0
    """Attributes that the SDK's limits dropped."""
    service: str = ""
    """The `service.name` of a span that came from another process."""

    def holding(self, attributes: Mapping[str, Attribute], events: tuple[SpanEvent, ...]) -> "Span":
        """Return this span with other attributes and events: what `replace` returns, in half the time."""
        return Span(
            trace_id=self.trace_id,
            span_id=self.span_id,
            parent_id=self.parent_id,
            name=self.name,
            scope=self.scope,
            kind=self.kind,
            started=self.started,
            ended=self.ended,
            status=self.status,
            status_message=self.status_message,
            attributes=attributes,
            events=events,
            links=self.links,
            dropped=self.dropped,
            service=self.service,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a message."""

    kind: Literal["text", "thinking", "tool_call", "tool_result", "other"]
    text: str
    """Plain text; of a tool call its arguments as JSON, of a tool result the result."""
    tool: str = ""
    call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of a model call's input or output."""

    role: Literal["system", "user", "assistant", "tool"]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDefinition:
    """A tool as it was offered to the model. `parameters` is its JSON schema as text."""

    name: str
    description: str = ""
    parameters: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One request to a model and its answer."""

    span_id: str
    agent: str = ""
    model: str = ""
    """The model that was asked for; where only the answering one is told, that one."""
    response_model: str = ""
    """The model that answered."""
    response_id: str = ""
    """What the provider calls its answer: two instrumentations of one call agree on it."""
    provider: str = ""
    prompt: str = ""
    """The name and, after an @, the version of the prompt template that was used, where the span says so."""
    instructions: str = ""
    messages: tuple[Message, ...] = ()
    """The whole input, history included. Equal messages of several calls are the same object."""
    answer: Message | None = None
    tools: tuple[ToolDefinition, ...] = ()
    finish_reason: str = ""
    """`stop`, `length`, `tool_call`, or what else the span says."""
    usage: Usage = field(default_factory=Usage)
    cached_tokens: int = 0
    """Of the input tokens, those that the provider had cached."""
    error: str = ""
    components: tuple[ComponentId, ...] = ()
    """The components whose text this request carried, as far as is known."""
    started: float = 0.0
    ended: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One execution of a tool."""

    span_id: str
    agent: str = ""
    name: str
    call_id: str = ""
    arguments: str = ""
    """JSON."""
    result: str | None = None
    """What the model was told; None where the tool raised instead of answering."""
    error: str = ""
    """The exception or the request to retry; empty where all went well."""
    retry: Literal["", "validation", "model_retry", "unknown_tool"] = ""
    started: float = 0.0
    ended: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRun:
    """One run of an agent. `parent_agent` is the agent whose tool started it."""

    span_id: str
    name: str
    parent_agent: str = ""
    final: str | None = None
    error: str = ""
    started: float = 0.0
    ended: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A judgement that was recorded with a span: `gen_ai.evaluation.result`."""

    span_id: str
    """The span that was judged."""
    name: str
    value: float | None = None
    label: str = ""
    explanation: str = ""
    response_id: str = ""
    """The model's answer that was judged, where it is told."""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture that an evaluation shows, as text that a store can keep."""

    data: str
    """Base64."""
    media_type: str = "image/png"
    label: str = ""
    """What it shows, in a few words."""

    @classmethod
    def of(cls, content: bytes, *, media_type: str = "image/png", label: str = "") -> "Image":
        """Return the picture that is in a file of this content. Raises UsageError for one that is no picture."""
        if not media_type.startswith("image/"):
            raise UsageError(f"{media_type!r} is no picture", 'Give a media type like "image/png"')
        return cls(data=b64encode(content).decode(), media_type=media_type, label=label)

    @property
    def content(self) -> bytes:
        """The content of its file."""
        return b64decode(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The trace of one rollout."""

    id: str = ""
    agents: tuple[AgentRun, ...] = ()
    model_calls: tuple[ModelCall, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    spans: tuple[Span, ...] = ()
    """Every span, the user's own included, without the bulky attributes that the fields above hold."""
    images: tuple[Image, ...] = ()
    """Pictures that the evaluation of a text has shown."""
    complete: bool = True
    """False where a span had not ended when the trace was sealed."""
    truncated: bool = False
    """True where attributes or spans were dropped by a limit."""
    without_content: bool = False
    """True where model calls were seen, but none of their messages."""
    repeated: int = field(default=0, compare=False)
    """Spans that were delivered again; they are told once."""
    doubled: int = field(default=0, compare=False)
    """Model calls that two instrumentations saw; they are told once."""

    @property
    def usage(self) -> Usage:
        """The sum over the model calls: parents' aggregated figures are not counted again."""
        usages = [call.usage for call in self.model_calls]
        return reduce(add, usages) if usages else Usage()

    @property
    def errors(self) -> tuple[str, ...]:
        """The errors of model calls, tool calls and agents, in order of start."""
        failed: list[ModelCall | ToolCall | AgentRun] = [
            step for step in (*self.agents, *self.model_calls, *self.tool_calls) if step.error
        ]
        return tuple(step.error for step in sorted(failed, key=lambda step: step.started))

    @property
    def components(self) -> frozenset[ComponentId]:
        """The components that some model call of this trace carried, or the user's own code read."""
        return frozenset(component for call in self.model_calls for component in call.components) | self.texts_read

    @property
    def texts_read(self) -> frozenset[ComponentId]:
        """The texts of the user's own code that were asked for."""
        return frozenset(str(span.attributes[TEXT_READ]) for span in self.spans if TEXT_READ in span.attributes)

    def steps(self) -> Iterator[ModelCall | ToolCall]:
        """Yield model calls and tool calls together, in order of start."""
        yield from sorted((*self.model_calls, *self.tool_calls), key=lambda step: (step.started, step.span_id))
