"""What a simulated model is asked and what it answers: the OpenAI chat-completions wire, parsed.

A model is one pure function, `reply(request, draws)`. All its randomness comes from `draws`, which is a function of
salt, model name, the request's content and how often the identical request was served before: never of time or of
arrival order.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal, Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRequest:
    """A tool call as a model writes it; `arguments` is JSON text, valid or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """One message of the request. `content` is its text parts joined by newlines."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str = ""
    tool_calls: tuple[ToolRequest, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedTool:
    """A tool of the request. `parameters` is its JSON schema."""

    name: str
    description: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A chat completion request: everything that a model may know."""

    model: str
    messages: tuple[ChatMessage, ...]
    tools: tuple[OfferedTool, ...] = ()
    tool_choice: str = "auto"
    """auto, none, required, or the name of the one tool that must be called."""
    response_format: Literal["text", "json_object", "json_schema"] = "text"
    response_schema: Mapping[str, object] | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    stream: bool = False

    @property
    def digest(self) -> str:
        """The identity of the request's content; streaming does not change it."""
        canonical = json.dumps(
            [
                self.model,
                [[m.role, m.content, [[c.name, c.arguments] for c in m.tool_calls]] for m in self.messages],
                [[t.name, t.description, t.parameters] for t in self.tools],
                [self.tool_choice, self.response_format, self.response_schema],
                [self.temperature, self.max_tokens, self.seed],
            ],
            sort_keys=True,
            ensure_ascii=False,
        )
        return blake2b(canonical.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """The answer: text, tool calls, or both."""

    text: str = ""
    calls: tuple[ToolRequest, ...] = ()
    finish_reason: Literal["stop", "tool_calls", "length", "content_filter"] = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Labelled random draws for one serving of one request: equal labels give equal draws, in whatever order."""

    key: str

    def uniform(self, *label: object) -> float:
        """Return a number in [0, 1)."""
        digest = blake2b("\x1f".join((self.key, *map(str, label))).encode("utf-8", "surrogatepass"), digest_size=8)
        return int.from_bytes(digest.digest(), "big") / 2**64

    def chance(self, probability: float, *label: object) -> bool:
        """Return True with the given probability."""
        return self.uniform(*label) < probability

    def choice(self, options: Sequence[T], *label: object) -> T:
        """Return one of `options`, which must not be empty."""
        return options[int(self.uniform(*label) * len(options))]


class SimulatedModel(Protocol):
    """A model behind the wire. The server picks one by the request's model name."""

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Answer one request."""
        ...
