"""What the reflection model concludes: a directive, what it is about, and the distinct pieces of evidence for it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from spanwright.testing.simulated import lexicon
from spanwright.testing.simulated.english import ENGLISH, Wish, goals
from spanwright.testing.simulated.lexicon import Directive
from spanwright.testing.simulated.reflecting.dossier import Dossier, Editable
from spanwright.testing.simulated.words import stems

_MOST_OF: Final = 0.6
"""A topic that has more than this share of another one's words is about the same."""
GENERAL: Final = frozenset({"id_spelling", "reply", "route"})
"""Kinds that are told to the agent as a whole, where its instructions may be edited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A conclusion."""

    directive: Directive
    tool: str = ""
    parameter: str = ""
    agent: str = ""
    """What the agent at fault does or is called, where the record tells."""
    module: str = ""
    """The agent of whose text alone this is said: evidence against one agent is none against another."""
    evidence: frozenset[str] = field(default_factory=frozenset[str])

    @property
    def key(self) -> tuple[Directive, str]:
        return (self.directive, self.module or ("" if self.directive.kind in GENERAL else self.tool))

    @property
    def general(self) -> "Finding":
        """The same without a tool, where its kind is said of everything anyway."""
        return replace(self, tool="", parameter="") if self.directive.kind == "id_spelling" else self


def finding(
    kind: str, where: str, *, tool: str = "", parameter: str = "", agent: str = "", module: str = "", **slots: str
) -> Finding:
    """Make a finding from one piece of evidence."""
    filled = tuple(sorted((name, value) for name, value in slots.items() if value))
    return Finding(
        directive=Directive(kind=kind, slots=filled),
        tool=tool,
        parameter=parameter,
        agent=agent or module,
        module=module,
        evidence=frozenset({where}),
    )


def merged(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Add up the evidence of findings that say the same, and complete those that say less with those that say more."""
    by_key: dict[tuple[Directive, str], Finding] = {}
    for each in (each.general for each in found):
        known = by_key.get(each.key)
        if known is None:
            by_key[each.key] = each
        else:
            parameter = known.parameter or each.parameter
            by_key[each.key] = replace(known, evidence=known.evidence | each.evidence, parameter=parameter)
    return tuple(_absorbed(list(by_key.values())))


def stated(each: Finding, dossier: Dossier) -> bool:
    """Say whether the texts already state it, and nothing better can be done than to say it there.

    A rule for one tool that stands only in the instructions may still move to the tool itself.
    """
    nearer = [text for text in dossier.editable if each.tool and text.tool == each.tool]
    wide = [text for text in dossier.editable if not text.tool and (not each.module or text.agent == each.module)]
    near = [*(d for text in nearer for d in lexicon.read(text.text)), *_elsewhere(each, dossier)]
    said = near if nearer and each.directive.kind not in GENERAL else [*near, *_read(wide)]
    return any(
        covers(directive, each.directive)
        and (not directive.about or not each.tool or bool(stems(directive.about) & stems(each.tool)))
        for directive in said
    )


def covers(one: Directive, other: Directive) -> bool:
    """Say whether `one` states all that `other` does."""
    return one.kind == other.kind and all(_covers(name, one.slot(name), value) for name, value in other.slots)


def homes(each: Finding, dossier: Dossier) -> tuple[Editable, ...]:
    """Return the texts in which it can be said, the most fitting first: none of another agent, if it is known whose."""
    offered = [text for text in dossier.editable if not each.agent or not text.agent or text.agent == each.agent]
    same_tool = [text for text in offered if each.tool and text.tool == each.tool]
    parameter = [text for text in same_tool if each.parameter and text.parameter == each.parameter]
    described = [text for text in same_tool if not text.parameter]
    wide = sorted((text for text in offered if not text.tool), key=lambda text: -_akin(each, text))
    ordered = (*wide, *described) if each.directive.kind in GENERAL else (*parameter, *described, *wide)
    return tuple(dict.fromkeys(ordered))


def wish_of(text: str) -> Wish | None:
    """Return the first thing that a customer wants."""
    found = goals(text)
    return found[0].wish if found else None


@lru_cache(maxsize=8_192)  # the same few topics are compared with each other in every prompt
def wish_named(words: str) -> Wish | None:
    """Return the wish that a table or topic is named after."""
    named = stems(words)
    best = max(ENGLISH.wishes.values(), key=lambda wish: _kinship(named, wish.stems))
    return best if _kinship(named, best.stems) else None


def tool_for(words: str, tools: Iterable[str]) -> str:
    """Return the one tool whose name has these words, empty where none or several do."""
    wish = wish_named(words)
    named = wish.stems if wish is not None else stems(words)
    direct = [tool for tool in tools if _kinship(named, stems(tool))]
    indirect = [tool for tool in tools if wish is not None and stems(tool) & wish.telling]
    found = direct or indirect
    return found[0] if len(found) == 1 else ""


def _covers(name: str, known: str, value: str) -> bool:
    if name == "example":
        return re.sub(r"\d", "1", known) == re.sub(r"\d", "1", value)
    if name == "codes":
        return set(value.split(", ")) <= set(known.split(", "))
    if name == "topic":
        wish, words = wish_named(known), stems(value)
        return (wish is not None and wish == wish_named(value)) or len(words & stems(known)) > _MOST_OF * len(words)
    return known == value or (name in ("param", "source") and not known)


def _kinship(these: frozenset[str], those: frozenset[str]) -> int:
    """Count words of one family: `cancel` and `cancellations` are related, stems or not."""
    return sum(
        1
        for one in these
        for other in those
        if one == other or (min(len(one), len(other)) > 4 and one[:5] == other[:5])
    )


def _read(texts: Iterable[Editable]) -> Iterable[Directive]:
    return (directive for text in texts for directive in lexicon.read(text.text))


def _akin(each: Finding, text: Editable) -> int:
    words = stems(f"{text.agent} {text.text}")
    purpose = stems("answer reply") if each.directive.kind.startswith("answer") else stems("query search find write")
    return len(words & purpose) if each.directive.kind.startswith(("answer", "query", "search")) else 0


def _elsewhere(each: Finding, dossier: Dossier) -> tuple[Directive, ...]:
    if each.tool and f"tool:{each.tool}" in dossier.others:
        lines = [line for line in dossier.others.splitlines() if f"tool:{each.tool}" in line]
        return tuple(directive for line in lines for directive in lexicon.read(line.partition("): ")[2]))
    return ()


def _absorbed(found: list[Finding]) -> Iterable[Finding]:
    """Yield the findings, a vaguer one together with its fuller version: "escalate after 30 days", "... to tier2"."""
    for each in found:
        fuller = [other for other in found if _vaguer(each, other)]
        if not fuller:
            more = (other.evidence for other in found if _vaguer(other, each))
            yield replace(each, evidence=each.evidence.union(*more))


def _vaguer(one: Finding, other: Finding) -> bool:
    return (
        (one.tool, one.module) == (other.tool, other.module)
        and covers(other.directive, one.directive)
        and not covers(one.directive, other.directive)
    )
