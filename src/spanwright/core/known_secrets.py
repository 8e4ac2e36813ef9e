"""The secrets in this process's environment, taken out of what a run keeps: a tool's error may quote one.

Nothing is guessed here: a value counts whose name says that it is secret. `Run(redact=)` finds what looks like one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Self, TypeVar, cast

from spanwright.core.case import Case
from spanwright.core.rollout import Observed

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTHORIZATION|COOKIE", re.IGNORECASE)
_SHORTEST = 8
"""A shorter value would be found in texts that have nothing to do with it."""
PLACEHOLDER = "<secret>"

T = TypeVar("T")


class KnownSecrets:
    """Takes known values out of evidence. It is the Redaction of a run that names no other."""

    def __init__(self, values: Iterable[str]) -> None:
        # The longest first: one may be the beginning of another.
        self._values = tuple(sorted({each for each in values if len(each) >= _SHORTEST}, key=len, reverse=True))

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Return those of an environment; a path to a key is none."""
        return cls(
            value for name, value in environment.items() if _SECRET_NAME.search(name) and not value.startswith("/")
        )

    def observed(self, observed: Observed) -> Observed:
        """Return a finished rollout without known secrets; the very same where it has none."""
        return self._without(observed, {}) if self._values else observed

    def case(self, case: Case, trace_id: str) -> Case:
        """Return a case as it is: its user wrote it."""
        return case

    def text(self, text: str, trace_id: str) -> str:
        """Return a text without known secrets."""
        for value in self._values:
            if value in text:
                text = text.replace(value, PLACEHOLDER)
        return text

    def _without(self, value: T, seen: dict[int, object]) -> T:
        """Return any part of the evidence without them. What it shares stays shared, what is clean stays itself."""
        if isinstance(value, str):
            return cast("T", self.text(value, ""))
        if id(value) not in seen:
            seen[id(value)] = self._rebuilt(value, seen)
        return cast("T", seen[id(value)])

    def _rebuilt(self, value: object, seen: dict[int, object]) -> object:
        if isinstance(value, tuple):
            items = cast("tuple[object, ...]", value)
            clean = tuple(self._without(item, seen) for item in items)
            return items if all(one is other for one, other in zip(items, clean, strict=True)) else clean
        if isinstance(value, Mapping):
            table = cast("Mapping[object, object]", value)
            cleaned = {key: self._without(item, seen) for key, item in table.items()}
            return table if all(table[key] is item for key, item in cleaned.items()) else cleaned
        if is_dataclass(value) and not isinstance(value, type):
            held = {each.name: getattr(value, each.name) for each in fields(value) if each.init}
            changed = {name: item for name, one in held.items() if (item := self._without(one, seen)) is not one}
            return cast("object", replace(value, **changed)) if changed else value
        return value
