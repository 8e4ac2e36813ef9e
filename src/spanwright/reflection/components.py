"""The part of the prompt that shows the texts: those that may be edited in full, the others by name."""

from collections.abc import Collection, Sequence

from spanwright.core.candidate import Candidate, Component, ComponentId, Kind
from spanwright.core.tokens import tokens
from spanwright.reflection.evidence import clean, cut, fenced, line, quoted, record
from spanwright.reflection.limits import limits
from spanwright.reflection.prose import entries, filled
from spanwright.reflection.templates import Briefs

_OTHERS = "# Other texts at work\nThey cannot be edited now. They may lack something, or be wrong."
_NAMED_TOKENS = 30


def editable(components: Sequence[Component], parent: Candidate, briefs: Briefs) -> str:
    """Return the section with the full texts of what may be edited."""
    shown = (_shown(each, parent.texts[each.id], briefs) for each in components)
    return "\n\n".join(["# Texts that you may edit", *shown])


def beginnings(components: Sequence[Component], parent: Candidate, allowance: int) -> str:
    """Return the section with the seed's texts where they differ, as many as fit wholly; empty where none does."""
    section = "# What these texts were at the start"
    shown: list[str] = []
    for each in components:
        if each.text.strip() and clean(each.text) != clean(parent.texts[each.id]):
            piece = f"{quoted(each.id)}\n{fenced(each.text, 'start')}"
            if tokens("\n\n".join([section, *shown, piece])) <= allowance:
                shown.append(piece)
    return "\n\n".join([section, *shown]) if shown else ""


def others(
    components: Sequence[Component], parent: Candidate, allowance: int, shared: Collection[ComponentId] = ()
) -> str:
    """Return the section that names what else is at work, as much as fits; empty where nothing is.

    Of what is `shared` it says that somebody else edits it.
    """
    elsewhere = ", ".join(quoted(each.id) for each in components if each.id in shared)
    opening = f"{_OTHERS}\n{filled('shared', {'texts': elsewhere})}" if elsewhere else _OTHERS
    said = [(each, line(parent.texts.get(each.id, each.text))) for each in components]
    entries = [f"- {line(each.id)} ({each.kind}): {cut(text, _NAMED_TOKENS)}" for each, text in said if text]
    empty = [line(each.id) for each, text in said if not text]
    if empty:
        entries.append(f"- without a text: {', '.join(empty)}")
    for count in range(len(entries), 0, -1):
        left = ["- and more"] if count < len(entries) else []
        section = f"{opening}\n{record(chr(10).join([*entries[:count], *left]))}"
        if tokens(section) <= allowance:
            return section
    return ""


def _shown(component: Component, text: str, briefs: Briefs) -> str:
    governs = line(component.reach) or entries("reach")[component.kind]
    heading = f"## {quoted(component.id)}"
    if component.kind is not Kind.ARTIFACT:
        heading += f": {component.kind} of agent {quoted(component.agent)}"
    current = fenced(text, "text") if clean(text).strip() else ""
    brief = briefs.fill(component, text=current or "none yet", governs=governs, limits=limits(component, text))
    if brief is not None:
        return f"{heading}\n{brief}"
    told = f"Current text:\n{current}" if current else "Current text: none yet."
    return f"{heading}\n- Governs: {governs}\n- Limits: {limits(component, text)}\n{told}"
