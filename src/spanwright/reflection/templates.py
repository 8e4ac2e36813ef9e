"""Templates of one's own: how a component is put before the reflection model, and how it is to be rewritten."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, TypeAlias

from spanwright.core.candidate import Component, ComponentId, Kind
from spanwright.errors import UsageError
from spanwright.reflection.prose import places, set_in

Templates: TypeAlias = Mapping[ComponentId | Kind, str]
"""A template by a component's id, a pattern of ids such as `support/tool:*`, or a `Kind`; the closest counts."""

_REQUIRED: Final = "text"
_PLACES: Final = ("text", "governs", "limits")


@dataclass(frozen=True, slots=True)
class Briefs:
    """Templates that were checked. Raises UsageError for one that does not show the text, or has other places."""

    templates: Templates

    def __post_init__(self) -> None:
        for key, template in self.templates.items():
            found = places(template)
            if _REQUIRED not in found:
                raise UsageError(
                    f"The prompt for {key!r} has no {{{{text}}}}: the model would not see what it is to rewrite",
                    "Write {{text}} where the current text shall stand",
                )
            if strange := sorted(found - set(_PLACES)):
                raise UsageError(
                    f"The prompt for {key!r} has a place {{{{{strange[0]}}}}} that nothing is known for",
                    f"Use {', '.join(f'{{{{{place}}}}}' for place in _PLACES)}",
                )

    def of(self, component: Component) -> str | None:
        """Return the template of a component: by its id, else by the first pattern that fits, else by its kind."""
        patterns = {key: template for key, template in self.templates.items() if not isinstance(key, Kind)}
        kinds = {key: template for key, template in self.templates.items() if isinstance(key, Kind)}
        if component.id in patterns:
            return patterns[component.id]
        fitting = (template for pattern, template in patterns.items() if fnmatchcase(component.id, pattern))
        return next(fitting, kinds.get(component.kind))

    def fill(self, component: Component, *, text: str, governs: str, limits: str) -> str | None:
        """Return what stands below the heading of a component; None where it has no template."""
        template = self.of(component)
        return None if template is None else set_in(template, {"text": text, "governs": governs, "limits": limits})

    def unused(self, components: tuple[Component, ...]) -> tuple[str, ...]:
        """Return the ids and patterns that fit none of `components`: they are misspelt."""
        ids = [component.id for component in components]
        return tuple(
            key
            for key in self.templates
            if not isinstance(key, Kind) and key not in ids and not any(fnmatchcase(id, key) for id in ids)
        )
