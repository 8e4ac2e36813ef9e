"""New texts for a tool's docstring: one after the other, each only if the docstring then reads exactly as wanted."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import libcst as cst

from spanwright.source.constants import meaning
from spanwright.source.docstrings import Written, docstring, with_docstring
from spanwright.source.files import SourceFile
from spanwright.source.places import Reader, Told
from spanwright.source.sections import Style, style_of, with_description, with_parameter, with_returns, without_returns

_COMPOSED = re.compile(
    r"(?:<summary>(?P<summary>.*)</summary>\n)?"
    r"<returns>\n(?:<type>(?P<type>.*?)</type>\n)?<description>(?P<returns>.*)</description>\n</returns>",
    re.DOTALL,
)
"""What pydantic-ai makes of a docstring that tells what a function returns."""


@dataclass(frozen=True, slots=True)
class Rewording:
    """A function's docstring with the new texts that it could take."""

    written: Written | None
    taken: frozenset[str]
    """What it says anew: names of parameters, and "" for the description."""


def reworded(
    function: cst.FunctionDef, wanted: Mapping[str, str], read: Reader, file: SourceFile, *, alone: bool
) -> Rewording:
    """Return a function's docstring with new texts, of which some may be impossible in a docstring.

    `alone` says that there is no other place for a description: then one that says nothing of its own on what is
    returned takes the place of the section that does.
    """
    old = docstring(function)
    doc = (meaning(old) or "") if old is not None else ""
    told = read(doc)
    written: Written | None = None
    taken: set[str] = set()
    styles = _styles(doc, file)
    # Twice: a section that one text brings along may be what another one needs.
    for key in [*wanted, *wanted]:
        if told is None or key in taken:
            continue
        goal = {**told.texts, key: wanted[key]}
        for candidate in _candidates(doc, told, key, wanted[key], styles, alone=alone):
            attempt = with_docstring(function, candidate, file)
            if attempt is None or attempt.value is None:
                continue
            heard = read(attempt.value)
            if heard is not None and _same(heard.texts, goal):
                doc, told, written = attempt.value, heard, attempt
                taken.add(key)
                break
    return Rewording(written, frozenset(taken))


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return {key: text for key, text in one.items() if text} == {key: text for key, text in other.items() if text}


def _candidates(doc: str, told: Told, key: str, new: str, styles: Sequence[Style], *, alone: bool) -> Iterator[str]:
    if key:
        yield from with_parameter(doc, key, new, styles)
        return
    old = _COMPOSED.fullmatch(told.description)
    if old is None:
        yield from with_description(doc, told.description, new)
        return
    wanted = _COMPOSED.fullmatch(new)
    if wanted is None or wanted["type"] != old["type"]:
        # A docstring that tells of what is returned is read as more than one text.
        for candidate in without_returns(doc) if alone else ():
            yield from with_description(candidate, old["summary"] or "", new)
        return
    before, after = old["summary"] or "", wanted["summary"] or ""
    described = [doc] if before == after else list(with_description(doc, before, after))
    for candidate in described:
        yield candidate
        yield from with_returns(candidate, wanted["returns"])


def _styles(doc: str, file: SourceFile) -> Sequence[Style]:
    """Return the styles for a section that is not there yet: the docstring's own, then the file's, then the others."""
    own = style_of(doc) if doc else None
    known = [style for each in file.found(cst.FunctionDef) if (style := _style(each)) is not None]
    likely = [*([own] if own else []), *([max(set(known), key=known.count)] if known else [])]
    return tuple(dict.fromkeys([*likely, Style.GOOGLE, Style.SPHINX, Style.NUMPY]))


def _style(function: cst.FunctionDef) -> Style | None:
    found = docstring(function)
    return style_of(meaning(found) or "") if found is not None else None
