"""Whether the task model applies a convention: by where it is stated, how long the text around it is, and a draw.

What stands in a tool's own texts is applied to that tool; what stands in the instructions is applied wherever its words
do not narrow it, also to tools where it is wrong; what an error message said is applied until the conversation ends.
Statements of one kind that contradict each other leave it to chance.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from spanwright.testing.simulated.lexicon import Directive
from spanwright.testing.simulated.reading import ParameterReading, Reading, ToolReading
from spanwright.testing.simulated.wire import Draws
from spanwright.testing.simulated.words import stems

Where: TypeAlias = Callable[[Directive], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a convention would be applied to."""

    tool: ToolReading | None = None
    parameter: ParameterReading | None = None
    topic: frozenset[str] = frozenset()
    """Stems of what the user wants."""
    foreign: frozenset[str] = frozenset()
    """Stems of other things that a user may want."""

    @property
    def label(self) -> str:
        """Return what tells its draws from those for other subjects."""
        return f"{self.tool.name if self.tool else ''}/{self.parameter.name if self.parameter else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A place where conventions are stated: how likely it is that they are applied, and which concern the subject."""

    name: str
    strength: float
    directives: tuple[Directive, ...]


def obeyed(
    kind: str, reading: Reading, draws: Draws, subject: Subject | None = None, *, where: Where | None = None
) -> Directive | None:
    """Return the one directive of this kind that the model applies to `subject` this time, or None for its habit."""
    subject = subject or Subject()
    for scope in scopes(kind, reading, subject, where):
        label = (kind, scope.name, subject.label)
        if scope.directives and draws.chance(scope.strength, "obey", *label):
            return draws.choice(scope.directives, "which", *label)
    return None


def obeyed_all(
    kind: str, reading: Reading, draws: Draws, subject: Subject | None = None, *, where: Where | None = None
) -> tuple[Directive, ...]:
    """Return all directives of this kind that the model applies this time: for kinds that add up, not clash."""
    subject = subject or Subject()
    kept: dict[Directive, None] = {}
    for scope in scopes(kind, reading, subject, where):
        for directive in scope.directives:
            label = (kind, scope.name, subject.label, directive.slots)
            if draws.chance(scope.strength, "obey", *label):
                kept.setdefault(directive)
    return tuple(kept)


def scopes(kind: str, reading: Reading, subject: Subject, where: Where | None = None) -> Iterator[Scope]:
    """Yield the places that state something of this kind about `subject`, nearest first."""
    if kind not in reading.kinds:
        return
    habits = reading.habits

    def concerning(directives: Iterable[Directive]) -> tuple[Directive, ...]:
        kept = (
            d for d in directives if d.kind == kind and _concerns(d, reading, subject) and (where is None or where(d))
        )
        return tuple(dict.fromkeys(kept))

    if subject.tool is not None:
        dilution = min(1.0, habits.local_capacity / max(subject.tool.words, 1))
        own = _own(subject.tool, subject.parameter) if kind in subject.tool.kinds else ()
        own = (*own, *_named_elsewhere(kind, reading, subject))
        yield Scope(name="local", strength=habits.local * dilution, directives=concerning(own))
    if kind in reading.instructions.kinds:
        strength = habits.overall * reading.instructions.dilution(habits.instruction_capacity)
        yield Scope(name="overall", strength=strength, directives=concerning(reading.instructions.directives))
    told = [directive for step in reading.steps for directive in step.told]
    if told:
        yield Scope(name="told", strength=habits.told, directives=concerning(told))


def _own(tool: ToolReading, parameter: ParameterReading | None) -> tuple[Directive, ...]:
    docs = (parameter,) if parameter is not None else tool.parameters
    return (*(directive for doc in docs for directive in doc.doc.directives), *tool.description.directives)


def _named_elsewhere(kind: str, reading: Reading, subject: Subject) -> Iterator[Directive]:
    """Yield what other tools' descriptions say of the subject by name ("Refunds over $100 are passed on with this")."""
    for tool in reading.tools:
        if tool is not subject.tool and kind in tool.kinds:
            for directive in tool.description.directives:
                if directive.kind == kind and _names(directive, subject):
                    yield directive


def _names(directive: Directive, subject: Subject) -> bool:
    words = stems(f"{directive.about} {directive.slot('topic')} {directive.slot('then')}")
    return bool(words & _own_words(subject))


def _own_words(subject: Subject) -> frozenset[str]:
    named = (subject.tool, subject.parameter)
    return subject.topic.union(*(stems(each.name) for each in named if each is not None))


def _concerns(directive: Directive, reading: Reading, subject: Subject) -> bool:
    named = directive.slot("param")
    if named and subject.parameter is not None and not stems(named) & stems(subject.parameter.name):
        return False
    return not directive.about or _about(directive.about, reading, subject)


_CONCRETE: Final = re.compile(r"\d{3,}")


def _about(about: str, reading: Reading, subject: Subject) -> bool:
    """Say whether these words mean the subject, or nothing that is known: a heading like "Rules" narrows nothing."""
    concrete: list[str] = _CONCRETE.findall(about)
    if concrete:
        return any(number in reading.task for number in concrete)
    words = stems(about)
    if words & _own_words(subject):
        return True
    others = subject.foreign.union(*(stems(tool.name) for tool in reading.tools))
    if subject.tool is not None:
        others = others.union(*(stems(p.name) for p in subject.tool.parameters))
    return not words & others
