"""From a dossier to what is to be changed: attention, doubt, mistakes, and what earlier tries forbid."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from spanwright.testing.simulated import lexicon
from spanwright.testing.simulated.reflecting.dossier import Dossier, parameter_in
from spanwright.testing.simulated.reflecting.findings import Finding, covers, merged, stated
from spanwright.testing.simulated.reflecting.from_blame import from_blame
from spanwright.testing.simulated.reflecting.from_conditions import from_conditions
from spanwright.testing.simulated.reflecting.from_feedback import from_feedback
from spanwright.testing.simulated.reflecting.from_tools import from_tools
from spanwright.testing.simulated.reflecting.from_traces import from_traces
from spanwright.testing.simulated.reflecting.guessing import empty_words, guesses, mistaken
from spanwright.testing.simulated.reflecting.profile import Profile
from spanwright.testing.simulated.reflecting.rewriting import Line, line_for
from spanwright.testing.simulated.wire import Draws

_FARED_WELL: Final = re.compile(r"\bbetter:|\bkept:", re.IGNORECASE)
_FARED_BADLY: Final = re.compile(
    r"\bnot kept\b|\brefused\b|\bworse\b|\blost\b|\bdropped\b|\brejected\b|\bno (?:better|change)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusions:
    """What an answer is made of."""

    lines: tuple[Line, ...]
    lessons: tuple[Finding, ...]
    """Findings that are worth remembering."""


def shown(dossier: Dossier) -> tuple[Finding, ...]:
    """Return all that the evidence shows, piece by piece: what somebody with all the time in the world would find."""
    return (
        *from_traces(dossier),
        *from_feedback(dossier),
        *from_blame(dossier),
        *from_conditions(dossier),
        *from_tools(dossier),
    )


def conclude(dossier: Dossier, pieces: Sequence[Finding], profile: Profile, draws: Draws) -> Conclusions:
    """Draw conclusions from the pieces of evidence, with all the failings of the profile."""
    found = [each for each in merged(_noticed(dossier, pieces, profile, draws)) if not stated(each, dossier)]
    if not found:
        return Conclusions(lines=tuple(_guessed(dossier, profile, draws)), lessons=())
    found = [each for each in found if not _forbidden(each, dossier, draws)]
    found.sort(key=lambda each: -len(each.evidence) - draws.uniform("order", *each.key))
    lines: list[Line] = []
    for each in found:
        if len(lines) >= profile.per_answer:
            break
        line = _concluded(each, dossier, profile, draws)
        if (
            line is not None
            and line.text not in line.home.text
            and sum(line.home == other.home for other in lines) < profile.per_text
        ):
            lines.append(line)
    return Conclusions(lines=tuple(lines), lessons=_new(found))


def _new(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return what is worth remembering and is not remembered yet."""
    return tuple(each for each in found if not any(piece.startswith("lesson") for piece in each.evidence))[:3]


def _noticed(dossier: Dossier, pieces: Sequence[Finding], profile: Profile, draws: Draws) -> list[Finding]:
    """Return what is seen of the evidence: the more there is to read, the more is overlooked."""
    attention = min(1.0, profile.records / max(len(dossier.records), 1)) * min(
        1.0, profile.characters / max(dossier.length, 1)
    )
    seen = [each for each in pieces if draws.chance(attention, "notice", *each.key, *sorted(each.evidence))]
    return [*seen, *_remembered(dossier)]


def _remembered(dossier: Dossier) -> list[Finding]:
    """Return what lessons say in plain words, and what edits said that made things better and are not in the texts."""
    plain = [note for note in dossier.lessons if note.record is None]
    helped = [note for note in dossier.tried if _FARED_WELL.search(note.outcome)]
    return [
        Finding(
            directive=replace(directive, about="", source=""),
            tool=next(iter(sorted(note.tools)), "") or directive.about,
            parameter=parameter_in(note.components[0]),
            evidence=frozenset({f"lesson {note.text[:40]}"}),
        )
        for note in (*plain, *helped)
        for directive in lexicon.read(note.text)
    ]


def _forbidden(each: Finding, dossier: Dossier, draws: Draws) -> bool:
    """Say whether an earlier try of the same fared badly; such a try is sometimes repeated all the same."""
    bad = [note for note in dossier.tried if _FARED_BADLY.search(note.outcome)]
    same = [note for note in bad if not note.tools or each.tool in note.tools]
    tried = any(covers(directive, each.directive) for note in same for directive in lexicon.read(note.text))
    return tried and draws.chance(0.5, "forbidden", *each.key)


def _concluded(each: Finding, dossier: Dossier, profile: Profile, draws: Draws) -> Line | None:
    doubt = (1 - profile.insight) ** len(each.evidence)
    if not draws.chance(doubt, "doubt", *each.key):
        return _copied(line_for(each, dossier, profile, draws), dossier, profile, draws)
    match draws.choice(("wrong", "empty", "nothing"), "mistake", *each.key):
        case "wrong":
            wrong = mistaken(each, dossier, draws)
            return None if wrong is None else line_for(wrong, dossier, profile, draws)
        case "empty":
            return empty_words(dossier, draws, *each.key)
        case _:
            return None


def _copied(line: Line | None, dossier: Dossier, profile: Profile, draws: Draws) -> Line | None:
    """Sometimes bind a rule to the one order that showed it: it then helps with that order only."""
    if line is None or not draws.chance(profile.copies, "copy", line.text):
        return line
    numbers = [number for record in dossier.records for number in re.findall(r"\b\d{3,6}\b", record.asked)]
    if not numbers:
        return line
    text = f"For order {draws.choice(numbers, 'copy', line.text)}: {line.text[0].lower()}{line.text[1:]}"
    return replace(line, text=text, directive=None)


def _guessed(dossier: Dossier, profile: Profile, draws: Draws) -> Sequence[Line]:
    """With nothing to go by but that something failed, try something."""
    failing = [record for record in dossier.records if record.score is not None and record.score < 1]
    if not dossier.editable or not failing:
        return ()
    if any(record.informative for record in failing) and not draws.chance(0.3, "restless"):
        return ()
    drawn = guesses(dossier, draws, 1 + draws.chance(0.5, "two guesses"))
    written = (line_for(each, dossier, profile, draws) for each in drawn if not stated(each, dossier))
    return tuple(line for line in written if line is not None)
