"""The typed answer of a reflection model. The model reads its descriptions, as the schema of a tool or a response."""

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Edit(_Shape):
    """A new text for one component."""

    component: str = Field(description="The component's id, exactly as given.")
    why: str = Field(description="The reason for this edit, in a few words.")
    text: str = Field(description="The complete new text of the component; it replaces the old one.")


class Learned(_Shape):
    """A fact about the task that the evidence proves."""

    component: str = Field(description="The id of the component that the fact concerns.")
    text: str = Field(description="The fact, in one sentence.")


class Answer(_Shape):
    """The diagnosis, the edits and the lessons of one reflection."""

    diagnosis: str = Field(
        description="The general cause or causes of what went wrong, with the examples that show it."
    )
    edits: tuple[Edit, ...] = Field(description="The complete new texts; empty where no evidence calls for an edit.")
    lessons: tuple[Learned, ...] = Field(description="Up to three facts that later edits should know; may be empty.")
