"""The simulated reflection model where builds are the evidence: it reads what failed, and writes rules of the house.

It knows the prompt, English and `house_rules.toml`, as the coder does; what no build and no terminal showed, it cannot
know. It overlooks, doubts, forgets and makes things up as its profile says.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from spanwright.testing.simulated.answers import Answer, Edit
from spanwright.testing.simulated.coding.rules import LOAD, RULES, TESTS, broken, stated
from spanwright.testing.simulated.lexicon import Directive, Slots
from spanwright.testing.simulated.reflecting.dossier import Dossier, Editable, Record
from spanwright.testing.simulated.reflecting.profile import Profile
from spanwright.testing.simulated.wire import Draws

_BUILD: Final = re.compile(r"\b\d+ of \d+ tests fail \(`?(?P<command>python[^`,)\n]*)")
_NO_TESTS: Final = re.compile(r"\bRan 0 tests\b|\bno tests ran\b|\bNo module named\b|: not found\b", re.IGNORECASE)
_SKILL: Final = re.compile(r"/skill:[\w-]+$")
_BODY: Final = re.compile(r"/skill:[\w-]+/body$")
_FARED_BADLY: Final = re.compile(
    r"\bnot kept\b|\brefused\b|\bworse\b|\bdropped\b|\brejected\b|\bno (?:better|change)\b"
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])|\n+")
_RESTLESS: Final = 0.3
"""How often something is written though nothing was shown."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that was broken, and where that was seen."""

    kind: str
    slots: Slots
    evidence: frozenset[str]

    @property
    def directive(self) -> Directive:
        return Directive(kind=self.kind, slots=self.slots)


def is_about_builds(dossier: Dossier) -> bool:
    """Say whether a prompt shows work that was judged by tests."""
    return any(_BUILD.search(record.feedback) for record in dossier.records)


class Maintainer:
    """Concludes from failed builds what a skill should say."""

    def __init__(self, profile: Profile) -> None:
        self._profile: Final = profile

    def answer(self, dossier: Dossier, draws: Draws) -> Answer:
        """Return the edits that a prompt leads to."""
        found = [each for each in self._noticed(dossier, draws) if not _stated(each, dossier)]
        found = [each for each in found if not _tried(each, dossier) or draws.chance(0.5, "again", each.kind)]
        found.sort(key=lambda each: -len(each.evidence) - draws.uniform("order", each.kind))
        lines: dict[Editable, list[str]] = {}
        for each in found:
            home = _home(each, dossier.editable)
            text = None if home is None else self._line(each, draws)
            if home is not None and text and sum(map(len, lines.values())) < self._profile.per_answer:
                lines.setdefault(home, []).append(text)
        if not lines and dossier.editable and draws.chance(_RESTLESS, "restless"):
            lines[draws.choice(dossier.editable, "restless home")] = [draws.choice(RULES.junk, "junk")]
        edits = tuple(
            Edit(component=home.id, text=self._rewritten(home, added, draws), why="the builds show it")
            for home, added in lines.items()
        )
        return Answer(edits=edits, diagnosis=_diagnosis(found), lessons=_lessons(found, dossier))

    def _noticed(self, dossier: Dossier, draws: Draws) -> Sequence[Finding]:
        attention = min(1.0, self._profile.records / max(len(dossier.records), 1)) * min(
            1.0, self._profile.characters / max(dossier.length, 1)
        )
        merged: dict[tuple[str, Slots], Finding] = {}
        for each in shown(dossier):
            if draws.chance(attention, "notice", each.kind, *sorted(each.evidence)):
                known = merged.get((each.kind, each.slots), each)
                merged[each.kind, each.slots] = replace(known, evidence=known.evidence | each.evidence)
        return tuple(_fullest(tuple(merged.values())))

    def _line(self, each: Finding, draws: Draws) -> str | None:
        """Write a finding down, or something else in its place."""
        doubt = (1 - self._profile.insight) ** len(each.evidence)
        if not draws.chance(doubt, "doubt", each.kind):
            return _written(each.directive, draws)
        match draws.choice(("wrong", "empty", "nothing"), "mistake", each.kind):
            case "wrong":
                slots = dict(each.slots)
                for name, values in RULES.kinds[each.kind].guesses:
                    slots[name] = draws.choice(values, "guess", each.kind, name)
                return _written(Directive(kind=each.kind, slots=tuple(sorted(slots.items()))), draws)
            case "empty":
                return draws.choice(RULES.junk, "junk", each.kind)
            case _:
                return None

    def _rewritten(self, home: Editable, added: Sequence[str], draws: Draws) -> str:
        """Return a text with new lines: without those that say the same otherwise, and without what is forgotten."""
        new = {directive.kind for line in added for directive in stated(line)}
        kept = [
            sentence
            for place, sentence in enumerate(_SENTENCE.split(home.text))
            if sentence.strip()
            and not new & {directive.kind for directive in stated(sentence)}
            and (place == 0 or not draws.chance(self._profile.forgets, "forget", sentence))
        ]
        joined = " " if _SKILL.search(home.id) else "\n"
        return joined.join((*kept, *added))


def shown(dossier: Dossier) -> Iterator[Finding]:
    """Yield what builds and terminals show, piece by piece."""
    for record in dossier.records:
        build = _BUILD.search(record.feedback)
        if build is None:
            continue
        seen = [record.feedback, *(move.result for move in record.moves)]
        for said in seen:
            for kind, slots in broken(said):
                yield Finding(kind, slots, frozenset({f"{record.name}/{kind}"}))
        if any(_NO_TESTS.search(move.result) for move in record.moves):
            yield Finding(TESTS, (("command", build["command"].strip()),), frozenset({f"{record.name}/tests"}))
        if _skill_missed(record):
            yield Finding(LOAD, (), frozenset({f"{record.name}/load"}))


def _skill_missed(record: Record) -> bool:
    loaded = any(move.tool == "load_capability" or move.tool.startswith("skill:") for move in record.moves)
    return bool(record.moves) and not loaded


def _home(each: Finding, offered: Sequence[Editable]) -> Editable | None:
    """Return the text in which a rule is stated: when to load a skill in its description, all else in a body."""
    if each.kind == LOAD:
        return next((text for text in offered if _SKILL.search(text.id)), None)
    bodies = [text for text in offered if _BODY.search(text.id) or not text.id]
    others = [text for text in offered if not _SKILL.search(text.id)]
    return next(iter((*bodies, *others)), None)


def _stated(each: Finding, dossier: Dossier) -> bool:
    return any(_covers(said, each) for text in dossier.editable for said in stated(text.text))


def _tried(each: Finding, dossier: Dossier) -> bool:
    """Say whether an earlier edit said it and fared badly."""
    bad = [note for note in dossier.tried if _FARED_BADLY.search(note.outcome)]
    return any(_covers(said, each) for note in bad for said in stated(note.text))


def _covers(said: Directive, each: Finding) -> bool:
    known = dict(said.slots)
    return said.kind == each.kind and all(known.get(name) == value for name, value in each.slots if name != "table")


def _fullest(found: Sequence[Finding]) -> Iterator[Finding]:
    """Yield one finding of a kind, the one with the most evidence, with the evidence of them all."""
    for kind in dict.fromkeys(each.kind for each in found):
        same = [each for each in found if each.kind == kind]
        fullest = max(same, key=lambda each: (len(each.slots), len(each.evidence)))
        yield replace(fullest, evidence=frozenset[str]().union(*(each.evidence for each in same)))


def _written(directive: Directive, draws: Draws) -> str | None:
    try:
        return RULES.write(directive, variant=draws.uniform("variant", directive.kind))
    except ValueError:
        return None  # no phrasing fits what is known of it


def _diagnosis(found: Sequence[Finding]) -> str:
    if not found:
        return "The builds show nothing that the skill does not say."
    return f"The skill does not say {' and '.join(RULES.kinds[each.kind].says for each in found)}."


def _lessons(found: Sequence[Finding], dossier: Dossier) -> Mapping[str, str]:
    lessons: dict[str, str] = {}
    for each in found[:3]:
        home = _home(each, dossier.editable)
        try:
            said = RULES.write(each.directive)
        except ValueError:
            continue
        if home is not None and home.id:
            lessons[home.id] = f"{lessons[home.id]} {said}" if home.id in lessons else said
    return lessons
