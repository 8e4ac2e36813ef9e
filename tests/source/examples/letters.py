from dataclasses import dataclass

from pydantic import BaseModel, Field
from pydantic_ai import Agent, TemplateStr
from pydantic_ai.models.test import TestModel


@dataclass
class Desk:
    owner: str


class Letter(BaseModel):
    """A letter as it is sent."""

    to: str = Field(description="Who gets it.")
    text: str


letters = Agent(
    TestModel(),
    name="letters",
    deps_type=Desk,
    instructions=TemplateStr("You write for {{owner}}.", deps_type=Desk),
)


@letters.tool_plain
def send(letter: Letter) -> str:
    """Send a letter."""
    return letter.to
