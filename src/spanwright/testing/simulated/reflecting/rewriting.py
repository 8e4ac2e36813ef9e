"""New texts from old ones and conclusions: what is added, what is forgotten, what is put in the wrong place."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from spanwright.testing.simulated import lexicon
from spanwright.testing.simulated.lexicon import Directive
from spanwright.testing.simulated.reflecting.dossier import Dossier, Editable
from spanwright.testing.simulated.reflecting.findings import Finding, homes
from spanwright.testing.simulated.reflecting.profile import Profile
from spanwright.testing.simulated.wire import Draws
from spanwright.testing.simulated.words import stems

_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z])|\n+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A sentence to be added to a text."""

    home: Editable
    text: str
    directive: Directive | None = None
    """What it states; None for empty words."""
    why: str = ""


def line_for(each: Finding, dossier: Dossier, profile: Profile, draws: Draws) -> Line | None:
    """Write a finding down where it belongs, mostly; None where no editable text can hold it."""
    places = homes(each, dossier)
    if not places:
        return None
    label = (each.directive.kind, each.directive.slots, each.tool)
    home = places[0]
    astray = draws.chance(profile.wrong_scope, "scope", *label)
    if astray:
        home = draws.choice(dossier.editable, "astray", *label)
    narrowed = each.tool if home.tool != each.tool and not astray and each.directive.kind != "reply" else ""
    directive = replace(each.directive, about=_about(each, home, narrowed), source="")
    directive = _fitted(directive, each, home)
    text = lexicon.write(directive, variant=draws.uniform("phrase", *label))
    return Line(home=home, text=text, directive=directive, why=" and ".join(sorted(each.evidence))[:200])


def rewritten(home: Editable, lines: Sequence[Line], profile: Profile, draws: Draws) -> str:
    """Return the new text: the old sentences without those that are replaced or forgotten, and the new ones."""
    kept = [
        sentence
        for number, sentence in enumerate(_SENTENCE.split(home.text))
        if sentence.strip()
        and not any(_replaces(line, sentence) for line in lines)
        and not (number and draws.chance(profile.forgets, "forget", home.id, sentence))
    ]
    return "\n".join(sentence.strip() for sentence in (*kept, *(line.text for line in lines)))


def _about(each: Finding, home: Editable, narrowed: str) -> str:
    if each.directive.kind in ("use", "avoid", "before", "route", "reply") or (
        each.directive.kind == "id_spelling" and not home.tool
    ):
        return ""
    return narrowed


def _fitted(directive: Directive, each: Finding, home: Editable) -> Directive:
    """Name the tool in a sentence that stands away from it; leave out what its place says already."""
    slots = dict(directive.slots)
    if directive.kind in ("use", "avoid"):
        slots.pop("tool", None)
        if home.tool != each.tool:
            slots["tool"] = each.tool
    if directive.kind == "before":
        slots.pop("then", None)
        if home.tool != each.tool:
            slots["then"] = each.tool
    if directive.kind == "codes":
        slots.pop("param", None)
        if not home.parameter and each.parameter:
            slots["param"] = each.parameter
    return replace(directive, slots=tuple(sorted(slots.items())))


def _replaces(line: Line, sentence: str) -> bool:
    """Say whether a new line says otherwise what an old sentence says."""
    if line.directive is None:
        return False
    new = line.directive
    return any(
        old.kind == new.kind
        and old.kind not in ("reply", "before", "code_for", "use")
        and stems(old.about) == stems(new.about)
        and old.slot("topic") == new.slot("topic")
        and old.slot("param") == new.slot("param")
        for old in lexicon.read(sentence)
    )
