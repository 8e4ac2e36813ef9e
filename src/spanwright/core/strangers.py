"""What a text must not have from a record alone: addresses, credentials, tools that nobody has, whole sentences.

Records hold what users, tools and documents said, and one of them may try to steer whoever reads it. A new text in
which such words turn up is refused, whether its writer was steered or only careless. The check is made of plain
patterns: it stops what is copied, not what is told in other words.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from spanwright.core.context import ReflectionContext
from spanwright.core.runs import runs
from spanwright.core.trace import Trace

_COMPARED = 40_000
"""Characters of one text of a record that are compared."""
_SENTENCE = 5
"""A sentence of so many words is not written twice by chance."""
_ADDRESS = re.compile(
    r"\b(?:https?|ftp|wss?|file)://[^\s`'\"<>()\[\]{}]+"
    r"|\bwww\.[\w-]+\.[\w./-]+"
    r"|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    re.IGNORECASE,
)
_CREDENTIAL = re.compile(
    r"\b(?:sk|pk|rk)[-_](?:[a-z]+[-_])?[A-Za-z0-9]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}"
    r"|\bxox[abprs]-[\w-]{10,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{30,}"
    r"|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bBearer\s+[\w.~+/-]{16,}"
    r"|\b(?:password|passwd|api[_ -]?key|secret|token)\s*[:=]\s*\S{6,}",
    re.IGNORECASE,
)
_ACTS = re.compile(
    r"\b(?:call|invoke|run|use|try|tell|ask|trigger|execute|tool|function)\b(?:\W+\w+){0,3}?\W+"
    r"([a-z0-9]+(?:_[a-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+)\b"
    r"|\b([a-z0-9]+(?:_[a-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]+)+)\b`?(?:\s+(?:tool|function)\b|\()"
)
"""A name that no word of English looks like, where something is to be done with it."""
_DATA = re.compile(r"[\"'](\w+)[\"']")
"""Keys and values of what a tool returned: rules may speak of them."""
_WORD = re.compile(r"\w+")
_PARTS = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Strangers:
    """What the records of one reflection say, and what its own side says already."""

    familiar: str
    """The texts that the agents have or had, and what evaluators said."""
    names: frozenset[str]
    """Of tools that the agents have, of parameters, and of what is in the data that tools return."""
    runs: frozenset[str]
    """Runs of eight words that users and tools said, and nobody else."""
    sentences: frozenset[str]

    @classmethod
    def of(cls, context: ReflectionContext) -> Self:
        """Return who speaks in a reflection's evidence."""
        told = [example.observed for example in context.examples]
        if context.partner is not None:
            told += context.partner.observed
        traces = [*(each.trace for each in told), *(each.trace for each in context.recorded)]
        own = [
            *context.parent.texts.values(),
            *(each.text for each in (*context.components, *context.others)),
            *(context.partner.candidate.texts.values() if context.partner is not None else ()),
            *(each.rollout.score.feedback for each in told if each.rollout.score is not None),
            context.objective,
        ]
        said = [*(_text(example.case.inputs) for example in context.examples), *_said(traces)]
        # A lesson of a case begins with its task, which is a user's.
        said += [lesson.text.partition(" Feedback: ")[0] for lesson in context.lessons if lesson.case]
        mine = {run for text in own for run in runs(text)}
        known = {sentence for text in own for sentence in _sentences(text)}
        return cls(
            familiar="\n".join(own).casefold(),
            names=frozenset((*_names(traces), *_WORD.findall(" ".join(context.parent.texts)))),
            runs=frozenset(run for text in said for run in runs(text[:_COMPARED])) - mine,
            sentences=frozenset(sentence for text in said for sentence in _sentences(text[:_COMPARED])) - known,
        )

    def brought_in(self, text: str) -> str:
        """Return what a new text has from a stranger, in words; empty where it has nothing."""
        return next(self._found(text), "")

    def _found(self, text: str) -> Iterator[str]:
        for address in self._new(match[0].rstrip(".,;:!?") for match in _ADDRESS.finditer(text)):
            yield f"brings in the address `{address[:80]}`"
        for _ in self._new(match[0] for match in _CREDENTIAL.finditer(text)):
            yield "brings in what looks like a credential"
        for name in self._new(match[1] or match[2] for match in _ACTS.finditer(text)):
            if name not in self.names:
                yield f"names the tool `{name[:80]}`, which the agents do not have"
        yield from (f"copies what a record says: `{run}`" for run in runs(text) if run in self.runs)
        copied = (sentence for sentence in _sentences(text) if sentence in self.sentences)
        yield from (f"copies what a record says: `{sentence[:80]}`" for sentence in copied)

    def _new(self, found: Iterable[str]) -> Iterator[str]:
        return (each for each in found if each.casefold() not in self.familiar)


def _said(traces: Iterable[Trace]) -> Iterator[str]:
    """Yield what users and tools said. A tool's error is the word of its code, and agents learn from it."""
    for trace in traces:
        yield from (call.result for call in trace.tool_calls if call.result is not None and not call.error)
        messages = {id(each): each for call in trace.model_calls for each in call.messages}
        for message in messages.values():
            if message.role == "user":
                yield from (part.text for part in message.parts if part.kind == "text")


def _names(traces: Iterable[Trace]) -> Iterator[str]:
    for trace in traces:
        for call in trace.model_calls:
            for tool in call.tools:
                yield tool.name
                yield from _WORD.findall(tool.parameters)
        for call in trace.tool_calls:
            yield from _WORD.findall(call.arguments)
            yield from _DATA.findall(f"{call.result or ''} {call.error}")


def _sentences(text: str) -> Iterator[str]:
    for part in _PARTS.split(text):
        words = _WORD.findall(part.casefold())
        if len(words) >= _SENTENCE:
            yield " ".join(words)


def _text(value: object) -> str:
    return value if isinstance(value, str) else repr(value)
