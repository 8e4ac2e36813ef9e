"""The simulated task model: an assistant with ordinary English, ordinary tool use, and no knowledge of anybody's task.

It sees the request and nothing else. What its instructions, the tools' descriptions and the parameters' docs state, it
does, right or wrong; what nobody states, it does by habit. What it can do at all are its skills, tried in order.
"""

from collections.abc import Sequence
from typing import Final, Protocol

from spanwright.testing.simulated.coding import CodingSkill
from spanwright.testing.simulated.reading import Habits, Reader, Reading
from spanwright.testing.simulated.skills.answer import AnswerSkill
from spanwright.testing.simulated.skills.claims import ClaimSkill
from spanwright.testing.simulated.skills.errands import Errands
from spanwright.testing.simulated.skills.fields import FieldsSkill
from spanwright.testing.simulated.skills.plain import PlainAnswer
from spanwright.testing.simulated.skills.search import SearchSkill
from spanwright.testing.simulated.skills.tool_use import ToolUse
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws


class Skill(Protocol):
    """Something that the task model can do. It is chosen by what the request looks like, never by an agent's name.

    The smallest one:

        class Greets:
            def reply(self, request, reading, draws):
                return ChatReply(text="Hello!") if reading.task == "Hi" else None
    """

    def reply(self, request: ChatRequest, reading: Reading, draws: Draws) -> ChatReply | None:
        """Answer, or return None where the request asks for something else."""
        ...


class TaskModel:
    """A simulated model for agents: the first skill that feels addressed answers."""

    def __init__(self, skills: Sequence[Skill] | None = None, *, habits: Habits | None = None) -> None:
        self._skills: Final = tuple(skills if skills is not None else default_skills())
        self._reader: Final = Reader(habits=habits or Habits())

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Answer one request."""
        reading = self._reader.read(request)
        for skill in self._skills:
            answer = skill.reply(request, reading, draws)
            if answer is not None:
                return answer
        return ChatReply(text="I am not sure how to help with that.")


def default_skills() -> tuple[Skill, ...]:
    """Return what the task model can do, the most particular first."""
    return (
        CodingSkill(),
        FieldsSkill(),
        Errands(),
        ToolUse(),
        SearchSkill(),
        AnswerSkill(),
        ClaimSkill(),
        PlainAnswer(),
    )
