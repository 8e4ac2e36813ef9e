"""Where lines stand in a text that a model remembers not quite to the letter, and what takes their place.

White space may differ: at the ends of lines, in the depth of a block, in blank lines around it. What it left as it was
keeps the text's own white space. A place that is not the only one is none.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from itertools import pairwise

from spanwright.reflection.evidence import clean

_MOST_SHOWN = 12
"""Lines that are shown of the place that was perhaps meant."""
_MOST_PLACES = 50
"""Places that are counted."""
_LONGEST_LINE = 200
_LONG = 2_000
"""Lines from which on a comparison is coarse: it would take too long."""
_TRIED = 3
"""Lines that a place is looked for by, and places for each of them."""
_REPEATED = 0.5
"""The share of a text's lines in lines without a place from which on they are the whole text anew."""
_WORD = re.compile(r"\w")
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})[\w+-]*\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A stretch of a text, in characters, and what takes its place."""

    first: int
    last: int
    text: str

    def put_into(self, whole: str) -> str:
        """Return the text with it."""
        return f"{whole[: self.first]}{self.text}{whole[self.last :]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """Why lines have no place, in words for whoever wrote them."""

    why: str


def spot_of(text: str, search: Sequence[str], replace: Sequence[str]) -> Spot | Misfit:
    """Return the only place of `search` in a text, with what `replace` is there; without any, that of all of it."""
    if not any(map(_but_for_space, search)):
        return _whole(text, replace)
    lines = text.split("\n")
    for alike in (_to_the_letter, _but_for_ends, _but_for_space):
        keys = [alike(line) for line in lines]
        for wanted, instead in _readings(search, replace):
            places = _places(keys, [alike(line) for line in wanted])
            if len(places) > 1:
                return _twice(search, [place + 1 for place in places])
            if places:
                found = lines[places[0] : places[0] + len(wanted)]
                new = list(instead) if alike is _to_the_letter else _adapted(found, wanted, instead)
                if new is None:
                    return Misfit(
                        why=f"({_begins(search)}) has other indentation than the text: copy its lines as they are"
                    )
                last = places[0] + len(wanted)
                return _stretch(lines, places[0], last, _ended(text, new, search=search, at_end=last == len(lines)))
    return _within_lines(text, search, replace) or _nowhere(lines, search)


def _whole(text: str, replace: Sequence[str]) -> Spot:
    """Return the place of lines with none to search for: that of an empty text or of their older self, else the end."""
    new = _ended(text, replace) if clean(text).strip() else list(replace)
    old = [line.strip() for line in text.split("\n") if _but_for_space(line)]
    known = {line.strip() for line in replace}
    if not old or sum(line in known for line in old) > _REPEATED * len(old):
        return Spot(first=0, last=len(text), text="\n".join(new))
    end = len(text.rstrip("\r\n"))
    carriage = "\r" if text[end:].startswith("\r") else ""
    return Spot(first=end, last=end, text="\n".join((carriage, *new)))


def _to_the_letter(line: str) -> str:
    return line


def _but_for_ends(line: str) -> str:
    return clean(line).rstrip().replace("\n", " ")


def _but_for_space(line: str) -> str:
    return " ".join(clean(line).split())


def _readings(search: Sequence[str], replace: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yield what may be meant: the lines as they are, without blank ones around them, without a fence around them."""
    yield search, replace
    inner = _without_fence(search)
    if len(inner) < len(search):
        search, replace = inner, _without_fence(replace)
        yield search, replace
    bare = _without_blank_ends(search)
    if bare and len(bare) < len(search):
        yield bare, _without_blank_ends(replace)


def _without_fence(lines: Sequence[str]) -> Sequence[str]:
    fenced = len(lines) > 2 and all(_FENCE.fullmatch(line) for line in (lines[0], lines[-1]))
    return lines[1:-1] if fenced else lines


def _without_blank_ends(lines: Sequence[str]) -> Sequence[str]:
    telling = [place for place, line in enumerate(lines) if line.strip()]
    return lines[telling[0] : telling[-1] + 1] if telling else ()


def _places(keys: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Return where lines stand among others, as far as it is worth to know."""
    whole, sought = ("\n".join(("", *each, "")) for each in (keys, wanted))
    found: list[int] = []
    at = whole.find(sought)
    while at >= 0 and len(found) < _MOST_PLACES:
        found.append(whole.count("\n", 0, at))
        at = whole.find(sought, at + 1)
    return found


def _stretch(lines: Sequence[str], first: int, last: int, new: Sequence[str]) -> Spot:
    """Return lines of a text as a stretch of it; where none take their place, their line break goes, too."""
    before = sum(len(line) + 1 for line in lines[:first])
    length = sum(len(line) + 1 for line in lines[first:last]) - 1
    begin, end = before, before + length
    if not new and last < len(lines):
        end += 1
    elif not new and first > 0:
        begin -= 1
    return Spot(first=begin, last=end, text="\n".join(new))


def _ended(text: str, lines: Sequence[str], *, search: Sequence[str] = (), at_end: bool = True) -> list[str]:
    """Return new lines with the line ends of the text, unless they tell of their own; the end of all has none."""
    known = any("\r" in line for line in (*search, *lines))
    if known or "\r\n" not in text or text.count("\r\n") < text.count("\n"):
        return list(lines)
    return [f"{line}\r" for line in lines[:-1]] + [line if at_end else f"{line}\r" for line in lines[-1:]]


def _adapted(found: Sequence[str], search: Sequence[str], replace: Sequence[str]) -> list[str] | None:
    """Return the new lines as the text would have them: what stays as it is there, what comes at its depth.

    None where nothing tells how deep a new line belongs.
    """
    known = _depths(found, search)
    new: list[str] = []
    before, after = ([_but_for_space(line) for line in each] for each in (search, replace))
    coarse = len(before) > _LONG
    for tag, first, last, start, end in SequenceMatcher(None, before, after, autojunk=coarse).get_opcodes():
        aligned = end - start == last - first
        for place, line in enumerate(replace[start:end]):
            stays = aligned and _indent(search[first + place]) == _indent(line)
            there = found[first + place].removesuffix("\r") if stays else ""
            if stays and tag == "equal":
                new.append(there)
            elif not line.strip():
                new.append(line)
            elif stays and there.strip():
                new.append(_indent(there) + line[len(_indent(line)) :])
            elif known is None:
                return None
            else:
                new.append(_deeper(line, known))
    return new


def _depths(found: Sequence[str], search: Sequence[str]) -> Mapping[str, str] | None:
    """Return the indentations of the model's, with what they are in the text; None where one is several there."""
    known: dict[str, str] = {}
    for there, said in zip(found, search, strict=True):
        if said.strip() and known.setdefault(_indent(said), _indent(there)) != _indent(there):
            return None
    return known


def _deeper(line: str, known: Mapping[str, str]) -> str:
    """Return a line at the depth that it would have in the text."""
    own = _indent(line)
    rest = line[len(own) :]
    if own in known:
        return f"{known[own]}{rest}"
    above = max((each for each in known if own.startswith(each)), key=len, default=None)
    if above is not None:
        return f"{known[above]}{own[len(above) :].replace(*_unit(known))}{rest}"
    least = min(known, key=len)
    return f"{known[least].removesuffix(least[len(own) :])}{rest}" if least.startswith(own) else line


def _unit(known: Mapping[str, str]) -> tuple[str, str]:
    """Return a step of indentation as the model writes it, and as the text has it."""
    levels = known if "" in known else {"": "", **known}
    steps = (
        (deep[len(shallow) :], levels[deep][len(levels[shallow]) :])
        for shallow, deep in pairwise(sorted(levels, key=len))
        if deep.startswith(shallow) and levels[deep].startswith(levels[shallow])
    )
    return next(((said, there) for said, there in steps if said and there), ("\0", "\0"))


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _within_lines(text: str, search: Sequence[str], replace: Sequence[str]) -> Spot | Misfit | None:
    """Return the only place of words that are no whole lines; None where they are nowhere, or a part of a word."""
    wanted = "\n".join(_without_blank_ends(search)).strip()
    places = [found.start() for found in re.finditer(re.escape(wanted), text)]
    places = [place for place in places if _is_apart(text, place, place + len(wanted))]
    if len(places) > 1:
        return _twice(search, [text.count("\n", 0, place) + 1 for place in places])
    if not places:
        return None
    new = "\n".join(_without_blank_ends(replace)).strip()
    return Spot(first=places[0], last=places[0] + len(wanted), text=new)


def _is_apart(text: str, first: int, last: int) -> bool:
    edges = (text[first - 1 : first] + text[first], text[last - 1] + text[last : last + 1])
    return not any(len(edge) == 2 and all(map(_WORD.match, edge)) for edge in edges)


def _twice(search: Sequence[str], places: Sequence[int]) -> Misfit:
    at = ", ".join(map(str, places[:4])) + (" and more" if len(places) > 4 else "")
    return Misfit(
        why=f"({_begins(search)}) stands in {len(places)} places, in lines {at}: "
        "repeat more lines around it, so that it stands in one"
    )


def _nowhere(lines: Sequence[str], search: Sequence[str]) -> Misfit:
    near = _nearest(lines, search)
    told = f"The nearest lines of the text are:\n{near}" if near else "No line of the text is near to it"
    return Misfit(why=f"({_begins(search)}) stands nowhere in the text. {told}")


def _begins(search: Sequence[str]) -> str:
    first = next(line for line in map(_but_for_space, search) if line)
    return f"its SEARCH begins with `{first[:80]}`"


def _nearest(lines: Sequence[str], search: Sequence[str]) -> str:
    """Return the lines of a text that were perhaps meant, with some around them; empty where none is near."""
    keys, wanted = ([_but_for_space(line)[:_LONGEST_LINE] for line in each] for each in (lines, search))
    begin = max(_near(keys, wanted), key=lambda begin: _likeness(keys, wanted, begin), default=None)
    if begin is None:
        return ""
    begin = max(0, begin - 1)
    end = min(len(lines), begin + min(len(search) + 2, _MOST_SHOWN))
    return "\n".join(line[:_LONGEST_LINE].rstrip("\r") for line in lines[begin:end]).rstrip()


def _near(keys: Sequence[str], wanted: Sequence[str]) -> Iterator[int]:
    """Yield where lines would begin if one of the longest of them stood beside a line that is like it."""
    known = list(dict.fromkeys(key for key in keys if key))[:_LONG]
    for line in sorted(filter(None, wanted), key=len, reverse=True)[:_TRIED]:
        for close in get_close_matches(line, known, n=_TRIED, cutoff=0.5):
            yield keys.index(close) - wanted.index(line)


def _likeness(keys: Sequence[str], wanted: Sequence[str], begin: int) -> float:
    pairs = ((keys[begin + place], line) for place, line in enumerate(wanted) if 0 <= begin + place < len(keys))
    return sum(SequenceMatcher(None, there, line).ratio() for there, line in pairs)
