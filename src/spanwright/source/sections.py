"""The sections of a function's docstring, in three styles: put a new text for one thing into it, all else as it is.

Where each thing stands is found by the layout that the styles prescribe. What a new docstring says is for its reader to
tell, who parses it as pydantic-ai does: here are proposals, the likeliest first, and none of them is taken unread.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from inspect import cleandoc


class Style(StrEnum):
    """How a docstring tells of parameters."""

    GOOGLE = "google"
    NUMPY = "numpy"
    SPHINX = "sphinx"


_GOOGLE = re.compile(r"(args|arguments|params|parameters):\s*$", re.IGNORECASE)
_GOOGLE_RETURNS = re.compile(r"returns:\s*$", re.IGNORECASE)
_GOOGLE_ANY = re.compile(r"[A-Za-z][\w ]*:\s*$")
_UNDERLINE = re.compile(r"-{3,}\s*$")
_SPHINX_ANY = re.compile(r":\w[^:]*:")
_STEP = "    "


@dataclass(frozen=True, slots=True)
class _Lines:
    """Some lines of a docstring, `[start, end)`."""

    start: int
    end: int


def with_description(doc: str, old: str, new: str) -> Iterator[str]:
    """Yield docstrings that describe the function as `new`, where this one describes it as `old`."""
    clean = cleandoc(doc)
    if old and clean.startswith(old):
        rest = clean[len(old) :]
        yield f"{new}{rest}" if new else rest.lstrip("\n")
    elif not old:
        yield f"{new}\n\n{clean}" if clean else new


def with_returns(doc: str, new: str) -> Iterator[str]:
    """Yield docstrings that describe what is returned as `new`, where this one describes it, too."""
    lines = cleandoc(doc).split("\n")
    for place, line in enumerate(lines):
        body = _block(lines, place + 1)
        if _GOOGLE_RETURNS.match(line):
            step = _indent(lines[body.start]) if body.start < body.end else _STEP
            first = lines[body.start].strip() if body.start < body.end else ""
            kept, colon, _ = first.partition(": ")
            yield _put(lines, body, _hung("", new, step, step))
            if colon:
                yield _put(lines, body, _hung(f"{kept}: ", new, step, step))
        elif re.match(r"returns\s*$", line, re.IGNORECASE) and _is_underlined(lines, place):
            item = _numpy_body(lines, place + 2)
            yield _put(lines, _Lines(item.start + 1, item.end), _hung("", new, _STEP, _STEP))
        elif found := re.match(r":returns?:\s*", line):
            yield _put(lines, _Lines(place, _sphinx_end(lines, place)), _hung(found[0], new, "", _STEP))


def without_returns(doc: str) -> Iterator[str]:
    """Yield docstrings that do not tell what is returned."""
    lines = cleandoc(doc).split("\n")
    for place, line in enumerate(lines):
        if _GOOGLE_RETURNS.match(line):
            yield _dropped(lines, _Lines(place, _block(lines, place + 1).end))
        elif re.match(r"returns\s*$", line, re.IGNORECASE) and _is_underlined(lines, place):
            yield _dropped(lines, _Lines(place, _numpy_body(lines, place + 2).end))
        elif re.match(r":(returns?|rtype):", line):
            kept = [each for each in lines if not re.match(r":rtype:", each)]
            first = next((each for each, text in enumerate(kept) if re.match(r":returns?:", text)), None)
            yield _dropped(kept, _Lines(first, _sphinx_end(kept, first))) if first is not None else "\n".join(kept)


def _dropped(lines: Sequence[str], where: _Lines) -> str:
    """Return lines without some of them, and without the empty ones above those that are last."""
    below = list(lines[where.end :])
    while below and not below[0]:
        below.pop(0)
    return "\n".join([*lines[: where.start], *below]).rstrip("\n")


def with_parameter(doc: str, name: str, new: str, styles: Sequence[Style]) -> Iterator[str]:
    """Yield docstrings that say `new` of a parameter, nothing of it where that is empty.

    `styles` are those in which a docstring that has no parameters yet may tell of some, the likeliest first.
    """
    lines = cleandoc(doc).split("\n") if doc.strip() else []
    for style, edit in ((Style.SPHINX, _sphinx), (Style.NUMPY, _numpy), (Style.GOOGLE, _google)):
        if (section := _section(lines, style)) is not None:
            yield from edit(lines, section, name, new)
    if new:
        for style in styles:
            yield "\n".join(_with_section(lines, style, name, new))


def style_of(doc: str) -> Style | None:
    """Return the style in which a docstring tells of parameters; None where it tells of none."""
    lines = cleandoc(doc).split("\n")
    return next((style for style in Style if _section(lines, style) is not None), None)


def _section(lines: Sequence[str], style: Style) -> int | None:
    """Return the line of the header of the parameters, for Sphinx of the first one."""
    for place, line in enumerate(lines):
        if style is Style.GOOGLE and _GOOGLE.match(line) and _indent(_next(lines, place + 1)):
            return place
        if style is Style.NUMPY and re.match(r"parameters\s*$", line, re.IGNORECASE) and _is_underlined(lines, place):
            return place
        if style is Style.SPHINX and re.match(r":(param|parameter|arg|argument|key|keyword)\s[^:]*:", line):
            return place
    return None


def _google(lines: Sequence[str], header: int, name: str, new: str) -> Iterator[str]:
    body = _block(lines, header + 1)
    step = _indent(lines[body.start])
    for item in _items(lines, body, step):
        found = re.match(rf"{step}(\*{{0,2}}{re.escape(name)}(?:\s*\(.*?\))?)\s*:", lines[item.start])
        if found:
            yield from _replaced(lines, item, _hung(f"{found[1]}: ", new, step, step * 2), new, body, header)
            return
    if new:
        yield _put(lines, _Lines(body.end, body.end), _hung(f"{name}: ", new, step, step * 2))


def _numpy(lines: Sequence[str], header: int, name: str, new: str) -> Iterator[str]:
    body = _numpy_body(lines, header + 2)
    for item in _items(lines, body, ""):
        found = re.match(rf"\*{{0,2}}{re.escape(name)}(\s*:.*)?\s*$", lines[item.start])
        if found:
            inner = _indent(_next(lines, item.start + 1)) or _STEP
            text = [lines[item.start], *_hung("", new, inner, inner)]
            yield from _replaced(lines, item, text, new, body, header)
            return
    if new:
        yield _put(lines, _Lines(body.end, body.end), [name, *_hung("", new, _STEP, _STEP)])


def _sphinx(lines: Sequence[str], first: int, name: str, new: str) -> Iterator[str]:
    last = first
    for place, line in enumerate(lines):
        found = re.match(r":(?:param|parameter|arg|argument|key|keyword)\s(?:[^:]*\s)?(\S+):", line)
        if not found:
            continue
        last = _sphinx_end(lines, place)
        if found[1] == name:
            item = _Lines(place, last)
            yield _put(lines, item, _hung(f"{found[0]} ", new, "", _STEP) if new else [])
            return
    if new:
        yield _put(lines, _Lines(last, last), _hung(f":param {name}: ", new, "", _STEP))


def _replaced(
    lines: Sequence[str], item: _Lines, text: Sequence[str], new: str, body: _Lines, header: int
) -> Iterator[str]:
    """Yield the lines with an item replaced; where it is taken away as the last one, the section goes, too."""
    if new:
        yield _put(lines, item, text)
    elif item.start == body.start and item.end >= body.end:
        end = next((place for place in range(body.end, len(lines)) if lines[place]), len(lines))
        yield _put(lines, _Lines(header, end), []).rstrip("\n")
    else:
        yield _put(lines, item, [])


def _with_section(lines: Sequence[str], style: Style, name: str, new: str) -> list[str]:
    """Return lines with a section for one parameter: before the other sections, or at the end."""
    match style:
        case Style.GOOGLE:
            section = ["Args:", *_hung(f"{name}: ", new, _STEP, _STEP * 2)]
        case Style.NUMPY:
            section = ["Parameters", "----------", name, *_hung("", new, _STEP, _STEP)]
        case Style.SPHINX:
            section = _hung(f":param {name}: ", new, "", _STEP)
    place = next((place for place in range(len(lines)) if _is_header(lines, place, style)), len(lines))
    above, below = list(lines[:place]), list(lines[place:])
    while above and not above[-1]:
        above.pop()
    gap = [""] if above else []
    return [*above, *gap, *section, *([] if not below else below if style is Style.SPHINX else ["", *below])]


def _is_header(lines: Sequence[str], place: int, style: Style) -> bool:
    match style:
        case Style.GOOGLE:
            return bool(_GOOGLE_ANY.match(lines[place])) and bool(_indent(_next(lines, place + 1)))
        case Style.NUMPY:
            return _is_underlined(lines, place)
        case Style.SPHINX:
            return bool(_SPHINX_ANY.match(lines[place]))


def _items(lines: Sequence[str], body: _Lines, step: str) -> Iterator[_Lines]:
    starts = [place for place in range(body.start, body.end) if lines[place] and _indent(lines[place]) == step]
    for place, start in enumerate(starts):
        end = starts[place + 1] if place + 1 < len(starts) else body.end
        while end > start + 1 and not lines[end - 1]:
            end -= 1
        yield _Lines(start, end)


def _block(lines: Sequence[str], start: int) -> _Lines:
    """Return the indented lines from `start` on, without empty ones around."""
    while start < len(lines) and not lines[start]:
        start += 1
    end = start
    while end < len(lines) and (not lines[end] or _indent(lines[end])):
        end += 1
    while end > start and not lines[end - 1]:
        end -= 1
    return _Lines(start, end)


def _numpy_body(lines: Sequence[str], start: int) -> _Lines:
    end = start
    while end < len(lines) and not _is_underlined(lines, end):
        end += 1
    while end > start and not lines[end - 1]:
        end -= 1
    return _Lines(start, end)


def _sphinx_end(lines: Sequence[str], start: int) -> int:
    end = start + 1
    while end < len(lines) and not _SPHINX_ANY.match(lines[end]):
        end += 1
    while end > start + 1 and not lines[end - 1]:
        end -= 1
    return end


def _hung(head: str, text: str, first: str, rest: str) -> list[str]:
    """Return the lines of a text, the first after `head`, with their indentation; empty lines have none."""
    lines = text.split("\n")
    return [f"{first}{head}{lines[0]}".rstrip(), *(f"{rest}{line}" if line else "" for line in lines[1:])]


def _put(lines: Sequence[str], where: _Lines, new: Sequence[str]) -> str:
    return "\n".join([*lines[: where.start], *new, *lines[where.end :]])


def _next(lines: Sequence[str], start: int) -> str:
    return next((line for line in lines[start:] if line), "")


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _is_underlined(lines: Sequence[str], place: int) -> bool:
    return bool(lines[place]) and place + 1 < len(lines) and bool(_UNDERLINE.match(lines[place + 1]))
