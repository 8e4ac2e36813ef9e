"""What feedback shows: how the expected values differ from those that came. Units, formats, codes, fees, words left
out.

Feedback states facts; every rule here is a generalization from them, and some are wrong.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from spanwright.testing.simulated.english import ENGLISH, a_date, goals, refs
from spanwright.testing.simulated.reflecting.dossier import Dossier, Record
from spanwright.testing.simulated.reflecting.feedback import Change, answers, changes, missed, unsaid
from spanwright.testing.simulated.reflecting.findings import Finding, finding, tool_for, wish_named
from spanwright.testing.simulated.reflecting.from_traces import purposes
from spanwright.testing.simulated.words import stems

_CODE: Final = re.compile(r"^[A-Z][A-Z_]{2,}$")
_NUMBER: Final = re.compile(r"^\$?\d+(?:\.\d+)?$")
_ISO: Final = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_TO: Final = re.compile(r"\bto ([A-Za-z][\w-]+)$")


def from_feedback(dossier: Dossier) -> Iterator[Finding]:
    """Yield what expected and actual values show."""
    for record in dossier.evidence:
        for change in changes(record):
            yield from _values(record, change, dossier)
        yield from _unsaid(record)
        yield from _answers(record, dossier)
        yield from _searches(record, dossier)
    yield from _codes(dossier)


def tool_of(table: str, record: Record, dossier: Dossier) -> tuple[str, str]:
    """Return the tool that writes into a table, and where a transcript shows it, the argument for sums."""
    moves = [move for move in record.trusted if not move.failed]
    wish = wish_named(table)
    named = tool_for(table, dossier.tools) or (purposes(dossier).get(wish.name, "") if wish is not None else "")
    called = [move for move in moves if move.tool == named]
    sums = [name for move in called for name, value in move.arguments.items() if isinstance(value, int | float)]
    return named, sums[0] if sums else ""


def _values(record: Record, change: Change, dossier: Dossier) -> Iterator[Finding]:
    where = f"{record.name}/{change.table}"
    tool, parameter = tool_of(change.table, record, dossier)
    written = next(iter(refs(record.asked)), "")
    if change.want is None:
        return
    if change.got is None and written and _spelled_otherwise(written, change.key):
        yield finding("id_spelling", where, tool=tool, example=re.sub(r"\d", "1", change.key))
    yield from _formats(where, tool, record, change, dossier)
    if change.got is not None:
        yield from _sums(where, tool, parameter, record, change)


def _spelled_otherwise(written: str, key: str) -> bool:
    return written != key and re.sub(r"\D", "", written) == re.sub(r"\D", "", key)


def _formats(where: str, tool: str, record: Record, change: Change, dossier: Dossier) -> Iterator[Finding]:
    """Compare with what the customer wrote: a country's code for its name, a date in another form."""
    want = change.want or ""
    wish = wish_named(change.table)
    taken = {other for name, other in purposes(dossier).items() if wish is not None and name != wish.name}
    country = next((each for each in ENGLISH.countries if each.name in record.asked), None)
    if country is not None and country.name not in want and re.search(rf"\b{country.alpha2}\b", want):
        yield finding("country", where, tool=tool or _by_argument(record, country.name, taken), style="alpha2")
    said, day = a_date(record.asked)
    if day is not None and not _ISO.search(said) and day.isoformat() in want:
        yield finding("date_format", where, tool=tool or _by_argument(record, said, taken), format="iso")


def _by_argument(record: Record, text: str, taken: set[str]) -> str:
    """Return the tool to which the customer's words were given, unless it is known to be for something else."""
    moves = sorted(record.trusted, key=lambda move: move.failed)
    tools = [move.tool for move in moves if any(text in str(value) for value in move.arguments.values())]
    passed_on = ENGLISH.wishes["complaint"].stems
    return next((tool for tool in tools if tool not in taken and not stems(tool) & passed_on), "")


def _sums(where: str, tool: str, parameter: str, record: Record, change: Change) -> Iterator[Finding]:
    got, want = _numbers(change.got or ""), _numbers(change.want or "")
    if len(got) != 1 or len(want) != 1 or got == want or not got[0] or not want[0]:
        return
    ratio = want[0] / got[0]
    if 80 <= ratio <= 120:
        yield finding("unit", where, tool=tool, parameter=parameter, unit="minor")
        if parameter:
            yield finding("unit", f"{where}/argument", tool=tool, parameter=parameter, unit="minor")
    elif 0.008 <= ratio <= 0.012:
        yield finding("unit", where, tool=tool, parameter=parameter, unit="major")
    elif want[0] < got[0]:
        said = goals(record.asked)
        in_cents = any(goal.money and abs(goal.money * 100 - got[0]) < 1 for goal in said)
        fee = (got[0] - want[0]) / (100 if in_cents else 1)
        code = next((word for word in (change.want or "").split() if _CODE.match(word)), "")
        topic = f"{code.replace('_', ' ').lower()} items" if code else ""
        yield finding("deduct", where, tool=tool, parameter=parameter, amount=f"{fee:.2f}", topic=topic)


def _numbers(row: str) -> list[float]:
    return [float(word.strip("$")) for word in row.split() if _NUMBER.match(word)]


def _unsaid(record: Record) -> Iterator[Finding]:
    known = " ".join(f"{dict(move.arguments)} {move.result}" for move in record.trusted)
    for words in unsaid(record):
        if (
            record.trusted
            and words not in known
            and words.removesuffix(".00").removesuffix("0") not in f"{known} {record.asked}"
        ):
            continue  # the agent never learned it, so the reply is not where it went wrong
        digits = re.sub(r"\D", "", words)
        if _ISO.search(words):
            item = "date"
        elif re.fullmatch(r"\$?\d+\.\d\d", words):
            item = "amount"
        elif digits and any(re.sub(r"\D", "", ref) == digits for ref in refs(record.asked)):
            item = "ref"
        else:
            continue
        yield finding("reply", f"{record.name}/reply", item=item)


def _codes(dossier: Dossier) -> Iterator[Finding]:
    """Collect the codes and team names that expected rows use."""
    seen: dict[tuple[str, str], dict[str, str]] = {}
    for record in dossier.evidence:
        for change in changes(record):
            tool = tool_of(change.table, record, dossier)[0]
            for word in (change.want or "").split():
                if _CODE.match(word):
                    seen.setdefault((tool, "reason"), {}).setdefault(word, record.name)
            team = _TO.search(change.want or "")
            if team is not None:
                seen.setdefault((tool, "team"), {}).setdefault(team[1], record.name)
    for (tool, parameter), words in seen.items():
        if len(words) > 1:
            where = f"{'+'.join(words.values())}/codes"
            yield finding(
                "codes", where, tool=tool, parameter=parameter, param=parameter, codes=", ".join(sorted(words))
            )


def escalated(record: Record) -> Iterator[tuple[str, Sequence[Change]]]:
    """Yield the team that should have got a ticket about an order, with what was done to that order instead."""
    differing = changes(record)
    for change in differing:
        wish = wish_named(change.table)
        team = _TO.search(change.want or "")
        if team is not None and wish is not None and wish.name == "complaint":
            yield team[1], [other for other in differing if other.key == change.key and other.want is None]


def _answers(record: Record, dossier: Dossier) -> Iterator[Finding]:
    """Compare the answers to a question: form only, never what is true."""
    pair = answers(record)
    if pair is None or pair[0].lower() == pair[1].lower():
        return
    want, got = pair
    where, last = f"{record.name}/answer", _last_agent(record)
    if want.lower() in ("yes", "no"):
        yield finding("answer_yes_no", where, agent=last)
    elif re.fullmatch(r"\d{4}", want) and want in got and len(got) > 4:
        yield finding("answer_year" if len(got.split()) <= 4 else "answer_span", where, agent=last)
    elif want.lower() in got.lower() and len(got) > len(want):
        yield finding("answer_span", where, agent=last)
    elif got.lower() in want.lower() and want.split()[-1:] == got.split()[-1:]:
        yield finding("answer_full_name", where, agent=last)
    elif _same_quantity(want, got):
        yield finding("answer_as_written", where, agent=last)


def _same_quantity(want: str, got: str) -> bool:
    """Say whether both are one number with its unit, and the unit is cut short in what came."""
    wanted, given = want.split(), got.split()
    cut_short = len(wanted) == len(given) == 2 and wanted[0] == given[0] and len(given[1]) < len(wanted[1])
    return cut_short and wanted[0].replace(",", "").isdigit() and given[1][0] == wanted[1][0]


def _searches(record: Record, dossier: Dossier) -> Iterator[Finding]:
    """See why a passage was missed: one search only, a question for a query, a name that was never followed."""
    titles = missed(record)
    if not titles:
        return
    where = f"{record.name}/missed"
    searches = [move for move in record.trusted if len(move.arguments) == 1]
    queries = [str(value) for move in searches for value in move.arguments.values()]
    results = " ".join(move.result for move in searches)
    tool, agent = (searches[0].tool, searches[0].agent) if searches else ("", "")
    for title in titles:
        name = re.sub(r"\s*\(.*\)$", "", title)
        in_question = name.lower() in record.asked.lower()
        if not in_question:
            yield finding("query_entity", where, agent=agent)
        if name in results and not any(name in query for query in queries):
            yield finding("query_entity", f"{where}/results", agent=agent)
        if name != title and any(name in query for query in queries):
            yield finding("query_role", f"{where}/namesake", tool=tool, agent=agent)
        if any(query.rstrip("?").lower() in record.asked.lower() and len(query.split()) > 6 for query in queries):
            yield finding("query_keywords", f"{where}/query", tool=tool, agent=agent)
    if len(queries) == 1:
        yield finding("search_again", f"{where}/once", agent=agent)


def _last_agent(record: Record) -> str:
    return record.agents[-1] if record.agents else ""
