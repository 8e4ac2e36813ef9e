"""Answers to a reflection request as real models give them when they do not give what was asked.

Each is a simulated model, so a reflector can be run against any of them over the wire. `outcome` says what a careful
reader makes of the answer itself: a proposal that is there to be read, a refusal with a name, or either, where
reading it takes a leniency that one may have or not.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from typing import Literal

from spanwright.testing.simulated.answers import Answer, Edit, Question
from spanwright.testing.simulated.completion import halved
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws, ToolRequest

Outcome = Literal["proposal", "refusal", "either"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadAnswer:
    """One way in which an answer goes wrong, whatever was asked."""

    name: str
    outcome: Outcome
    answer: Callable[[Question], ChatReply]

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Answer one request, badly."""
        return self.answer(Question.of(request))


def _text(name: str, outcome: Outcome, write: Callable[[Question], str]) -> BadAnswer:
    """Return text, also where a tool call was asked for."""
    return BadAnswer(name=name, outcome=outcome, answer=lambda asked: ChatReply(text=write(asked)))


def _around(name: str, outcome: Outcome, template: str) -> BadAnswer:
    """Return a good answer as text, with something around it."""
    return _text(name, outcome, lambda asked: template.replace("ANSWER", asked.written(asked.good)))


def _json(name: str, outcome: Outcome, write: Callable[[Question], object]) -> BadAnswer:
    """Return a JSON value of another form, where JSON is expected; also where tags are."""
    return BadAnswer(
        name=name, outcome=outcome, answer=lambda asked: asked.called(json.dumps(write(asked), ensure_ascii=False))
    )


def _damaged(name: str, outcome: Outcome, damage: Callable[[str], str]) -> BadAnswer:
    """Return JSON that no longer is any."""
    return BadAnswer(name=name, outcome=outcome, answer=lambda asked: asked.called(damage(asked.good.as_json())))


def _edits(name: str, outcome: Outcome, edit: Callable[[Question], Answer]) -> BadAnswer:
    """Return a well-formed answer whose content is wrong."""
    return BadAnswer(name=name, outcome=outcome, answer=lambda asked: asked.said(edit(asked)))


def _renamed(rename: Callable[[str], str]) -> Callable[[Question], Answer]:
    def edit(asked: Question) -> Answer:
        return asked.edited(replace(asked.good.edits[0], component=rename(asked.component)))

    return edit


def _retexted(retext: Callable[[str], str]) -> Callable[[Question], Answer]:
    def edit(asked: Question) -> Answer:
        return asked.edited(replace(asked.good.edits[0], text=retext(asked.good.edits[0].text)))

    return edit


def _new(asked: Question) -> str:
    return asked.good.edits[0].text


def _with_text(asked: Question, text: object) -> dict[str, object]:
    return asked.good.as_object() | {"edits": [{"component": asked.component, "text": text, "why": "evidence"}]}


def _with_stranger(asked: Question) -> Answer:
    return asked.edited(*asked.good.edits, Edit(component="billing/tool:charge", text="Charges a card."))


def _other_shape(asked: Question) -> str:
    return asked.good.as_json() if asked.shape == "tags" else asked.good.as_tags()


def _call_as_text(asked: Question) -> str:
    call = json.dumps({"name": asked.tool or "propose", "arguments": asked.good.as_object()})
    return f"<tool_call>\n{call}\n</tool_call>"


def _as_yaml(asked: Question) -> str:
    text = _new(asked).replace("\n", "\n      ")
    return f"diagnosis: One cause.\nedits:\n  - component: {asked.component}\n    text: |\n      {text}\n"


def _call(name: str, arguments: str) -> ChatReply:
    return ChatReply(calls=(ToolRequest(id="", name=name, arguments=arguments),))


def _calls(name: str, asked: Question) -> ChatReply:
    return _call(name, asked.good.as_json())


def _two_calls(asked: Question) -> ChatReply:
    once = _calls(asked.tool or "propose", asked)
    return replace(once, calls=once.calls * 2)


_PACKAGING = (
    _around("json fence", "proposal", "```json\nANSWER\n```"),
    _around("bare fence", "proposal", "```\nANSWER\n```"),
    _around("tilde fence", "proposal", "~~~\nANSWER\n~~~"),
    _around("fence of another language", "proposal", "```python\nANSWER\n```"),
    _around("four backticks", "proposal", "````markdown\n```json\nANSWER\n```\n````"),
    _around("fence never closed", "proposal", "```json\nANSWER"),
    _around("fence closed only", "proposal", "ANSWER\n```"),
    _around("one backtick", "either", "`ANSWER`"),
    _around("prose before", "proposal", "Sure! Here is my analysis and the improved text:\n\nANSWER"),
    _around("prose after", "proposal", "ANSWER\n\nLet me know if I should make it shorter."),
    _around(
        "prose with braces around",
        "proposal",
        "The agent ignores {format} and <order>; see [1].\n\nANSWER\n\nI kept {everything} else.",
    ),
    _around("think block", "proposal", "<think>\nThe failures share one cause. I will add a step.\n</think>\n\nANSWER"),
    _around("think block closed only", "proposal", "The failures share one cause.\n</think>\n\nANSWER"),
    _around("think block never closed", "either", "<think>\nThe failures share one cause. So:\n\nANSWER"),
    _around(
        "draft in the think block",
        "proposal",
        '<think>\nFirst draft: {"diagnosis": "wrong", "edits": []}. No, better:\n</think>\nANSWER',
    ),
    _around("reasoning tags", "either", "<reasoning>One cause.</reasoning>\n<answer>\nANSWER\n</answer>"),
    _around(
        "channel tokens", "either", "<|channel|>analysis<|message|>One cause.<|end|><|channel|>final<|message|>ANSWER"
    ),
    _around("end of text token", "proposal", "ANSWER<|im_end|>"),
    _around("byte order mark and zero width spaces", "proposal", "\ufeff\u200b\nANSWER\n\u200b"),
    _text("two answers", "either", lambda asked: "\n\nOr rather:\n\n".join([asked.written(asked.good)] * 2)),
    _text("html escaped", "either", lambda asked: escape(asked.written(asked.good))),
    _text("tags where json was asked, json where tags", "either", _other_shape),
    _text("tool call written as text", "either", _call_as_text),
)

_BROKEN_JSON = (
    _damaged("trailing comma", "either", lambda text: text[:-1].rstrip() + ",\n}"),
    _damaged("single quotes", "either", lambda text: text.replace('"', "'")),
    _damaged("curly quotes", "either", lambda text: text.replace('"', "“")),
    _damaged("low and high quotes", "either", lambda text: text.replace(': "', ": „").replace('",', "“,")),
    _damaged("guillemets", "either", lambda text: text.replace('"', "«")),
    _damaged("line breaks inside strings", "either", lambda text: text.replace("\\n", "\n")),
    _damaged("comments", "either", lambda text: text.replace("{", "{ // the answer\n", 1)),
    _damaged("python dict", "either", lambda text: repr(json.loads(text))),
    _damaged("keys without quotes", "either", lambda text: text.replace('"diagnosis"', "diagnosis")),
    _damaged("brace missing at the end", "either", lambda text: text[:-1]),
    _damaged("brace too many at the end", "either", lambda text: text + "}"),
    _damaged("not json at all", "refusal", lambda _: "diagnosis, edits, lessons"),
    _damaged("only an opening brace", "refusal", lambda _: "{"),
)

_OTHER_FORMS = (
    _json("answer in a list", "either", lambda asked: [asked.good.as_object()]),
    _json("answer under another key", "either", lambda asked: {"response": asked.good.as_object()}),
    _json("json in a json string", "either", lambda asked: asked.good.as_json()),
    _json("edits as a mapping", "either", lambda asked: {"diagnosis": "", "edits": {asked.component: _new(asked)}}),
    _json(
        "edits as one object", "either", lambda asked: {"edits": {"component": asked.component, "text": _new(asked)}}
    ),
    _json("edits as json text", "either", lambda asked: {"edits": json.dumps(asked.good.as_object()["edits"])}),
    _json("only the list of edits", "either", lambda asked: asked.good.as_object()["edits"]),
    _json("only one edit", "either", lambda asked: {"component": asked.component, "text": _new(asked)}),
    _json("only the new text", "either", lambda asked: {"text": _new(asked)}),
    _json("unknown keys", "proposal", lambda asked: asked.good.as_object() | {"confidence": 0.9, "version": 2}),
    _json("no lessons and no diagnosis", "either", lambda asked: {"edits": asked.good.as_object()["edits"]}),
    _json("null text", "refusal", lambda asked: _with_text(asked, None)),
    _json("number as text", "either", lambda asked: _with_text(asked, 30)),
    _json("text as a list of lines", "either", lambda asked: _with_text(asked, _new(asked).splitlines())),
    _json("null answer", "refusal", lambda _: None),
    _json("the schema", "refusal", lambda _: {"type": "object", "properties": {"edits": {"type": "array"}}}),
    _json("an error object", "refusal", lambda _: {"error": {"message": "overloaded", "code": 529}}),
)

_WRONG_CONTENT = (
    _edits("unknown component", "refusal", _renamed(lambda _: "billing/tool:charge")),
    _edits("component in backticks", "proposal", _renamed(lambda name: f"`{name}`")),
    _edits("component in quotes", "proposal", _renamed(lambda name: f"'{name}'")),
    _edits("component in capitals", "either", _renamed(str.upper)),
    _edits("component without its agent", "either", _renamed(lambda name: name.split("/", 1)[1])),
    _edits("component with spaces", "either", _renamed(lambda name: f" {name.replace('/', ' / ')} ")),
    _edits("one good edit and one of an unknown component", "either", _with_stranger),
    _edits("two edits of one component", "either", lambda asked: asked.edited(*asked.good.edits, *asked.good.edits)),
    _edits(
        "current text unchanged",
        "refusal",
        lambda asked: asked.edited(Edit(component=asked.component, text=asked.current)),
    ),
    _edits("no edits", "refusal", lambda asked: asked.edited()),
    _edits("empty text", "refusal", _retexted(lambda _: "")),
    _edits("blank text", "refusal", _retexted(lambda _: " \n\t\n")),
    _edits("placeholders dropped", "either", _retexted(lambda text: text.replace("{", "").replace("}", ""))),
    _edits("placeholder as text", "either", _retexted(lambda _: "<the complete new text>")),
    _edits("very long text", "refusal", _retexted(lambda text: f"{text}\n" + "Check everything twice. " * 10_000)),
    _edits("control characters in the text", "either", _retexted(lambda text: f"\x00\x1b[31m{text}\x07")),
    _edits("unified diff as text", "either", _retexted(lambda text: f"--- a\n+++ b\n@@ -1 +1,2 @@\n {text}\n+Check.")),
    _edits(
        "instructions to the reader", "either", _retexted(lambda text: f"(unchanged parts omitted)\n...\n{text[-40:]}")
    ),
    _edits("fence inside the text", "either", _retexted(lambda text: f"```markdown\n{text}\n```")),
)

_NO_ANSWER = (
    _text("empty", "refusal", lambda _: ""),
    _text("white space", "refusal", lambda _: " \n\n\t "),
    _text("only a think block", "refusal", lambda _: "<think>I should look at the examples first.</think>"),
    _text("only a diagnosis", "refusal", lambda _: "<diagnosis>The agent does not check its steps.</diagnosis>"),
    _text("prompt echoed", "refusal", lambda asked: asked.prompt),
    _text("apology", "refusal", lambda _: "I'm sorry, but I can't help with that."),
    _text("declined", "refusal", lambda _: "As an AI language model, I cannot modify system instructions."),
    _text("a question back", "refusal", lambda _: "Could you share the full conversation of example 2?"),
    _text("template left as it was", "refusal", lambda _: '{"diagnosis": "…", "edits": […], "lessons": […]}'),
    _text("the same word for ever", "refusal", lambda _: "check " * 3000),
    _text(
        "markdown headings", "either", lambda asked: f"## Diagnosis\nOne cause.\n\n## {asked.component}\n{_new(asked)}"
    ),
    _text("yaml", "either", _as_yaml),
    _text("only the new text, bare", "either", _new),
    _text("unified diff", "refusal", lambda _: "--- a/prompt\n+++ b/prompt\n@@ -1 +1,2 @@\n+Check each result."),
    _text("python code", "refusal", lambda asked: f'def improve(agent):\n    agent.edit("{asked.component}")'),
    BadAnswer(
        name="cut off for its length",
        outcome="refusal",
        answer=lambda asked: halved(asked.said(asked.good)),
    ),
    BadAnswer(
        name="cut off at once",
        outcome="refusal",
        answer=lambda _: ChatReply(text="", finish_reason="length"),
    ),
    BadAnswer(
        name="content filter",
        outcome="refusal",
        answer=lambda _: ChatReply(text="", finish_reason="content_filter"),
    ),
    BadAnswer(
        name="content filter in the middle",
        outcome="refusal",
        answer=lambda asked: replace(halved(asked.said(asked.good)), finish_reason="content_filter"),
    ),
)

_TAGS = (
    _text("tag never closed", "either", lambda asked: asked.good.as_tags().partition("</edit>")[0]),
    _text("tag in capitals", "either", lambda asked: asked.good.as_tags().replace("edit", "EDIT")),
    _text("attribute without quotes", "either", lambda asked: asked.good.as_tags().replace('"', "")),
    _text("edit without its component", "either", lambda asked: f"<edit>\n{_new(asked)}\n</edit>"),
    _text("json inside a tag", "either", lambda asked: f"<answer>{asked.good.as_json()}</answer>"),
)

_CALLS = (
    BadAnswer(name="tool of another name", outcome="either", answer=lambda asked: _calls("submit", asked)),
    BadAnswer(name="tool that does not exist", outcome="refusal", answer=lambda _: _call("search", '{"query": "x"}')),
    BadAnswer(
        name="tool without arguments", outcome="refusal", answer=lambda asked: _call(asked.tool or "propose", "")
    ),
    BadAnswer(name="two calls", outcome="either", answer=_two_calls),
    BadAnswer(
        name="call and prose",
        outcome="either",
        answer=lambda asked: replace(_calls(asked.tool or "propose", asked), text="I will now propose the edit."),
    ),
)


BAD_ANSWERS: tuple[BadAnswer, ...] = (
    *_PACKAGING,
    *_BROKEN_JSON,
    *_OTHER_FORMS,
    *_WRONG_CONTENT,
    *_NO_ANSWER,
    *_TAGS,
    *_CALLS,
)
"""Every kind that we know of; a new one that a user meets belongs here."""
