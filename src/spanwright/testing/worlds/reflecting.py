"""The simulated reflection model of worlds: it reads a prompt, and writes better texts as well as its profile can.

It knows the prompt, English and the lexicon. Prompts it reads as the other simulated reflection model does
(`dossier.read_prompt`), ours with several named texts and gepa's with a single one that has no name; answers take the
form that was asked for. What it concludes comes from what feedback and tools' refusals state, and from nothing else.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from spanwright.testing.simulated.answers import Answer, Edit
from spanwright.testing.simulated.lexicon import Directive, Lexicon, Slots
from spanwright.testing.simulated.reflecting.answering import Asked, spoiled
from spanwright.testing.simulated.reflecting.dossier import Dossier, Editable, Note, Record, read_prompt
from spanwright.testing.simulated.reflecting.profile import MEDIUM, Profile
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws
from spanwright.testing.simulated.words import stems
from spanwright.testing.worlds.complaints import COMPLAINT, REFUSED, REPLY, better_tries, went_well

_RESTLESS: Final = 0.5
"""How often something is changed though the evidence says nothing about the texts that may be."""
_TOOL_ERROR: Final = re.compile(r"Tool error:\s*(?P<said>[^\n]+)", re.IGNORECASE)
_QUOTED: Final = re.compile(r"^(?:'[^'\n]*' is wrong|Refused, \w+)[.:]\s*")
"""What comes before a statement: the same statements are read again and again, with other values before them."""
_NUMBER: Final = re.compile(r"\b\d{3,}\b")
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])|\n+")
_DESCRIBES: Final = re.compile(r"text is the (?:description|doc) of (?:the tool )?(?P<tool>\w+)(?:, (?P<aspect>\w+))?")
_FARED_WELL: Final = re.compile(r"\bbetter:|\bkept:", re.IGNORECASE)
_FARED_BADLY: Final = re.compile(
    r"\bnot kept\b|\brefused\b|\bworse\b|\bdropped\b|\brejected\b|\bno (?:better|change)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A conclusion, with the distinct pieces of evidence for it."""

    kind: str
    slots: Slots
    tool: str = ""
    aspect: str = ""
    evidence: frozenset[str] = field(default_factory=frozenset[str])
    remembered: bool = False
    """Whether a lesson says it, too."""

    @property
    def key(self) -> tuple[str, Slots, str, str]:
        return (self.kind, self.slots, self.tool, self.aspect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A sentence to be added to a text, and what it states, if anything."""

    home: Editable
    text: str
    directive: Directive | None = None


class WorldReflector:
    """A simulated reflection model (`simulated.wire.SimulatedModel`) for any world of a lexicon.

    `profile` None is a muted one: it never changes a text.
    """

    def __init__(self, lexicon: Lexicon, profile: Profile | None = MEDIUM) -> None:
        self._lexicon: Final = lexicon
        self._profile: Final = profile
        self._dossier: Final = lru_cache(maxsize=128)(_known)
        self._read: Final = lru_cache(maxsize=16_384)(lexicon.read)

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Answer one request."""
        prompt = "\n\n".join(message.content for message in request.messages if message.role != "assistant")
        dossier = self._dossier(prompt)
        named = any(each.id for each in dossier.editable)
        if self._profile is None:
            return Asked.of(request, prompt, named=named).given(_unchanged(dossier, named=named))
        reply = Asked.of(request, prompt, named=named).given(self._answer(dossier, self._profile, draws))
        return spoiled(reply, draws) if draws.chance(self._profile.malformed, "spoiled") else reply

    def _answer(self, dossier: Dossier, profile: Profile, draws: Draws) -> Answer:
        found = [each for each in self._noticed(dossier, profile, draws) if not self._stated(each, dossier)]
        found = [each for each in found if not self._forbidden(each, dossier, draws)]
        found.sort(key=lambda each: -len(each.evidence) - draws.uniform("order", *each.key))
        lines = self._lines(found, dossier, profile, draws) or self._restless(dossier, draws)
        edits: list[Edit] = []
        for home in dict.fromkeys(line.home for line in lines):
            text = self._rewritten(home, [line for line in lines if line.home == home], profile, draws)
            if text != home.text:
                edits.append(Edit(component=_id(home), text=text, why="the examples show it"))
        if not edits and not any(each.id for each in dossier.editable):
            return _unchanged(dossier, named=False)
        return Answer(edits=tuple(edits), diagnosis=_diagnosis(found), lessons=self._lessons(found, dossier))

    def _noticed(self, dossier: Dossier, profile: Profile, draws: Draws) -> Sequence[Finding]:
        """Return what is seen of the evidence: the more there is to read, the more is overlooked."""
        attention = min(1.0, profile.records / max(len(dossier.records), 1)) * min(
            1.0, profile.characters / max(dossier.length, 1)
        )
        pieces: list[Finding] = []
        for record in dossier.records:
            better = better_tries(record, dossier.records) if profile.contrasts else ()
            beside = [other for other in better if draws.chance(attention, "compare", record.name, other.name)]
            pieces += [
                _compared(each, record, beside)
                for each in self._shown(record)
                if draws.chance(attention, "notice", *each.key, *sorted(each.evidence))
            ]
        helped = [note for note in dossier.tried if _FARED_WELL.search(note.outcome)]
        pieces += [each for note in (*dossier.lessons, *helped) for each in self._retold(note)]
        merged: dict[tuple[str, Slots, str, str], Finding] = {}
        for each in pieces:
            known = merged.get(each.key, each)
            merged[each.key] = replace(
                known,
                evidence=known.evidence | each.evidence,
                remembered=known.remembered or each.remembered,
            )
        return tuple(merged.values())

    def _shown(self, record: Record) -> Iterator[Finding]:
        """Yield what a record states: of its own task, for feedback and calls of another one prove nothing here."""
        numbers = set(_NUMBER.findall(record.asked))
        for complaint in COMPLAINT.finditer(record.feedback):
            if complaint["number"] in numbers:
                yield from self._complained(complaint, f"{record.name}/feedback")
        for place, move in enumerate(record.trusted):
            if move.failed:
                aspect = REFUSED.match(move.result)
                yield from self._states(
                    move.result, move.tool, aspect[1] if aspect else "", f"{record.name}/call {place}"
                )

    def _retold(self, note: Note) -> Iterator[Finding]:
        """Yield what a lesson or a successful edit says."""
        where = f"note {note.text[:60]}"
        error = _TOOL_ERROR.search(note.text)
        complaints = list(COMPLAINT.finditer(note.text))
        found = [each for complaint in complaints for each in self._complained(complaint, where)]
        if error is not None or not complaints:
            said = error["said"] if error is not None else note.text
            refused = next((each["tool"] for each in complaints if "refused" in each["said"]), "")
            aspect = REFUSED.match(said)
            place = note.components[0].partition("/tool:")[2].partition("/")[2] if note.components else ""
            tool = refused or next(iter(sorted(note.tools)), "")
            found += self._states(said, tool, aspect[1] if aspect else place, where)
        yield from (replace(each, remembered=True) for each in found)

    def _complained(self, complaint: re.Match[str], where: str) -> Iterator[Finding]:
        tool = "" if complaint["tool"].lower() == REPLY else complaint["tool"]
        yield from self._states(complaint["said"], tool, complaint["aspect"] or "", where)

    def _states(self, text: str, tool: str, aspect: str, where: str) -> Iterator[Finding]:
        for said in self._read(_QUOTED.sub("", text)):
            slots = tuple((name, value) for name, value in said.slots if name not in ("param", "tool"))
            of = said.slot("tool") or tool or said.about.replace(" ", "_")
            yield Finding(kind=said.kind, slots=slots, tool=of, aspect=aspect, evidence=frozenset({where}))

    def _stated(self, each: Finding, dossier: Dossier) -> bool:
        """Say whether the texts state it already, as near to the tool as it can be said."""
        near = [text for text in dossier.editable if each.tool and text.tool == each.tool]
        texts = near or [text for text in dossier.editable if not text.tool]
        said = [directive for text in texts for directive in self._read(text.text)]
        return any(self._covers(directive, each) for directive in said)

    def _covers(self, said: Directive, each: Finding) -> bool:
        if said.kind != each.kind or any(said.slot(name) != value for name, value in each.slots):
            return False
        return not said.about or not each.tool or bool(stems(said.about) & stems(each.tool))

    def _forbidden(self, each: Finding, dossier: Dossier, draws: Draws) -> bool:
        """Say whether an earlier try of the same fared badly; it is sometimes repeated all the same."""
        bad = [note for note in dossier.tried if _FARED_BADLY.search(note.outcome)]
        same = [note for note in bad if not note.tools or each.tool in note.tools]
        tried = any(self._covers(said, each) for note in same for said in self._read(note.text))
        return tried and draws.chance(0.5, "forbidden", *each.key)

    def _lines(self, found: Sequence[Finding], dossier: Dossier, profile: Profile, draws: Draws) -> Sequence[Line]:
        lines: list[Line] = []
        for each in found:
            if len(lines) >= profile.per_answer:
                break
            line = self._concluded(each, dossier, profile, draws)
            if (
                line is not None
                and line.text not in line.home.text
                and sum(other.home == line.home for other in lines) < profile.per_text
            ):
                lines.append(line)
        return lines

    def _concluded(self, each: Finding, dossier: Dossier, profile: Profile, draws: Draws) -> Line | None:
        if not _homes(each, dossier):
            return None
        doubt = (1 - profile.insight) ** len(each.evidence)
        if not draws.chance(doubt, "doubt", *each.key):
            return self._copied(self._line(each, dossier, profile, draws), dossier, profile, draws)
        match draws.choice(("wrong", "empty", "nothing"), "mistake", *each.key):
            case "wrong":
                return self._line(self._mistaken(each, draws), dossier, profile, draws)
            case "empty":
                return Line(home=_homes(each, dossier)[0], text=self._empty_words(draws, *each.key))
            case _:
                return None

    def _line(self, each: Finding, dossier: Dossier, profile: Profile, draws: Draws) -> Line | None:
        """Write a finding down where it belongs, mostly; None where no phrasing is known for it."""
        home = _homes(each, dossier)[0]
        astray = draws.chance(profile.wrong_scope, "scope", *each.key)
        if astray:
            home = draws.choice(dossier.editable, "astray", *each.key)
        elsewhere = bool(each.tool) and home.tool != each.tool and not astray
        slots = dict(each.slots)
        if each.kind == "use" and home.tool != each.tool:
            slots["tool"] = each.tool
        elif each.aspect and not home.parameter:
            slots["param"] = each.aspect
        about = each.tool if elsewhere and each.kind != "use" else ""
        directive = Directive(kind=each.kind, slots=tuple(sorted(slots.items())), about=about)
        try:
            text = self._lexicon.write(directive, variant=draws.uniform("variant", *each.key))
        except ValueError:
            return None
        return Line(home=home, text=text, directive=directive)

    def _mistaken(self, each: Finding, draws: Draws) -> Finding:
        """Return a wrong conclusion of the same kind."""
        slots = dict(each.slots)
        for name, values in self._lexicon.kinds[each.kind].guesses:
            others = [value for value in values if value != slots.get(name)]
            if name in slots and others:
                slots[name] = draws.choice(others, "mistaken", name, *each.key)
                return replace(each, slots=tuple(sorted(slots.items())))
        return each

    def _copied(self, line: Line | None, dossier: Dossier, profile: Profile, draws: Draws) -> Line | None:
        """Sometimes bind a rule to the one request that showed it: it then helps with that request only."""
        if line is None or not draws.chance(profile.copies, "copy", line.text):
            return line
        numbers = [number for record in dossier.records for number in _NUMBER.findall(record.asked)[:1]]
        if not numbers:
            return line
        text = f"For request {draws.choice(numbers, 'copy', line.text)}: {line.text[0].lower()}{line.text[1:]}"
        return replace(line, text=text, directive=None)

    def _restless(self, dossier: Dossier, draws: Draws) -> Sequence[Line]:
        """With nothing to go by but that something failed, try something, or only sound busy."""
        failing = any(record.score is None or record.score < 1 for record in dossier.records)
        if not dossier.editable or not failing or not draws.chance(_RESTLESS, "restless"):
            return ()
        home = draws.choice(dossier.editable, "restless home")
        if draws.chance(0.5, "restless words"):
            return (Line(home=home, text=self._empty_words(draws, "restless")),)
        kind = draws.choice([kind for kind in self._lexicon.kinds.values() if kind.guesses], "kind")
        slots = tuple(sorted((name, draws.choice(values, "value", name)) for name, values in kind.guesses))
        directive = Directive(kind=kind.name, slots=slots)
        try:
            return (Line(home=home, text=self._lexicon.write(directive), directive=directive),)
        except ValueError:
            return ()

    def _empty_words(self, draws: Draws, *label: object) -> str:
        return draws.choice(self._lexicon.junk, "junk", *label) if self._lexicon.junk else "Work carefully."

    def _rewritten(self, home: Editable, lines: Sequence[Line], profile: Profile, draws: Draws) -> str:
        """Return a text with new lines: without what they replace, and without what is forgotten."""
        new = [line.directive for line in lines if line.directive is not None]
        kept = [
            sentence
            for place, sentence in enumerate(_SENTENCE.split(home.text))
            if sentence.strip()
            and not self._replaced(sentence, new)
            and (place == 0 or not draws.chance(profile.forgets, "forget", sentence))
        ]
        return "\n".join((*kept, *(line.text for line in lines)))

    def _replaced(self, sentence: str, new: Sequence[Directive]) -> bool:
        """Say whether a new line says otherwise what an old sentence says. What adds up is never replaced."""
        return any(
            old.kind == each.kind
            and old.kind != "use"
            and not self._lexicon.kinds[old.kind].each
            and stems(old.about) == stems(each.about)
            and (not each.slot("param") or not old.slot("param") or old.slot("param") == each.slot("param"))
            for old in self._read(sentence)
            for each in new
        )

    def _lessons(self, found: Sequence[Finding], dossier: Dossier) -> Mapping[str, str]:
        """Return what is worth remembering and is not remembered yet, by component."""
        lessons: dict[str, str] = {}
        for each in [each for each in found if not each.remembered][:3]:
            places = _homes(each, dossier)
            directive = Directive(kind=each.kind, slots=_with(each.slots, "param", each.aspect))
            if places and places[0].id and each.kind != "use":
                try:
                    said = self._lexicon.write(directive)
                except ValueError:
                    continue
                lessons[places[0].id] = f"{lessons[places[0].id]} {said}" if places[0].id in lessons else said
        return lessons


def _compared(each: Finding, record: Record, beside: Sequence[Record]) -> Finding:
    """Return what a record shows, with one more piece of evidence where a better try beside it did it well."""
    if any(went_well(other, each.tool, each.aspect) for other in beside):
        return replace(each, evidence=each.evidence | {f"{record.name}/contrast"})
    return each


def _known(prompt: str) -> Dossier:
    """Read a prompt; a text without a name is known by what the records say that it is, or by its own words."""
    dossier = read_prompt(prompt)
    if len(dossier.editable) != 1 or dossier.editable[0].id:
        return dossier
    text = dossier.editable[0].text
    told = _DESCRIBES.search(prompt)
    if told is not None:
        place = f"{told['tool']}/{told['aspect']}" if told["aspect"] else told["tool"]
        return replace(dossier, editable=(Editable(id=f"{_UNNAMED}/tool:{place}", text=text),))
    complained = {each["tool"] for record in dossier.records for each in COMPLAINT.finditer(record.feedback)}
    words = stems(text.splitlines()[0] if text else "")
    meant = [tool for tool in sorted({*dossier.tools, *complained}) if stems(tool) and stems(tool) <= words]
    if len(meant) != 1:
        return dossier
    return replace(dossier, editable=(Editable(id=f"{_UNNAMED}/tool:{meant[0]}", text=text),))


_UNNAMED: Final = "unnamed"


def _id(home: Editable) -> str:
    """Return the id under which an edit is handed in: none, where the prompt gave none."""
    return "" if home.id.startswith(f"{_UNNAMED}/") else home.id


def _homes(each: Finding, dossier: Dossier) -> tuple[Editable, ...]:
    """Return the texts in which a finding can be said, the most fitting first."""
    same = [text for text in dossier.editable if each.tool and text.tool == each.tool]
    exact = [text for text in same if text.parameter and text.parameter == each.aspect]
    described = [text for text in same if not text.parameter]
    wide = [text for text in dossier.editable if not text.tool]
    return tuple(dict.fromkeys((*exact, *described, *wide)))


def _unchanged(dossier: Dossier, *, named: bool) -> Answer:
    """Return the answer that changes nothing."""
    same = () if named or not dossier.editable else (Edit(component="", text=dossier.editable[0].text),)
    return Answer(edits=same, diagnosis="Nothing in the records speaks against these texts.", lessons={})


def _diagnosis(found: Sequence[Finding]) -> str:
    kinds = sorted({each.kind.replace("_", " ") for each in found})
    return f"The texts do not state what the records show: {', '.join(kinds) or 'care'}."


def _with(slots: Slots, name: str, value: str) -> Slots:
    return tuple(sorted((*slots, (name, value)))) if value else slots
