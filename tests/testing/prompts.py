"""Reflection prompts in the layout that readers are told to expect, and the answers to them, read again."""

import json
import re
from dataclasses import dataclass, field

from spanwright.testing.simulated.lexicon import read
from spanwright.testing.simulated.wire import ChatMessage, ChatRequest, Draws

REFUND_TICKET = "Please refund $12.50 for order 1042, the mug arrived broken."


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One record of the prompt."""

    asked: str = REFUND_TICKET
    steps: tuple = ()
    """Pairs of a call as text and what came of it; what came of it starts with "result: " or "asked to retry: "."""
    output: str = ""
    feedback: str = ""
    score: float = 0.0
    heard: str | None = None
    """What the transcript's user said; the task's input unless given."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A reflection prompt."""

    texts: dict = field(
        default_factory=lambda: {"support/instructions": "Help the customer.", "support/tool:refund": "Refund."}
    )
    records: tuple = ()
    lessons: tuple = ()
    tried: tuple = ()

    def __str__(self):
        parts = ["# Texts that you may edit"]
        for component, text in self.texts.items():
            parts.append(f"## `{component}`: a text of agent `support`\nCurrent text:\n```text-ab12\n{text}\n```")
        if self.records:
            parts.append("# What happened")
            parts.extend(self._record(number, each) for number, each in enumerate(self.records, 1))
        if self.lessons:
            parts.append(
                "# Lessons so far\n" + "\n".join(f"- on {component}: {text}" for component, text in self.lessons)
            )
        if self.tried:
            parts.append(
                "# Tried before\n"
                + "\n".join(
                    f"- on {component}: {outcome}\n  it said: {text}" for component, outcome, text in self.tried
                )
            )
        parts.append(
            '# Your answer\n\n<edit component="the id, exactly as given" why="the reason">\nthe new text\n</edit>'
        )
        return "\n\n".join(parts)

    @staticmethod
    def _record(number, each):
        lines = [f"## Example {number}: score {each.score:g}", "<evidence-ab12>", f"input: {each.asked}"]
        if each.steps:
            heard = each.asked if each.heard is None else each.heard
            lines += ["steps:", "  agent support", f"    user: {heard}"]
            lines += [f"    {line}" for call, came in each.steps for line in (f"call {call}", came)]
            lines.append(f"    final: {each.output}")
        if each.output:
            lines.append(f"output: {each.output}")
        if each.feedback:
            lines.append(f"feedback:\n  {each.feedback}")
        return "\n".join([*lines, "</evidence-ab12>"])


def edits(model, prompt, serving=0, **request):
    """Return the model's new texts by component, from whatever form the answer has."""
    reply = answer(model, prompt, serving, **request)
    if reply.calls:
        return {edit["component"]: edit["text"] for edit in json.loads(reply.calls[0].arguments)["edits"]}
    return dict(re.findall(r'<edit component="([^"]+)"[^>]*>\n(.*?)\n</edit>', reply.text, re.DOTALL))


def answer(model, prompt, serving=0, **request):
    """Return the model's reply."""
    asked = ChatRequest(model="sim-reflect", messages=(ChatMessage(role="user", content=str(prompt)),), **request)
    return model.reply(asked, Draws(key=f"{serving}/{asked.digest}"))


def written(model, prompt, servings=100):
    """Return every directive that the new texts of many servings state and the old ones do not, with its component."""
    old = {component: set(read(text)) for component, text in prompt.texts.items()}
    return [
        (component, directive)
        for serving in range(servings)
        for component, text in edits(model, prompt, serving).items()
        for directive in read(text)
        if directive not in old[component]
    ]
