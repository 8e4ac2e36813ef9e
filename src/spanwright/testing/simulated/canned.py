"""Models for tests that say what they are told to: a fixed series of replies, or a function's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws


@dataclass(frozen=True, slots=True)
class Canned:
    """Answers the first request of a conversation with the first reply, the next with the second, and so on.

    The place in the series is the number of answers that the conversation already holds, so that conversations may
    run side by side; after the last reply it repeats the last.
    """

    replies: Sequence[ChatReply]

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Answer one request."""
        turn = sum(message.role == "assistant" for message in request.messages)
        return self.replies[min(turn, len(self.replies) - 1)]


@dataclass(frozen=True, slots=True)
class Scripted:
    """Answers with what a function makes of the request."""

    script: Callable[[ChatRequest], ChatReply]

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Answer one request."""
        return self.script(request)


@dataclass(frozen=True, slots=True)
class Dice:
    """Answers with a number that it draws: it shows which serving a request got."""

    sides: int = field(default=1_000_000_000)

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Answer one request."""
        return ChatReply(text=str(draws.choice(range(self.sides), "roll")))
