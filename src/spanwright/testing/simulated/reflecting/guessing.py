"""What the reflection model writes where evidence fails it: something else of the same kind, empty words, a guess."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from spanwright.testing.simulated.lexicon import PUBLIC, Directive
from spanwright.testing.simulated.reflecting.dossier import Dossier
from spanwright.testing.simulated.reflecting.findings import Finding
from spanwright.testing.simulated.reflecting.rewriting import Line
from spanwright.testing.simulated.wire import Draws

_WRITABLE: Final = ("codes", "take")


def mistaken(each: Finding, dossier: Dossier, draws: Draws) -> Finding | None:
    """Return a wrong conclusion from the same evidence, None where nothing but empty words comes to mind."""
    label = (each.directive.kind, each.directive.slots, each.tool)
    slots = dict(each.directive.slots)
    for name, values in PUBLIC.kinds[each.directive.kind].guesses:
        others = [value for value in values if value != slots.get(name)]
        if name in slots and others:
            wrong = {**slots, name: draws.choice(others, "mistaken", name, *label)}
            return replace(each, directive=Directive(kind=each.directive.kind, slots=tuple(sorted(wrong.items()))))
    return None


def empty_words(dossier: Dossier, draws: Draws, *label: object) -> Line:
    """Return a sentence that states nothing."""
    home = draws.choice(dossier.editable, "junk home", *label)
    return Line(home=home, text=draws.choice(PUBLIC.junk, "junk", *label), why="to be safe")


def guesses(dossier: Dossier, draws: Draws, count: int) -> tuple[Finding, ...]:
    """Return conventions drawn from the lexicon: what is left to do with scores alone."""
    tools = [tool for tool in dossier.tools if any(text.tool == tool for text in dossier.editable)] or [""]
    return tuple(_guess(number, tools, dossier, draws) for number in range(count))


def _guess(number: int, tools: Sequence[str], dossier: Dossier, draws: Draws) -> Finding:
    kinds = [kind for kind in PUBLIC.kinds.values() if kind.guesses or kind.name == "before"]
    kind = draws.choice(kinds, "kind", number)
    tool = draws.choice(tools, "tool", number)
    slots = dict(_drawn(dict(kind.guesses), draws, number))
    if kind.name == "before":
        slots["first"] = draws.choice(dossier.tools or ("it",), "first", number)
    filled = tuple(sorted(slots.items()))
    return Finding(directive=Directive(kind=kind.name, slots=filled), tool=tool, evidence=frozenset({"a guess"}))


def _drawn(values: Mapping[str, Sequence[str]], draws: Draws, number: int) -> Iterator[tuple[str, str]]:
    for name, options in values.items():
        yield name, draws.choice(options, "value", name, number)
