"""What transcripts show: messages of tools that state how they want to be called, and which tool does what."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from spanwright.testing.simulated import lexicon
from spanwright.testing.simulated.english import Wish
from spanwright.testing.simulated.lexicon import Directive
from spanwright.testing.simulated.reflecting.dossier import Dossier, Move, Record
from spanwright.testing.simulated.reflecting.feedback import Change, changes
from spanwright.testing.simulated.reflecting.findings import Finding, finding, tool_for, wish_named, wish_of
from spanwright.testing.simulated.words import stems

_TOLD: Final = frozenset(
    {
        "id_spelling",
        "codes",
        "code_for",
        "date_format",
        "country",
        "unit",
        "before",
        "window",
        "status",
        "limit",
        "take",
    }
)
"""What a tool's message may state about its own use. Other kinds of sentences in results are somebody's data."""
_CANNOT_READ: Final = re.compile(r"cannot read .{1,200}? as (?:a |an )?(?P<what>[a-z]+)", re.IGNORECASE | re.DOTALL)


def purposes(dossier: Dossier) -> Mapping[str, str]:
    """Return which tool serves which wish, as far as the transcripts show it by what they wrote or could not read."""
    shown: dict[str, str] = {}
    for record in dossier.evidence:
        for each in (*_purposes(record), *_unreadable(record)):
            wish = wish_named(each.directive.slot("topic"))
            if wish is not None:
                shown.setdefault(wish.name, each.tool)
    return shown


def from_traces(dossier: Dossier) -> Iterator[Finding]:
    """Yield what the genuine transcripts show."""
    for record in dossier.evidence:
        for number, move in enumerate(record.trusted):
            if move.failed:
                yield from _told(record, number, move, dossier)
        yield from _purposes(record)
        yield from _unreadable(record)
    yield from _better_tools(dossier)


def _told(record: Record, number: int, move: Move, dossier: Dossier) -> Iterator[Finding]:
    where = f"{record.name}/call {number}"
    tables = (change.table for change in changes(record) if change.table != "tickets")
    guessed = next((tool for table in tables if (tool := tool_for(table, dossier.tools))), "")
    for directive in lexicon.read(move.result):
        if directive.kind in _TOLD:
            slots = dict(directive.slots)
            tool = move.tool or (slots["then"] if slots.get("then") in dossier.tools else guessed)
            if slots.get("then") == tool:
                del slots["then"]
            parameter = _parameter(directive, move)
            if directive.kind == "id_spelling":
                slots["example"] = re.sub(r"\d", "1", slots["example"])
            slots.pop("param" if directive.kind == "take" else "", None)
            yield finding(directive.kind, where, tool=tool, parameter=parameter, **slots)


def _unreadable(record: Record) -> Iterator[Finding]:
    """Conclude that a tool which cannot read a value as a date is for dates."""
    for number, move in enumerate(record.trusted):
        what = _CANNOT_READ.search(move.result) if move.failed else None
        wish = wish_named(what["what"]) if what else None
        if wish is not None and move.tool:
            yield finding("use", f"{record.name}/call {number}", tool=move.tool, topic=wish.topic)


def _parameter(directive: Directive, move: Move) -> str:
    """Return the argument that a message speaks of: the one it names, or whose value it quotes."""
    named = stems(directive.slot("param"))
    by_name = [name for name in move.arguments if named and stems(name) & named]
    quoted = [name for name, value in move.arguments.items() if str(value) and repr(str(value)) in move.result]
    return next(iter((*by_name, *quoted)), "")


def _purposes(record: Record) -> Iterator[Finding]:
    """Conclude that a tool which wrote into a table is for what the table is named after."""
    for number, move in enumerate(record.trusted):
        for change in changes(record):
            wish = wish_named(change.table)
            if move.failed or wish is None or not _wrote(move, change):
                continue
            if not stems(move.tool) & wish.stems:
                yield finding("use", f"{record.name}/call {number}", tool=move.tool, topic=wish.topic)


def _wrote(move: Move, change: Change) -> bool:
    texts = [str(value) for value in move.arguments.values() if len(str(value)) > 4 and not str(value).isdigit()]
    return change.got is not None and any(text in change.got for text in texts[1:])


def _better_tools(dossier: Dossier) -> Iterator[Finding]:
    """Conclude that, where one tool served a wish and another did not, the first is for it."""
    served: dict[str, dict[str, list[tuple[str, bool]]]] = {}
    wishes: dict[str, Wish] = {}
    for record in dossier.evidence:
        wish = wish_of(record.asked)
        done = [move for move in record.trusted if not move.failed]
        if wish is None or wish.mode != "read" or len(done) != 1 or record.score is None:
            continue
        wishes[wish.name] = wish
        good = record.score >= 1 or not _lacks_facts(record)
        served.setdefault(wish.name, {}).setdefault(done[0].tool, []).append((record.name, good))
    for name, tools in served.items():
        for tool, tries in tools.items():
            right = [record for record, good in tries if good]
            others_wrong = any(not good for other, rest in tools.items() if other != tool for _, good in rest)
            if right and (others_wrong or len(right) > 1) and not stems(tool) & wishes[name].stems:
                for record in right:
                    yield finding("use", f"{record}/served", tool=tool, topic=wishes[name].topic)


def _lacks_facts(record: Record) -> bool:
    """Say whether the reply lacks what the right tool's result would have told."""
    return bool(re.search(r"should (?:contain|mention|state|say)[^;]*'[^']*[a-z]{4,}", record.feedback))
