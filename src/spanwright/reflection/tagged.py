"""Answers in tags: `<diagnosis>`, `<edit component="…" why="…">`, `<lesson component="…">`, closed or not.

Also the form that a model copies from its prompt when it ignores the one asked for: an id in a heading, a fence below.
"""

import re
from collections.abc import Iterator, Sequence
from html import unescape

from spanwright.core.candidate import ComponentId
from spanwright.reflection.answer import Edit, Learned
from spanwright.reflection.names import exactly
from spanwright.reflection.reading import Reading

_OPEN = re.compile(r"""<\s*(diagnosis|edit|lesson)s?\b((?:"[^"]*"|'[^']*'|[^'"<>])*)>""", re.IGNORECASE)
_PLURAL = re.compile(r"<\s*/?\s*(?:edits|lessons|answer|response|output)\s*>", re.IGNORECASE)
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
    text = _PLURAL.sub("", text)
    diagnosis: list[str] = []
    edits: list[Edit] = []
    lessons: list[Learned] = []
    whole, opened = True, list(_OPEN.finditer(text))
    for place, tag in enumerate(opened):
        until = opened[place + 1].start() if place + 1 < len(opened) else len(text)
        body, closed = _body(text[tag.end() : until], tag[1].casefold())
        last = place + 1 == len(opened)
        if not closed and last and not (finished and _ENDS_LIKE_A_SENTENCE.search(body)):
            whole = False
            continue
        match tag[1].casefold():
            case "diagnosis":
                diagnosis.append(body.strip())
            case "edit":
                edits.append(_edit(tag[2], body))
            case _:
                lessons.append(Learned(component=_attribute(_NAME, tag[2]), text=body.strip()))
    if not any(tag[1].casefold() == "edit" for tag in opened) and not diagnosis:
        return None
    return Reading(diagnosis="\n".join(diagnosis), edits=tuple(edits), lessons=tuple(lessons), whole=whole)


def read_headings(text: str, offered: Sequence[ComponentId]) -> Reading | None:
    """Return the fenced texts that stand under a line with a component's id; None where there are none."""
    edits = tuple(_headed(text, offered))
    return Reading(edits=edits) if edits else None


def unfenced(text: str) -> str:
    """Return the inside of a text that is one fence as a whole, else the text."""
    found = _FENCE.fullmatch(text.strip())
    return found[2] if found and not re.search(rf"^{re.escape(found[1])}[ \t]*$", found[2], re.MULTILINE) else text


def _body(text: str, name: str) -> tuple[str, bool]:
    closing = re.search(rf"<\s*/\s*{name}\s*>", text, re.IGNORECASE)
    return (text[: closing.start()], True) if closing else (text, False)


def _edit(attributes: str, body: str) -> Edit:
    component, why = _attribute(_NAME, attributes), _attribute(_WHY, attributes)
    inner = _INNER.match(body)
    if inner and not component:
        component, why, body = inner[1], inner[2] or why, inner[3]
    return Edit(component=component or unescape(attributes).strip(), why=why, text=body.strip("\n").rstrip())


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
