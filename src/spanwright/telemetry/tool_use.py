"""What traces tell of tools: called when they should not be, not called when they should, wrongly, in vain, mixed up.

What "should" means comes from what is known: the expected tools of a case, feedback that names a tool, and successful
rollouts of the same case. Where nothing is known, nothing is said. Pure folds: `tools_used` over one trace,
`tool_evidence` over several rollouts.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from pydantic import JsonValue

from spanwright.core.rollout import Rollout
from spanwright.core.score import Score
from spanwright.core.tools_used import SKILL, Calls, Known, ToolsUsed, ToolsWanted, address, tool_at
from spanwright.core.trace import ToolCall, Trace
from spanwright.telemetry.lenient import parsed
from spanwright.telemetry.unspanned import OUTPUT

EXPECTED_TOOLS = "expected_tools"
"""The key of a case's metadata, or the attribute, that lists the tools which the case takes."""
LOAD_SKILL = "load_capability"
"""The tool by which an agent of pydantic-ai loads a skill, or another deferred capability."""
_OUTPUT_TOOL = "final_result"
_PERFECT = 1.0
_LONGEST_NAME = 128
"""No provider takes a longer name; models make up what they like."""
_CORNER = "called / should"

_CALL_WORDS = r"(?:call(?:ed|s)?|us(?:e|ed|es|ing)|invok(?:e|ed))"
_SHOULD_NOT = (
    r"(?:should|must|need|ought) ?(?:not|n't|n’t) (?:have )?(?:been )?{call} (?:the (?:tool )?)?{tool}",
    r"{tool} (?:should|must|need|ought) ?(?:not|n't|n’t) (?:have )?(?:been |be )?{call}",
    r"(?:needless|unexpected|superfluous|unnecessary) call (?:of|to) (?:the (?:tool )?)?{tool}",
)
_SHOULD = (
    r"(?:should|must|had to|has to|needs? to|ought to) (?:have )?(?:been )?{call} (?:the (?:tool )?)?{tool}",
    r"{tool} (?:should|must|had to|has to|ought to) (?:have )?(?:been |be )?{call}",
    r"{tool} (?:was|were) (?:never|not) {call}",
    r"(?:never|did not|didn't|didn’t) {call} (?:the (?:tool )?)?{tool}",
    r"(?:expected|missing) (?:a |the )?call (?:of|to) (?:the (?:tool )?)?{tool}",
)
_TELLING = re.compile(r"[^\W_][\w.@:-]{2,}[^\W_]")
"""So long is a piece of a result by which it can be told again."""


def tools_used(trace: Trace, score: Score | None, metadata: object = None) -> ToolsUsed:
    """Return what one rollout did with its tools; `metadata` is that of its case."""
    told = _Told(trace)
    found: dict[str, Calls] = {}
    for call in trace.tool_calls:
        if call.name == OUTPUT or call.name.startswith(_OUTPUT_TOOL):
            continue
        name = address(call.agent, _printable(_name(call)))
        before = found.get(name, Calls(count=0))
        refused = call.retry in ("validation", "model_retry")
        found[name] = Calls(
            count=before.count + 1,
            refused=before.refused + refused,
            raised=before.raised + bool(call.error and not refused),
            ignored=before.ignored + told.ignored(call),
        )
    offered = {address(call.agent, tool.name) for call in trace.model_calls for tool in call.tools} | found.keys()
    wanted = _by_case(metadata) or (None if score is None else _by_feedback(score.feedback, offered))
    return ToolsUsed(calls=found, wanted=wanted)


class ToolNames:
    """How tools are called where they are shown: by name, and where two agents have one of a name, by address."""

    def __init__(self, addresses: Iterable[str]) -> None:
        owners: dict[str, set[str]] = {}
        for each in addresses:
            owners.setdefault(tool_at(each), set()).update([each] if "/" in each else [])
        self._shared = frozenset(tool for tool, several in owners.items() if len(several) > 1)

    @classmethod
    def of(cls, rollouts: Iterable[Rollout]) -> "ToolNames":
        """Return the names of the tools of these rollouts."""
        used = [each.tools for each in rollouts if each.tools is not None]
        wanted = [each.wanted for each in used if each.wanted is not None]
        called = (tool for each in used for tool in each.calls)
        return cls([*called, *(tool for each in wanted for tool in (*each.should, *each.not_these))])

    def __call__(self, address: str) -> str:
        """Return what the tool at an address is called."""
        return address if tool_at(address) in self._shared else tool_at(address)


Successes: TypeAlias = Mapping[str, ToolsWanted]
"""By case, which tools its successful rollouts called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFigures:
    """What several rollouts tell of one tool. All but `refused`, `raised` and `ignored` count rollouts, not calls."""

    called: int = 0
    calls: int = 0
    known: int = 0
    """Of the rollouts that called it or should have, those of which it is known which."""
    needless: int = 0
    missed: int = 0
    refused: int = 0
    raised: int = 0
    ignored: int = 0

    @property
    def faults(self) -> int:
        """How much there is to say against how the tool was used."""
        return self.needless + self.missed + self.refused + self.raised + self.ignored


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEvidence:
    """What several rollouts tell of their tools."""

    tools: Mapping[str, ToolFigures] = field(default_factory=dict[str, ToolFigures])
    """By tool, the most faults first."""
    confused: Mapping[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    """How many rollouts called the first tool where the second should have been called, the most frequent first."""
    known: Mapping[Known, int] = field(default_factory=dict[Known, int])
    """Of how many rollouts it is known which tools they should have called, by how it is known."""
    unknown: int = 0
    """Of how many nothing is known."""

    def matrix(self) -> str:
        """Return the confusions as a table: a row for each tool that was called, a column for each that should be."""
        rows = sorted({called for called, _ in self.confused})
        columns = sorted({wanted for _, wanted in self.confused})
        if not rows:
            return ""
        width = max(len(_CORNER), *map(len, rows))
        lines = [f"{_CORNER:<{width}}  {'  '.join(columns)}"]
        for row in rows:
            cells = (f"{self.confused.get((row, column), 0) or '.':>{len(column)}}" for column in columns)
            lines.append(f"{row:<{width}}  {'  '.join(cells)}")
        return "\n".join(lines)

    def record(self) -> dict[str, object]:
        """Return the figures for programs."""
        return {
            "tools": {
                name: {key: getattr(each, key) for key in ToolFigures.__dataclass_fields__}
                for name, each in self.tools.items()
            },
            "confused": [
                {"called": called, "should": should, "rollouts": n} for (called, should), n in self.confused.items()
            ],
            "known": {source.name.lower(): n for source, n in self.known.items()},
            "unknown": self.unknown,
        }


def tool_evidence(
    rollouts: Iterable[Rollout], right: Successes | None = None, names: ToolNames | None = None
) -> ToolEvidence:
    """Fold rollouts that have a score and a record of their tools.

    `right` are other successes of the same cases, and `names` those of the tools of more rollouts than these.
    """
    seen = [each for each in rollouts if each.score is not None and each.tools is not None]
    successes = _successes(seen) if right is None else right
    name_of = ToolNames.of(seen) if names is None else names
    figures: dict[str, Counter[str]] = {}
    confused: Counter[tuple[str, str]] = Counter()
    known: Counter[Known] = Counter()
    for each in seen:
        used = cast("ToolsUsed", each.tools)
        wanted = wanted_of(each, successes)
        if wanted is not None:
            known[wanted.source] += 1
        for tool, figure, count in _counted(used, wanted):
            figures.setdefault(name_of(tool), Counter())[figure] += count
        confused.update({(name_of(called), name_of(should)) for called, should in used.confused(wanted)})
    tools = {tool: ToolFigures(**counts) for tool, counts in figures.items()}
    return ToolEvidence(
        tools=dict(sorted(tools.items(), key=lambda item: (-item[1].faults, -item[1].called, item[0]))),
        confused=dict(sorted(confused.items(), key=lambda item: (-item[1], item[0]))),
        known={source: known[source] for source in Known if known[source]},
        unknown=len(seen) - known.total(),
    )


def successes(rollouts: Iterable[Rollout]) -> Successes:
    """Return what successes tell of the tools that a case takes: what all called, and nothing that none did."""
    return _successes([each for each in rollouts if each.score is not None and each.tools is not None])


def wanted_of(rollout: Rollout, successes: Successes) -> ToolsWanted | None:
    """Return which tools a rollout should have called, None where nothing is known. A success is its own measure."""
    if rollout.tools is not None and rollout.tools.wanted is not None:
        return rollout.tools.wanted
    return successes.get(rollout.key.case)


def _successes(rollouts: Sequence[Rollout]) -> Successes:
    called: dict[str, list[tuple[str, ...]]] = {}
    for each in rollouts:
        if each.score is not None and each.score.value >= _PERFECT and each.tools is not None:
            worked = (tool for tool, calls in each.tools.calls.items() if calls.count > calls.refused + calls.raised)
            called.setdefault(each.key.case, []).append(tuple(worked))
    found: dict[str, ToolsWanted] = {}
    for case, several in called.items():
        every = set[str].intersection(*map(set, several))
        some = dict.fromkeys(tool for one in several for tool in one)
        found[case] = ToolsWanted(
            source=Known.SUCCESS, should=tuple(tool for tool in several[0] if tool in every), allowed=tuple(some)
        )
    return found


def _counted(used: ToolsUsed, wanted: ToolsWanted | None) -> Iterator[tuple[str, str, int]]:
    missed, needless = used.missed(wanted), used.needless(wanted)
    for tool, calls in used.calls.items():
        yield tool, "called", 1
        yield tool, "calls", calls.count
        yield tool, "refused", calls.refused
        yield tool, "raised", calls.raised
        yield tool, "ignored", calls.ignored
        yield tool, "needless", int(tool in needless)
    for tool in missed:
        yield tool, "missed", 1
    if wanted is not None:
        for tool in {*used.calls, *missed}:
            yield tool, "known", 1


def _name(call: ToolCall) -> str:
    """Return the name of what was called: of a call that loads a skill, the skill."""
    if call.name != LOAD_SKILL:
        return call.name
    arguments = parsed(call.arguments)
    id = arguments.get("id") if isinstance(arguments, dict) else None
    return f"{SKILL}{id}" if isinstance(id, str) and "/" not in id else call.name


def _printable(name: str) -> str:
    """Return a name as it can be kept and shown: a model may call anything a tool."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:_LONGEST_NAME])


def _by_case(metadata: object) -> ToolsWanted | None:
    """Return what a case says of its tools: a list under `expected_tools`, in a mapping or an object."""
    if isinstance(metadata, Mapping):
        said = cast("Mapping[str, object]", metadata).get(EXPECTED_TOOLS)
    else:
        said = cast("object", getattr(metadata, EXPECTED_TOOLS, None))
    if isinstance(said, str) or not isinstance(said, Sequence | frozenset | set):
        return None
    tools = tuple(str(tool) for tool in cast("Iterable[object]", said))
    tools = tuple(dict.fromkeys(sorted(tools) if isinstance(said, frozenset | set) else tools))
    return ToolsWanted(source=Known.CASE, should=tools, allowed=tools)


def _by_feedback(feedback: str, offered: Iterable[str]) -> ToolsWanted | None:
    """Return which tools the feedback says should or should not have been called; of others it says nothing.

    It may name a tool, or a tool of one agent by its address.
    """
    should, should_not = list[str](), list[str]()
    for tool in sorted({*offered, *map(tool_at, offered)}):
        if tool not in feedback:
            continue
        if _says(_SHOULD_NOT, tool, feedback):
            should_not.append(tool)
        elif _says(_SHOULD, tool, feedback):
            should.append(tool)
    if not should and not should_not:
        return None
    return ToolsWanted(source=Known.FEEDBACK, should=tuple(should), not_these=tuple(should_not))


def _says(patterns: Sequence[str], tool: str, feedback: str) -> bool:
    name = rf"[`'\"]?(?<!/)\b{re.escape(tool)}\b(?:\(\))?[`'\"]?"
    return any(re.search(pattern.format(tool=name, call=_CALL_WORDS), feedback, re.IGNORECASE) for pattern in patterns)


class _Told:
    """What was said after each call of a trace."""

    def __init__(self, trace: Trace) -> None:
        self._blind = trace.without_content
        self._said = [
            (call.started, part.text)
            for call in trace.model_calls
            if call.answer is not None
            for part in call.answer.parts
        ]
        self._said += [(run.ended, run.final) for run in trace.agents if run.final is not None]
        first = trace.model_calls[0].messages if trace.model_calls else ()
        self._asked = " ".join(part.text for message in first for part in message.parts)

    def ignored(self, call: ToolCall) -> bool:
        """Say whether a result tells something by which it could be told again, and nothing said later has any of it.

        What was known before the call tells nothing. A trace without content tells nothing, either.
        """
        if self._blind or call.error or not call.result:
            return False
        known = f"{self._asked} {call.arguments}".casefold()
        news = {piece.casefold() for piece in _pieces(parsed(call.result))} - set(_TELLING.findall(known))
        news = {piece for piece in news if piece not in known}
        if not any(re.search(r"\d", piece) for piece in news):
            return False  # words alone ("Booked.") only confirm
        after = " ".join(text for at, text in self._said if at >= call.ended).casefold()
        return not any(piece in after for piece in news)


def _pieces(value: JsonValue) -> Iterator[str]:
    """Yield the telling pieces of the values of a result; keys say nothing."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _pieces(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _pieces(inner)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield from _TELLING.findall(str(value))
