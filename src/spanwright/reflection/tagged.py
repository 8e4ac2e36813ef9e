"""Answers in tags: `<diagnosis>`, `<edit component="…" why="…">`, `<lesson component="…">`, closed or not.

Also the form that a model copies from its prompt when it ignores the one asked for: an id in a heading, a fence below.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape

from spanwright.core.candidate import ComponentId
from spanwright.reflection.answer import Edit, Learned
from spanwright.reflection.names import exactly
from spanwright.reflection.reading import Reading

_OPEN = re.compile(r"""<\s*(diagnosis|edit|lesson)\b((?:"[^"]*"|'[^']*'|[^'"<>])*)>""", re.IGNORECASE)
_WRAPPING = re.compile(r"(?:\s*<\s*/?\s*(?:edits|lessons|answer|response|output)\s*>)+\s*$", re.IGNORECASE)
_NAME = re.compile(r"""\b(?:component|id|name|target)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_WHY = re.compile(r"""\b(?:why|reason)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_INNER = re.compile(
    r"^\s*<component>(.*?)</component>\s*(?:<why>(.*?)</why>\s*)?(?:<text>)?(.*?)(?:</text>)?\s*$", re.DOTALL
)
_FENCE = re.compile(r"^(`{3,}|~{3,})[^\n]*\n(.*?)\n?^\1`*[ \t]*$", re.DOTALL | re.MULTILINE)
_ENDS_LIKE_A_SENTENCE = re.compile(r"""[.!?:;)\]}>"'”’`*…。！？]\s*$""")


def looks_tagged(text: str) -> int:
    """Return where the first edit tag stands, or -1; escaped tags count."""
    found = re.search(r"(?:<|&lt;)\s*edit\b", text, re.IGNORECASE)
    return found.start() if found else -1


def read_tags(text: str, *, finished: bool) -> Reading | None:
    """Return what the tags say, or None without an edit tag. `finished` is False where the server cut the answer."""
    if not re.search(r"<\s*edit\b", text, re.IGNORECASE):
        text = unescape(text)
    found = list(_elements(text))
    if not any(element.name == "edit" for element in found) and not any(
        element.name == "diagnosis" for element in found
    ):
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


def read_headings(text: str, offered: Sequence[ComponentId]) -> Reading | None:
    """Return the fenced texts that stand under a line with a component's id; None where there are none."""
    edits = tuple(_headed(text, offered))
    return Reading(edits=edits) if edits else None


def unfenced(text: str) -> str:
    """Return the inside of a text that is one fence as a whole, else the text."""
    found = _FENCE.fullmatch(text.strip())
    return found[2] if found and not re.search(rf"^{re.escape(found[1])}[ \t]*$", found[2], re.MULTILINE) else text


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
        name = tag[1].casefold()
        closing = re.compile(rf"<\s*/\s*{name}\s*>", re.IGNORECASE).search(text, tag.end())
        following = _OPEN.search(text, tag.end())
        same = re.compile(rf"<\s*{name}\b", re.IGNORECASE).search(
            text, tag.end(), closing.start() if closing else len(text)
        )
        if closing is not None and same is None:
            end, at = closing.start(), closing.end()
        else:
            end = at = following.start() if following else len(text)
        closed = at < len(text) or (closing is not None and same is None)
        body = (
            text[tag.end() : end] if closing is not None and same is None else _WRAPPING.sub("", text[tag.end() : end])
        )
        yield _Element(name=name, attributes=tag[2], body=body, closed=closed)


def _edit(element: _Element) -> Edit:
    component, why, body = _attribute(_NAME, element.attributes), _attribute(_WHY, element.attributes), element.body
    inner = _INNER.match(body)
    if inner and not component:
        component, why, body = inner[1], inner[2] or why, inner[3]
    return Edit(component=component or unescape(element.attributes).strip(), why=why, text=body.strip("\n").rstrip())


def _attribute(pattern: re.Pattern[str], attributes: str) -> str:
    found = pattern.search(attributes)
    return unescape(next((group for group in found.groups() if group is not None), "")) if found else ""


def _headed(text: str, offered: Sequence[ComponentId]) -> Iterator[Edit]:
    for fence in _FENCE.finditer(text):
        above = [line for line in text[: fence.start()].splitlines() if line.strip()][-3:]
        for line in reversed(above):
            named = [exactly(name, offered) for name in (*re.findall(r"`([^`]+)`", line), *line.split(), line)]
            component = next((name for name in named if name is not None), None)
            if component is not None:
                yield Edit(component=component, why="", text=fence[2])
                break
