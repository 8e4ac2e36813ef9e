"""Whether a text breaks its component's guard, and how: a pure check, the same for every reflector and for the seed."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from spanwright.core.candidate import Component, ComponentId, Kind
from spanwright.core.guard import Format, Guard
from spanwright.core.proposal import Refusal, RefusalReason
from spanwright.core.runs import runs
from spanwright.core.strangers import Strangers
from spanwright.core.tokens import tokens

LONGEST_NAME = 64
"""Characters of a tool's name that every large provider accepts."""
_NAME = re.compile(rf"[A-Za-z_][A-Za-z0-9_-]{{0,{LONGEST_NAME - 1}}}")
_TAG = re.compile(r"<(/?)([A-Za-z_][\w.-]*)(?:\s[^<>]*)?(?<!/)>")
_MARKDOWN = (
    (re.compile(r"^ {0,3}#{1,6} ", re.MULTILINE), "a heading"),
    (re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE), "a code block"),
    (re.compile(r"(?<!\w)(\*\*|__)(?=\S)[^\n]+?(?<=\S)\1(?!\w)"), "emphasis"),
    (re.compile(r"^\s*\|.*\|\s*$", re.MULTILINE), "a table"),
    (re.compile(r"\[[^\]\n]+\]\([^)\s]+\)"), "a link"),
)


def breach(component: Component, text: str, own: Collection[str] = frozenset()) -> Refusal | None:
    """Return why a text is refused for a component; None where it keeps to all that is demanded.

    `own` are the runs of words that single cases have. What the seed's text has of them may stay.
    """
    if component.values and text not in component.values:
        return _no(
            RefusalReason.FORMAT, component.id, f"is `{text[:80]}`, and not one of {', '.join(component.values)}"
        )
    if component.kind is Kind.TOOL_NAME and not _NAME.fullmatch(text):
        return _no(RefusalReason.FORMAT, component.id, f"is `{text[:80]}`, and no provider takes that as a tool's name")
    if component.kind is Kind.SKILL and component.text and not text.strip():
        return _no(RefusalReason.FORMAT, component.id, "is empty, and nobody would load the skill")
    return None if component.guard is None else next(_breaches(component, component.guard, text, own), None)


def clash(components: Iterable[Component], texts: Mapping[ComponentId, str]) -> Refusal | None:
    """Return why texts are refused that are fine each for itself: two tools of an agent would have one name."""
    taken: dict[tuple[str, str], ComponentId] = {}
    for component in components:
        if component.kind is Kind.TOOL_NAME:
            name = texts[component.id]
            other = taken.setdefault((component.agent, name), component.id)
            if other != component.id:
                return _no(RefusalReason.FORMAT, component.id, f"is `{name}`, as that of `{other}`")
    return None


def brought_in(component: Component, text: str, strangers: Strangers) -> Refusal | None:
    """Return why a text is refused for what it has from users, tools or documents; its guard may allow all that.

    Of a program's names and words nobody can say whose they are: what is measured as it stands is not asked.
    """
    if component.kind is Kind.ARTIFACT or (component.guard is not None and component.guard.strangers):
        return None
    found = strangers.brought_in(text)
    return _no(RefusalReason.STRANGER, component.id, found) if found else None


def _breaches(component: Component, guard: Guard, text: str, own: Collection[str]) -> Iterator[Refusal]:
    id = component.id
    if len(text) > component.limit:
        yield _no(RefusalReason.TOO_LONG, id, f"has {len(text)} characters, {component.limit} are allowed")
    if guard.max_tokens is not None and (long := tokens(text)) > guard.max_tokens:
        yield _no(RefusalReason.TOO_LONG, id, f"has {long} tokens, {guard.max_tokens} are allowed")
    if lost := [f"`{each}`" for each in guard.keep if each not in text]:
        yield _no(RefusalReason.PLACEHOLDER, id, f"lacks {', '.join(lost)}")
    if guard.format is not None and (wrong := misshapen(text, guard.format)):
        yield _no(RefusalReason.FORMAT, id, f"is to be {_NAMES[guard.format]}, but {wrong}")
    for pattern in guard.forbid:
        if found := re.search(pattern, text):
            yield _no(RefusalReason.FORBIDDEN, id, f"has `{found[0][:80]}`, and `{pattern}` is forbidden")
    if own and not guard.copies:
        allowed = {*runs(component.text)}
        if copied := next((run for run in runs(text) if run in own and run not in allowed), None):
            yield _no(RefusalReason.COPIED, id, f"repeats a task: `{copied}`")


_NAMES: dict[Format, str] = {"plain": "plain text", "markdown": "Markdown", "xml": "XML-tagged"}


def misshapen(text: str, format: Format) -> str:  # noqa: A002  (the guard's own word)
    """Return what in a text is not of a format; empty where it is."""
    tags = list(_TAG.finditer(text))
    closed = {tag[2] for tag in tags if tag[1]} & {tag[2] for tag in tags if not tag[1]}
    match format:
        case "plain":
            if closed:
                return f"it has the tag <{min(closed)}>"
            return next((f"it has {what}" for pattern, what in _MARKDOWN if pattern.search(text)), "")
        case "markdown":
            if closed:
                return f"it has the tag <{min(closed)}>"
            return "a code block is not closed" if len(_MARKDOWN[1][0].findall(text)) % 2 else ""
        case "xml":
            return _untagged(text, tags)


def _untagged(text: str, tags: list[re.Match[str]]) -> str:
    open_tags: list[str] = []
    at = 0
    for tag in tags:
        if not open_tags and text[at : tag.start()].strip():
            return f"`{text[at : tag.start()].strip()[:40]}` stands outside of tags"
        if not tag[1]:
            open_tags.append(tag[2])
        elif not open_tags or open_tags.pop() != tag[2]:
            return f"</{tag[2]}> closes nothing"
        at = tag.end()
    if open_tags:
        return f"<{open_tags[-1]}> is not closed"
    return f"`{text[at:].strip()[:40]}` stands outside of tags" if text[at:].strip() else ""


def _no(reason: RefusalReason, id: str, detail: str) -> Refusal:
    return Refusal(reason=reason, detail=f"the text of `{id}` {detail}")
