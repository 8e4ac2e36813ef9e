"""Answers in tags: `<diagnosis>`, `<edit component="…" why="…">`, `<lesson component="…">`, closed or not.

What looks like a tag inside of an edit belongs to its text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from spanwright.reflection.answer import Edit, Learned
from spanwright.reflection.reading import Reading

_OPEN = re.compile(r"""<\s*(diagnosis|edit|lesson)\b((?:"[^"]*"|'[^']*'|[^'"<>])*)>""", re.IGNORECASE)
_WRAPPING = re.compile(r"<\s{0,3}/?\s{0,3}(?:edits|lessons|answer|response|output)\s{0,3}>\Z", re.IGNORECASE)
_NAME = re.compile(r"""\b(?:component|id|name|target)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_WHY = re.compile(r"""\b(?:why|reason)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_INNER = re.compile(
    r"^\s*<component>(.*?)</component>\s*(?:<why>(.*?)</why>\s*)?(?:<text>)?(.*?)(?:</text>)?\s*$", re.DOTALL
)
_ENDS_LIKE_A_SENTENCE = re.compile(r"""[.!?:;)\]}>"'”’`*…。！？]\s*$|>{5,9} ?(?:REPLACE|UPDATED)\s*$""")


def looks_tagged(text: str) -> int:
    """Return where the first edit tag stands, or -1; escaped tags count."""
    found = re.search(r"(?:<|&lt;)\s*edit\b", text, re.IGNORECASE)
    return found.start() if found else -1


def read_tags(text: str, *, finished: bool) -> Reading | None:
    """Return what the tags say, or None without an edit tag. `finished` is False where the server cut the answer."""
    if not re.search(r"<\s*edit\b", text, re.IGNORECASE):
        text = unescape(text)
    found = list(_elements(text))
    if {"edit", "diagnosis"}.isdisjoint(each.name for each in found):
        return None
    used = [each for each in found if each.closed or (finished and _ENDS_LIKE_A_SENTENCE.search(each.body))]
    return Reading(
        diagnosis="\n".join(each.body.strip() for each in used if each.name == "diagnosis"),
        edits=tuple(_edit(each) for each in used if each.name == "edit"),
        lessons=tuple(
            Learned(component=_attribute(_NAME, each.attributes), text=each.body.strip())
            for each in used
            if each.name == "lesson"
        ),
        whole=len(used) == len(found),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Element:
    """A tag with what it holds."""

    name: str
    attributes: str
    body: str
    closed: bool
    """Whether its end is known: by its closing tag, or because the next element begins."""


def _elements(text: str) -> Iterator[_Element]:
    """Yield the elements one after another; what looks like a tag inside of a closed one belongs to its text."""
    at = 0
    while (tag := _OPEN.search(text, at)) is not None:
        name, following = tag[1].casefold(), _OPEN.search(text, tag.end())
        closing = _closing(name, text, tag.end())
        if closing is not None:
            body, at = text[tag.end() : closing.start()], closing.end()
        else:
            at = following.start() if following else len(text)
            body = _unwrapped(text[tag.end() : at])
        yield _Element(name=name, attributes=tag[2], body=body, closed=closing is not None or following is not None)


def _closing(name: str, text: str, start: int) -> re.Match[str] | None:
    """Return the closing tag, unless an element of the same name begins before it."""
    tag = re.compile(rf"<\s*(/?)\s*{name}\b[^>]{{0,400}}>", re.IGNORECASE).search(text, start)
    return tag if tag and tag[1] else None


def _unwrapped(body: str) -> str:
    body = body.rstrip()
    while (wrapping := _WRAPPING.search(body)) is not None:
        body = body[: wrapping.start()].rstrip()
    return body


def _edit(element: _Element) -> Edit:
    component, why, body = _attribute(_NAME, element.attributes), _attribute(_WHY, element.attributes), element.body
    inner = _INNER.match(body)
    if inner and not component:
        component, why, body = inner[1], inner[2] or why, inner[3]
    return Edit(component=component or unescape(element.attributes).strip(), why=why, text=body.strip("\n").rstrip())


def _attribute(pattern: re.Pattern[str], attributes: str) -> str:
    found = pattern.search(attributes)
    return unescape(next((group for group in found.groups() if group is not None), "")) if found else ""
