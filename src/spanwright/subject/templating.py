"""Instructions that are templates: the source is a text to evolve, and each run fills it from its dependencies.

pydantic-ai sends what a template comes to, under no id. So a template's part of a request is known by its words, which
are those that the source comes to here, and a worn source is filled in their place.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from pydantic_ai import TemplateStr
from pydantic_ai.messages import InstructionPart
from pydantic_ai.tools import RunContext

from spanwright.core.candidate import ComponentId
from spanwright.errors import CandidateFailed
from spanwright.subject import ids


def templates_in(ctx: RunContext[Any], parts: Sequence[InstructionPart] | None) -> Mapping[int, ComponentId]:
    """Return which of the instruction parts of a request are made by a template of the agent's own."""
    unnamed = [place for place, part in enumerate(parts or ()) if part.id is None and part.dynamic]
    sources: Mapping[ComponentId, TemplateStr[Any]] = sources_of(ctx.agent) if unnamed else {}
    found: dict[int, ComponentId] = {}
    for id, template in sources.items():
        words = template.render(ctx.deps)
        place = next((each for each in unnamed if each not in found and (parts or ())[each].content == words), None)
        if place is not None:
            found[place] = id
    return found


def sources_of(agent: object) -> Mapping[ComponentId, TemplateStr[Any]]:
    """Return the templates among an agent's instructions."""
    # Nothing public tells an agent's instructions. Where they are not found under this name, templates are not evolved.
    recipes = cast("Sequence[object]", getattr(agent, "_instructions", ()))
    meant = (getattr(recipe, "instruction", None) for recipe in recipes)
    templates = [cast("TemplateStr[Any]", each) for each in meant if isinstance(each, TemplateStr)]
    name = str(getattr(agent, "name", None) or "")
    return {ids.template(name, place): template for place, template in enumerate(templates)}


def filled(source: str, template: TemplateStr[Any], deps: object) -> str:
    """Return what a worn source comes to in place of a template's.

    Raises CandidateFailed where it is no template, or asks for what the dependencies do not have.
    """
    try:
        return _made(source, _known(str(template), type(deps))).render(deps)
    except Exception as error:  # what a template may raise is its engine's, and the template before it could be filled
        raise CandidateFailed("template", f"{type(error).__name__}: {error}", signature="template") from error


@lru_cache(maxsize=1_024)
def _made(source: str, deps: type | None) -> TemplateStr[Any]:
    return TemplateStr[Any](source, deps_type=deps)


@lru_cache(maxsize=256)
def _known(source: str, deps: type) -> type | None:
    """Return the type of dependencies if it can be told of a template whether it fits them, None otherwise."""
    try:
        TemplateStr[Any](source, deps_type=deps)
    except Exception:  # noqa: BLE001  (a type without a schema, or looser than the template: nothing can be told)
        return None
    return deps
