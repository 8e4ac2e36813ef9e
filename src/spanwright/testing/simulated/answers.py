"""What a reflection request asks for, read from its prompt alone, and a good answer to it in each shape.

The bad answers of `bad_answers.py` are good ones that something happened to; this is what it happened to.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Literal

from spanwright.testing.simulated.wire import ChatReply, ChatRequest, ToolRequest

Shape = Literal["tool", "json", "tags"]

_HEADING = re.compile(r"^##+ `([^`\s]+/[^`\s]+)`", re.MULTILINE)
_QUOTED = re.compile(r"`([\w.-]+/[\w.:/-]+)`")
_TAGGED = re.compile(r"<edit\s+component=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A new text for one component."""

    component: str
    text: str
    why: str = "the examples show it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer of a reflection model."""

    edits: Sequence[Edit]
    diagnosis: str = "The texts do not say what the tool results show."
    lessons: Mapping[str, str]
    """By component."""

    def as_object(self) -> dict[str, object]:
        """Return the answer as the object that JSON and the tool call carry."""
        return {
            "diagnosis": self.diagnosis,
            "edits": [{"component": each.component, "text": each.text, "why": each.why} for each in self.edits],
            "lessons": [{"component": component, "text": text} for component, text in self.lessons.items()],
        }

    def as_json(self) -> str:
        """Return the answer as JSON text."""
        return json.dumps(self.as_object(), ensure_ascii=False, indent=2)

    def as_tags(self) -> str:
        """Return the answer as tagged text."""
        edits = (
            f'<edit component="{escape(each.component)}" why="{escape(each.why)}">\n{each.text}\n</edit>'
            for each in self.edits
        )
        lessons = (
            f'<lesson component="{escape(component)}">{text}</lesson>' for component, text in self.lessons.items()
        )
        return "\n".join([f"<diagnosis>{self.diagnosis}</diagnosis>", *edits, *lessons])


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A reflection request, as far as an answer depends on it."""

    shape: Shape
    tool: str
    """The tool to call; empty unless the shape is a tool call."""
    components: tuple[str, ...]
    """What may be edited, in the prompt's order."""
    current: str
    """The text of the first component; empty where the prompt shows none."""
    prompt: str

    @staticmethod
    def of(request: ChatRequest) -> "Question":
        """Read a request."""
        prompt = "\n\n".join(message.content for message in request.messages)
        components = tuple(dict.fromkeys(_HEADING.findall(prompt) or _QUOTED.findall(prompt)))
        return Question(
            shape=_shape(request, prompt),
            tool=_tool(request),
            components=components or ("agent/instructions",),
            current=_current(prompt, components[0]) if components else "",
            prompt=prompt,
        )

    @property
    def component(self) -> str:
        """The component that the answers edit."""
        return self.components[0]

    @property
    def good(self) -> Answer:
        """An answer that nothing is wrong with: it edits one component, keeps its text and adds to it."""
        text = f"{self.current}\n\nCheck the result of each step before you take the next.".strip()
        lesson = "A step that was not checked went wrong."
        return Answer(edits=(Edit(component=self.component, text=text),), lessons={self.component: lesson})

    def edited(self, *edits: Edit) -> Answer:
        """Return the good answer with other edits."""
        return replace(self.good, edits=edits)

    def written(self, answer: Answer) -> str:
        """Return an answer as text: in tags where tags are asked for, else as JSON."""
        return answer.as_tags() if self.shape == "tags" else answer.as_json()

    def said(self, answer: Answer) -> ChatReply:
        """Return an answer in the shape that was asked for."""
        return self.called(answer.as_json()) if self.shape == "tool" else ChatReply(text=self.written(answer))

    def called(self, json_text: str) -> ChatReply:
        """Return JSON, valid or not, where JSON is expected: as the tool's arguments, or as the text."""
        if self.shape != "tool":
            return ChatReply(text=json_text)
        return ChatReply(calls=(ToolRequest(id="", name=self.tool, arguments=json_text),))


def _shape(request: ChatRequest, prompt: str) -> Shape:
    if request.tools and request.tool_choice != "none":
        return "tool"
    if request.response_format == "text" and _TAGGED.search(prompt):
        return "tags"
    return "json"


def _tool(request: ChatRequest) -> str:
    names = [tool.name for tool in request.tools]
    return "propose" if "propose" in names else next(iter(names), "")


def _current(prompt: str, component: str) -> str:
    """Return the text in the first fence after the component's id."""
    fence = re.compile(rf"`{re.escape(component)}`.*?^(`{{3,}})[^\n]*\n(.*?)\n?^\1\s*$", re.DOTALL | re.MULTILINE)
    found = fence.search(prompt)
    return found[2] if found else ""
