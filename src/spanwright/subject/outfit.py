"""What one agent wears: a candidate's texts over those of its champion, looked up by where they go.

Made once for a candidate and kept, so that a request pays for look-ups and for no search.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from spanwright.core.candidate import Candidate, ComponentId
from spanwright.subject import ids
from spanwright.subject.schemas import Schema, Wording, found, reworded

_KEPT = 256
"""Outfits that a wardrobe keeps: more candidates are hardly in flight at the same time."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The texts of a tool or an output: its description, if that is worn, and those of places in its schema."""

    id: ComponentId
    description: str | None
    wording: Wording

    def dressed(self, schema: Schema) -> dict[str, Any]:
        """Return a schema with the worn texts, itself where there are none for it.

        Nothing is kept from one request to the next: a `prepare` function may change a schema in its place.
        """
        return reworded(schema, self.wording) if self.wording else cast("dict[str, Any]", schema)

    def carried(self, schema: Schema) -> Iterator[ComponentId]:
        """Yield the components that a tool or an output with this schema carries."""
        if self.description is not None:
            yield self.id
        if self.wording:
            yield from (f"{self.id}/{path}" for path in found(schema, self.wording))


class Outfit:
    """The texts that one agent wears."""

    def __init__(self, agent: str, texts: Mapping[ComponentId, str]) -> None:
        self.agent = agent
        self._texts = {id: text for id, text in texts.items() if id.startswith(f"{agent}/")}
        self._pieces: dict[ComponentId, Piece | None] = {}
        first = ids.system_prompt(agent, 0)
        self.has_system_prompts = any(id.startswith(first) for id in self._texts)
        prefix = ids.tool_name(agent, "")
        named = {id.removeprefix(prefix): text for id, text in self._texts.items() if id.startswith(prefix)}
        self.names = {name: text for name, text in named.items() if text}
        """By what names the model shall know tools."""
        prefix = ids.setting(agent, "")
        self.settings = {id.removeprefix(prefix): text for id, text in self._texts.items() if id.startswith(prefix)}
        self.has_skills = any(id.startswith(ids.skill(agent, "")) for id in self._texts)
        self.has_templates = any(id.startswith(ids.template(agent, 0)) for id in self._texts)

    def text(self, id: ComponentId) -> str | None:
        """Return the text of a component; None where nothing is worn for it."""
        return self._texts.get(id)

    def piece(self, id: ComponentId) -> Piece | None:
        """Return what is worn for the tool or output `id` and the places in its schema; None where nothing is."""
        if id not in self._pieces:
            prefix = f"{id}/"
            below = {key.removeprefix(prefix): text for key, text in self._texts.items() if key.startswith(prefix)}
            description = self._texts.get(id)
            worn = description is not None or below
            self._pieces[id] = Piece(id, description, Wording.of(below)) if worn else None
        return self._pieces[id]


class Wardrobe:
    """The outfits of one agent."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._outfits: dict[tuple[Candidate | None, Candidate | None], Outfit] = {}

    def outfit(self, worn: Candidate | None, base: Candidate | None) -> Outfit | None:
        """Return the outfit of `worn` over `base`; None where both are None."""
        if worn is None and base is None:
            return None
        if (worn, base) not in self._outfits:
            if len(self._outfits) >= _KEPT:
                self._outfits.clear()
            texts = {**(base.texts if base else {}), **(worn.texts if worn else {})}
            self._outfits[worn, base] = Outfit(self._agent, texts)
        return self._outfits[worn, base]
