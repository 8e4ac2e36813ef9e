"""When something should have been passed on instead of done: what sets these orders apart from the others?

An amount, a status, an age or a topic; which of them can only be guessed from what the prompt shows about each case.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from spanwright.testing.simulated import lexicon
from spanwright.testing.simulated.english import Wish, goals
from spanwright.testing.simulated.reflecting.dossier import Dossier, Record
from spanwright.testing.simulated.reflecting.feedback import changes
from spanwright.testing.simulated.reflecting.findings import Finding, finding, tool_for, wish_of
from spanwright.testing.simulated.reflecting.from_feedback import escalated

_ROUND: Final = (10.0, 20.0, 25.0, 50.0, 75.0, 100.0, 150.0, 200.0, 250.0, 300.0, 500.0, 1000.0)
_STATUS: Final = re.compile(
    r"\bis (?:already |still |now )?(?:in )?(processing|shipped|delivered|paid|pending)\b", re.IGNORECASE
)
_CONDITIONS: Final = ("limit", "window", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a record shows about its order."""

    record: Record
    wish: Wish
    tool: str
    """The tool that would serve the wish."""
    money: float | None = None
    status: str = ""
    team: str = ""
    """The team that should have got it, empty where it was right to do it."""


def from_conditions(dossier: Dossier) -> Iterator[Finding]:
    """Yield the conditions that would explain what should have been passed on."""
    seen = [one for record in dossier.records for one in _seen(record, dossier)]
    for one in seen:
        if one.team:
            alike = [other for other in seen if other.wish.name == one.wish.name and not other.team]
            yield from _explained(one, alike, dossier)


def _seen(record: Record, dossier: Dossier) -> Iterator[Seen]:
    wish = wish_of(record.asked)
    if wish is None:
        return
    teams = [team for team, _ in escalated(record)]
    money = next((goal.money for goal in goals(record.asked) if goal.wish is wish), None)
    status = next((said for move in record.trusted if (said := _status(move.result))), "")
    done = any(change.want is not None for change in changes(record)) or (record.score or 0) >= 1
    if teams or done:
        yield Seen(
            record=record,
            wish=wish,
            tool=_server(wish, record, dossier),
            money=money,
            status=status,
            team=teams[0] if teams else "",
        )


def _server(wish: Wish, record: Record, dossier: Dossier) -> str:
    """Return the tool for a wish: by its name, else the one that changed something here."""
    named = tool_for(wish.topic, dossier.tools)
    writing = [move.tool for move in record.trusted if len(move.arguments) > 1]
    return named or (writing[-1] if writing else "")


def _explained(one: Seen, alike: Sequence[Seen], dossier: Dossier) -> Iterator[Finding]:
    where = f"{one.record.name}/tickets"
    refusals = [directive for move in one.record.trusted if move.failed for directive in lexicon.read(move.result)]
    refused = next((directive for directive in refusals if directive.kind in _CONDITIONS), None)
    if one.wish.name in ("complaint", "lost"):
        yield finding("route", where, tool=tool_for("tickets", dossier.tools), topic=one.wish.topic, team=one.team)
    elif refused is not None:
        slots = {**dict(refused.slots), "team": one.team}
        yield finding(refused.kind, where, tool=one.tool, **slots)
        yield finding(refused.kind, f"{where}/refusal", tool=one.tool, **slots)
    elif one.money is not None:
        amount = _threshold(one.money, [other.money for other in alike if other.money is not None])
        if amount:
            yield finding("limit", where, tool=one.tool, amount=f"{amount:.2f}", team=one.team)
            if any(other.money for other in alike):
                yield finding("limit", f"{where}/contrast", tool=one.tool, amount=f"{amount:.2f}", team=one.team)
    elif one.status:
        right = {other.status for other in alike if other.status}
        if one.status not in right:
            slots = {"when": "only", "status": right.pop()} if len(right) == 1 else {"when": "if", "status": one.status}
            yield finding("status", where, tool=one.tool, team=one.team, **slots)
            yield finding("status", f"{where}/looked up", tool=one.tool, team=one.team, **slots)
    else:
        # Nothing tells this case from others of its kind: the careless conclusion is that all of them are passed on.
        yield finding("route", where, tool=tool_for("tickets", dossier.tools), topic=one.wish.topic, team=one.team)


def _threshold(money: float, fine: Sequence[float]) -> float:
    """Return a round amount between what was fine and what was too much; 0 where there is none."""
    floor = max((amount for amount in fine if amount < money), default=0.0)
    between = [amount for amount in _ROUND if floor <= amount < money]
    return (
        (min(between, key=lambda amount: abs(amount - (floor + money) / 2)) if floor else between[-1])
        if between
        else 0.0
    )


def _status(result: str) -> str:
    """Return the state of the order that a result tells, in a field or in words."""
    try:
        value: object = json.loads(result)
    except ValueError:
        said = _STATUS.search(result)
        return said[1].lower() if said else ""
    return str(cast("Mapping[str, object]", value).get("status", "")) if isinstance(value, dict) else ""
