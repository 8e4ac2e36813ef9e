"""How a model is asked for its answer: the strictest form that it and its server have shown to be able to give.

Rungs from the top: tool output, native schema, prompted JSON, tagged text. The model's profile says which are there.
One that the server refuses, or on which two answers could not be read, is left for the next; that is remembered.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic_ai.profiles import ModelProfile

from spanwright.reflection.prompt import Rung

_FAULTS = 2
"""After so many unreadable answers in a row a rung is left."""
_START = {"tool": Rung.TOOL, "native": Rung.NATIVE, "prompted": Rung.PROMPTED}
_TEMPERATURE = re.compile(r"temperature", re.IGNORECASE)
_FORM = re.compile(r"tool|response_?format|json|schema|grammar|jinja|structured", re.IGNORECASE)
_SYSTEM = re.compile(r"system|developer|\broles?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """A way of asking. What a server refuses is left out of it, one thing at a time."""

    rung: Rung
    system: bool = True
    """Whether the prose goes into a system message, or in front of the user's."""
    temperature: bool = False
    """Whether a temperature is sent."""


def rungs(profile: ModelProfile) -> tuple[Rung, ...]:
    """Return the rungs that a model's profile allows, from the one that it prefers downwards."""
    allowed = [
        *([Rung.TOOL] if profile.get("supports_tools", True) else []),
        *([Rung.NATIVE] if profile.get("supports_json_schema_output", False) else []),
        Rung.PROMPTED,
        Rung.TAGGED,
    ]
    preferred = _START.get(profile.get("default_structured_output_mode", "tool"), Rung.TOOL)
    return tuple(allowed[allowed.index(preferred) :] if preferred in allowed else allowed)


def speaks_of_form(message: str) -> bool:
    """Return whether a server's error is about a form of answer that another rung would not ask for."""
    return _FORM.search(message) is not None


class Ladder:
    """What one model has shown so far. Reflections that run at the same time share it."""

    def __init__(self, allowed: Sequence[Rung], *, temperature: bool) -> None:
        self._allowed = tuple(allowed)
        self._manner = Manner(rung=self._allowed[0], temperature=temperature)
        self._faults = 0
        self._proven = False

    @property
    def manner(self) -> Manner:
        """How to ask next."""
        return self._manner

    @property
    def proven(self) -> bool:
        """Whether the model has answered at all."""
        return self._proven

    def below(self, manner: Manner, message: str) -> Manner | None:
        """Return how to ask after a server refused `manner` with `message`; None where nothing is left to leave out."""
        lower = self._rung_below(manner.rung)
        if manner.temperature and _TEMPERATURE.search(message):
            return replace(manner, temperature=False)
        if manner.system and _SYSTEM.search(message) and not (lower and _FORM.search(message)):
            return replace(manner, system=False)
        if lower is not None:
            return replace(manner, rung=lower)
        if manner.system:
            return replace(manner, system=False)
        return replace(manner, temperature=False) if manner.temperature else None

    def answered(self, manner: Manner, *, readable: bool, repaired: bool = False) -> None:
        """Remember an answer to a request in this manner; one that needed a repair does not make up for it."""
        self._proven = True
        if manner != self._manner:
            if not self._is_below(manner):
                return  # another reflection has gone further down since this request was sent
            self._manner, self._faults = manner, 0
        if not readable:
            self._faults += 1
        elif not repaired:
            self._faults = 0
        lower = self._rung_below(manner.rung)
        if self._faults >= _FAULTS and lower is not None:
            self._manner, self._faults = replace(manner, rung=lower), 0

    def _rung_below(self, rung: Rung) -> Rung | None:
        place = self._allowed.index(rung) + 1
        return self._allowed[place] if place < len(self._allowed) else None

    def _is_below(self, manner: Manner) -> bool:
        """Return whether `manner` asks for no more than the remembered one in any respect."""
        return (
            self._allowed.index(manner.rung) >= self._allowed.index(self._manner.rung)
            and manner.system <= self._manner.system
            and manner.temperature <= self._manner.temperature
        )
