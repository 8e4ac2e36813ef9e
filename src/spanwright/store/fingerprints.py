"""What must be equal when a run is resumed, as short texts that are stable across processes and machines.

A fingerprint says what an object *is*: its type and fields, of code its source without comments. No memory address, no
order of a set and no state of a live object is in it: of what has no value only the type counts, so that a client that
was used meanwhile does not look like another experiment. Nothing is read but the source of what is given.
"""

import dataclasses
import functools
import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from hashlib import blake2b
from types import FunctionType, MethodType
from typing import TypeAlias, cast

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_jsonable_python

from spanwright.core.case import Case
from spanwright.store.source import source_of

Plain: TypeAlias = "str | int | float | bool | list[Plain] | dict[str, Plain] | None"
"""What JSON can say."""

Code: TypeAlias = type | FunctionType | MethodType | functools.partial[object]

SHOWN = 5
"""How many names a sentence about a difference lists."""
LONGEST_VALUE = 80


def fingerprint(thing: object) -> str:
    """Return 16 hexadecimal digits that are equal for things of equal type, fields and code."""
    return _hash(_Describer().plain(thing))


def fingerprint_code(thing: object) -> str:
    """Return what `fingerprint` does, and tell an evaluator, metric or tool by the source of its class, too."""
    describer = _Describer()
    if isinstance(thing, type | FunctionType | MethodType | functools.partial):
        return _hash(describer.plain(cast("object", thing)))
    fields = {name: value for name, value in _fields(thing).items() if not name.startswith("_")}
    return _hash({"is": describer.plain(fields), "code": _code_of_class(type(thing))})


def of_cases(cases: Iterable[Case]) -> Mapping[str, str]:
    """Return the fingerprint of each case by a name that `compare` can put into words."""
    return {f"case:{case.id}": fingerprint((case.inputs, case.expected, case.metadata)) for case in cases}


def of_evaluators(evaluators: Iterable[object]) -> Mapping[str, str]:
    """Return the fingerprint of each evaluator, class instance or function; equal names are numbered."""
    met: defaultdict[str, int] = defaultdict(int)
    prints: dict[str, str] = {}
    for evaluator in evaluators:
        name = _name(evaluator if isinstance(evaluator, type | FunctionType | MethodType) else type(evaluator))
        met[name] += 1
        numbered = name if met[name] == 1 else f"{name} #{met[name]}"
        prints[f"evaluator:{numbered}"] = fingerprint_code(evaluator)
    return prints


def compare(recorded: Mapping[str, str], current: Mapping[str, str]) -> tuple[str, ...]:
    """Return how what is given now differs from what was recorded, in words; nothing where they are equal.

    A key is a kind and a name ("case:t17", "evaluator:EndState"), or a word alone ("objective"). A value that is no
    fingerprint is shown.
    """
    sentences: list[str] = []
    alike: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for key in sorted({*recorded, *current}):
        before, now = recorded.get(key), current.get(key)
        if before == now:
            continue
        kind, _, name = key.partition(":")
        if before is None:
            alike[kind, "new"].append(name)
        elif now is None:
            alike[kind, "missing"].append(name)
        elif _is_hash(before) and _is_hash(now):
            alike[kind, "changed"].append(name)
        else:
            at = _parting(before, now)
            sentences.append(f"{_subject(kind, [name])} was {_short(before, at)} and is {_short(now, at)}")
    grouped = [f"{_subject(kind, names)} {_verb(how, len(names))}" for (kind, how), names in alike.items()]
    return (*sentences, *grouped)


def _subject(kind: str, names: Sequence[str]) -> str:
    if names == [""]:
        return kind
    listed = ", ".join(repr(name) for name in names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{kind}{'s' if len(names) > 1 else ''} {listed}{more}"


def _verb(how: str, count: int) -> str:
    singular = {"new": "is new", "missing": "is missing", "changed": "has changed"}
    plural = {"new": "are new", "missing": "are missing", "changed": "have changed"}
    return (singular if count == 1 else plural)[how]


def _parting(one: str, other: str) -> int:
    """Return where two long values begin to differ, some characters before; 0 where their beginnings show it."""
    pairs = zip(one, other, strict=False)
    same = next((at for at, (here, there) in enumerate(pairs) if here != there), min(len(one), len(other)))
    return same - LONGEST_VALUE // 3 if same > LONGEST_VALUE // 2 else 0


def _short(value: str, at: int) -> str:
    shown = f"…{value[at:]}" if at else value
    return repr(shown if len(shown) <= LONGEST_VALUE else f"{shown[: LONGEST_VALUE - 1]}…")


def _is_hash(value: str) -> bool:
    return re.fullmatch("[0-9a-f]{16}", value) is not None


def _hash(plain: Plain) -> str:
    return blake2b(json.dumps(plain, sort_keys=True).encode(), digest_size=8).hexdigest()


def _name(thing: type | FunctionType | MethodType) -> str:
    return thing.__qualname__.rpartition("<locals>.")[2]


def _fields(thing: object) -> Mapping[str, object]:
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        # `compare=False` marks what does not belong to a value: caches, counters, clients.
        return {field.name: getattr(thing, field.name, None) for field in dataclasses.fields(thing) if field.compare}
    if isinstance(thing, BaseModel):
        extra = thing.model_extra or {}
        return {**{name: getattr(thing, name) for name in type(thing).model_fields}, **extra}
    return dict(getattr(thing, "__dict__", {}))


def _code_of_class(cls: type) -> list[Plain]:
    """Return the source of a class and of those of its bases that belong to the same top-level package."""
    home = cls.__module__.partition(".")[0]
    return [source_of(base) for base in cls.__mro__ if base.__module__.partition(".")[0] == home]


class _Describer:
    """Describes one thing in plain values; it remembers the way down, so that a cycle ends."""

    def __init__(self) -> None:
        self._way: list[int] = []

    def plain(self, thing: object) -> Plain:
        if thing is None or type(thing) in {str, int, float, bool}:
            return cast("Plain", thing)
        if id(thing) in self._way:
            return {"cycle": _name(type(thing))}
        self._way.append(id(thing))
        try:
            return {_name(type(thing)): self._value(thing)}
        finally:
            self._way.pop()

    def _value(self, thing: object) -> Plain:
        if isinstance(thing, type | FunctionType | MethodType | functools.partial):
            return self._code(cast("Code", thing))
        if isinstance(thing, BaseModel) or dataclasses.is_dataclass(thing):
            return self._pairs(_fields(thing))
        if isinstance(thing, Mapping):
            return self._pairs(cast("Mapping[object, object]", thing))
        if isinstance(thing, Collection) and not isinstance(thing, str | bytes | bytearray):
            several = self._several(cast("Collection[object]", thing))
            return sorted(several, key=_order) if isinstance(thing, AbstractSet) else several
        return _opaque(thing)

    def _code(self, code: "Code") -> Plain:
        if isinstance(code, type):
            return _name(code)
        if isinstance(code, MethodType):
            return self._several((code.__func__, code.__self__))
        if isinstance(code, functools.partial):
            return self._several((code.func, code.args, code.keywords))
        return self._function(code)

    def _several(self, things: Iterable[object]) -> list[Plain]:
        return [self.plain(thing) for thing in things]

    def _pairs(self, pairs: Mapping[object, object] | Mapping[str, object]) -> list[Plain]:
        described: list[Plain] = [[self.plain(key), self.plain(value)] for key, value in pairs.items()]
        return sorted(described, key=_order)

    def _function(self, function: FunctionType) -> Plain:
        enclosed = (_enclosed(cell) for cell in function.__closure__ or ())
        return [
            source_of(function),
            self._several(function.__defaults__ or ()),
            self._pairs(function.__kwdefaults__ or {}),
            self._several(enclosed),
        ]


def _enclosed(cell: object) -> object:
    """Return what a closure's cell holds if that is a value; of what can change while it runs, the type."""
    held: object = getattr(cell, "cell_contents", None)  # missing where the cell is still empty
    if isinstance(held, str | int | float | bytes | tuple | frozenset | Enum | type | FunctionType):
        return cast("object", held)
    return type(held)


def _order(plain: Plain) -> str:
    return json.dumps(plain, sort_keys=True)


def _opaque(thing: object) -> Plain:
    """Describe what is neither code nor a record: as pydantic writes it, or else as it shows itself."""
    if isinstance(thing, Iterator):
        return None  # to look would use it up
    if isinstance(thing, bytes | bytearray):
        return blake2b(thing).hexdigest()
    try:
        return cast("Plain", to_jsonable_python(thing))
    except (PydanticSerializationError, ValueError):
        if type(thing).__repr__ is object.__repr__:
            return None
        return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(thing))
