"""The page as Markdown: what a pull request or an issue should say of a run, with what changed.

Texts are fenced by more backticks than they have, so that whatever a model wrote stays a text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import unified_diff

from spanwright.core.usage import Usage
from spanwright.report import figures
from spanwright.report.page.model import Compared, Front, Page, Range, Words

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~&])")
_TROUBLES = 8


def markdown_of(page: Page) -> str:
    """Return the page as a document of its own."""
    return "\n".join(_lines(page)) + "\n"


def _lines(page: Page) -> Iterator[str]:
    head = page.head
    yield f"# {_plain(head.headline)}"
    yield ""
    yield from _facts(page)
    yield from _comparison(page)
    yield from _front(page)
    yield from _changes(page.words)
    yield from _spending(page.spent)
    yield from _tools(page)
    yield from _troubles(page)
    yield "## How to reproduce"
    yield ""
    commands = [*([page.origin.command] if page.origin.command else []), *(line for line, _ in page.origin.commands)]
    yield _fenced("\n".join(commands), "console")
    yield ""
    splits = ", ".join(f"{count} {split}" for split, count in page.origin.splits.items())
    yield f"Cases: {splits}. Policy {_plain(head.policy)}, Spanwright {page.origin.spanwright}."


def _facts(page: Page) -> Iterator[str]:
    head = page.head
    ended = f"{head.status}, {head.stop_reason}" if head.stop_reason else head.status
    yield f"Run {_plain(head.run)} ({ended}): {figures.spent(head.usage)}, in {figures.duration(head.seconds)};"
    yield f"{figures.number(head.proposed, 'proposal')}, {head.accepted} admitted, {head.refused} refused."
    yield ""
    for note in head.notes:
        yield f"> {_plain(note)}"
        yield ""


def _comparison(page: Page) -> Iterator[str]:
    compared: Sequence[tuple[str, Compared | None]] = (("test", page.head.test), ("validation", page.head.validation))
    rows = [
        (split, str(each.difference.n), _range(each.seed), _range(each.best), _range(each.difference, signed=True))
        for split, each in compared
        if each is not None
    ]
    if rows:
        yield from _table(("split", "cases", "seed", "winner", "difference, 95 % interval"), rows)
        yield ""
        if page.head.test is None:
            yield "There is no test split: validation cases chose the winner, so the figure is optimistic."
            yield ""


def _front(page: Page) -> Iterator[str]:
    front: Front = page.front
    chosen = [each for each in front.candidates if each.on_front or not each.candidate]
    if len(front.figures) < 2 or not chosen:
        return
    yield f"## What there is to choose from ({front.measured_on} cases)"
    yield ""
    best = next(place for place, node in enumerate(page.candidates) if node.id == page.head.best)
    names = {0: "the seed", best: "the winner"}
    rows = [
        (
            names.get(each.candidate, page.candidates[each.candidate].id),
            *(f"{each.figures[name].mean:.4g}" if name in each.figures else "-" for name in front.figures),
        )
        for each in chosen
    ]
    yield from _table(("candidate", *front.figures), rows)
    yield ""


def _changes(words: Iterable[Words]) -> Iterator[str]:
    changed = [each for each in words if each.before != each.after]
    if not changed:
        return
    yield "## What changed"
    yield ""
    for each in changed:
        yield f"### {_plain(each.component)}"
        yield ""
        before, after = each.before.splitlines(), each.after.splitlines()
        lines = list(unified_diff(before, after, lineterm="", n=max(len(before), len(after))))[3:]
        yield _fenced("\n".join(lines), "diff")
        yield ""


def _spending(spent: Mapping[str, Usage]) -> Iterator[str]:
    if not spent:
        return
    yield "## Where it went"
    yield ""
    rows = [
        (purpose, figures.count(each.rollouts or each.reflections), figures.count(each.tokens), figures.cost(each))
        for purpose, each in spent.items()
    ]
    yield from _table(("purpose", "runs", "tokens", "cost"), rows)
    yield ""


def _tools(page: Page) -> Iterator[str]:
    if not page.tools.lines:
        return
    yield "## Tools"
    yield ""
    yield from (f"- {_plain(line.strip())}" for line in page.tools.lines)
    yield ""


def _troubles(page: Page) -> Iterator[str]:
    if not page.troubles and not page.unscored:
        return
    yield "## What failed"
    yield ""
    for each in page.troubles[:_TROUBLES]:
        said = f": {_plain(' '.join(each.message.split())[:200])}" if each.message else ""
        yield f"- {each.count} times {_plain(each.what)} ({each.blame}){said}"
    for case in page.unscored:
        yield f"- case {_plain(case.case)} ({case.split}) never got a score in {figures.number(case.tries, 'rollout')}"
    yield ""


def _range(of: Range, *, signed: bool = False) -> str:
    style = "+.2f" if signed else ".2f"
    mean = f"{of.mean:{style}}"
    return mean if of.low is None or of.high is None else f"{mean} [{of.low:{style}}, {of.high:{style}}]"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(map(_plain, head))} |"
    yield f"|{'|'.join('---' for _ in head)}|"
    for row in rows:
        yield f"| {' | '.join(map(_plain, row))} |"


def _plain(text: str) -> str:
    """Return a text on one line that Markdown takes for nothing but text."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _fenced(text: str, language: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
