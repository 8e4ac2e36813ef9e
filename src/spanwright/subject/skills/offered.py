"""The skills that a run offers: deferred capabilities, whoever made them. They are found, and put on, in a request.

pydantic-ai lists their ids and descriptions in one instruction part, and sends the instructions of those that were
loaded in others. Both are replaced before they reach the model; its loading, its tools and its hooks are untouched.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic_ai.messages import CapabilityInstructionSource, InstructionId, InstructionPart
from pydantic_ai.tools import RunContext

from spanwright.core.candidate import Component, ComponentId, Kind
from spanwright.subject import ids
from spanwright.subject.outfit import Outfit

CATALOG = "capability:deferred_capabilities"
"""pydantic-ai's id of the list of skills."""
_LONGEST_DESCRIPTION = 1_024
_LONGEST_BODY = 20_000
"""The format's advice: less than 5,000 tokens."""
_DESCRIBED = (
    "What agent {agent} is told of the skill {name} until it loads it: what it is for and when to load it. Cannot"
    " change the skill's name or what loading it adds."
)
_READ = (
    "What agent {agent} reads once it has loaded the skill {name}. It is not read before. Cannot change code, tools,"
    " names or types."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """A deferred capability of a run."""

    name: str
    description: str | None
    """None where code computes it."""
    body: str | None
    """None where code computes it."""
    active: bool
    """Whether it was loaded."""


def skills_of(ctx: RunContext[Any]) -> tuple[Skill, ...]:
    """Return the skills of a run in the order of the list that the model sees."""
    return tuple(_skills(ctx))


def _skills(ctx: RunContext[Any]) -> Iterator[Skill]:
    for name, capability in ctx.capabilities.items():
        if capability.defer_loading is not True or "/" in name:
            continue
        description = capability.get_description()
        given = capability.get_instructions()
        parts: Sequence[object] = (
            cast("Sequence[object]", given)
            if isinstance(given, Sequence) and not isinstance(given, str)
            else [given or ""]
        )
        static = [each for each in parts if isinstance(each, str)]
        pieces = [text for each in static if (text := each.strip())]
        yield Skill(
            name=name,
            description=description or "" if description is None or isinstance(description, str) else None,
            body="\n\n".join(pieces) if len(static) == len(parts) else None,
            active=name in ctx.active_capability_ids,
        )


def components_of(agent: str, skills: Sequence[Skill]) -> Iterator[Component]:
    """Yield the descriptions and bodies of skills as components."""
    for skill in skills:
        yield Component(
            id=ids.skill(agent, skill.name),
            kind=Kind.SKILL,
            agent=agent,
            text=skill.description or "",
            dynamic=skill.description is None,
            reach=_DESCRIBED.format(agent=agent, name=skill.name),
            limit=_LONGEST_DESCRIPTION,
        )
        yield Component(
            id=ids.skill_body(agent, skill.name),
            kind=Kind.SKILL_BODY,
            agent=agent,
            text=skill.body or "",
            dynamic=skill.body is None,
            reach=_READ.format(agent=agent, name=skill.name),
            limit=max(_LONGEST_BODY, len(skill.body or "")),
        )


def dressed(
    outfit: Outfit, skills: Sequence[Skill], parts: Sequence[InstructionPart], carried: list[ComponentId]
) -> list[InstructionPart]:
    """Return instruction parts with the worn texts of skills; what is worn of them is added to `carried`."""
    changed = [
        replace(part, content=_catalog(outfit, skills, part.content, carried)) if str(part.id) == CATALOG else part
        for part in parts
    ]
    for skill in skills:
        text = outfit.text(ids.skill_body(outfit.agent, skill.name))
        if text is not None and skill.active and skill.body is not None:
            carried.append(ids.skill_body(outfit.agent, skill.name))
            changed = _with_body(skill, text, changed)
    return changed


def _catalog(outfit: Outfit, skills: Sequence[Skill], content: str, carried: list[ComponentId]) -> str:
    """Return the list of skills with the worn descriptions."""
    at = 0
    for skill in skills:
        entry = _entry(skill.name, skill.description)
        start = -1 if entry is None else _place(content, entry, at)
        if entry is None or start < 0:
            continue
        text = outfit.text(ids.skill(outfit.agent, skill.name))
        new = entry if text is None else _entry(skill.name, text) or ""
        if text is not None:
            carried.append(ids.skill(outfit.agent, skill.name))
        content = f"{content[:start]}{new}{content[start + len(entry) :]}"
        at = start + len(new)
    return content


def _entry(name: str, description: str | None) -> str | None:
    if description is None:
        return None
    return f"\n- {name}: {description}" if description else f"\n- {name}"


def _place(content: str, entry: str, at: int) -> int:
    """Return where a whole entry stands; -1 where it does not."""
    start = content.find(entry, at)
    while start >= 0 and not (content[start + len(entry) :].startswith("\n- ") or len(content) == start + len(entry)):
        start = content.find(entry, start + 1)
    return start


def _with_body(skill: Skill, text: str, parts: Sequence[InstructionPart]) -> list[InstructionPart]:
    """Return instruction parts with another text for a skill's own one, which comes before those of its toolsets.

    A part that is left out would be sent as it was, so an empty text stays as one. A skill without a body has no part
    that pydantic-ai would send after loading: its text goes where an agent's own instructions go.
    """
    id = InstructionId(CapabilityInstructionSource(skill.name))
    place = next((place for place, part in enumerate(parts) if part.id == id), None) if skill.body else None
    if place is None:
        return [*parts, InstructionPart(content=text, id=id)] if text else [*parts]
    return [*parts[:place], replace(parts[place], content=text), *parts[place + 1 :]]
