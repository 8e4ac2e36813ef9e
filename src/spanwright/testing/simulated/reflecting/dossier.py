"""What a reflection prompt holds, as its reader understands it: texts under edit, records of tries, lessons, tried
edits.

It reads prompts as a person would: a component's id in backticks with its text in a fence or tag below, records under
headings with labelled parts. It also copes with the prompt of gepa, which has one fenced text and no ids.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import zip_longest
from typing import Final, cast

from spanwright.testing.simulated.words import stems


@dataclass(frozen=True, slots=True, kw_only=True)
class Editable:
    """A text that may be edited. Its `id` is empty where the prompt gives none."""

    id: str
    text: str

    @property
    def agent(self) -> str:
        return self.id.partition("/")[0]

    @property
    def tool(self) -> str:
        """The tool that it describes, or whose parameter it describes; empty for other texts."""
        return tool_in(self.id)

    @property
    def parameter(self) -> str:
        return parameter_in(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A tool call in a record."""

    tool: str
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])
    result: str = ""
    failed: bool = False
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One try of a task."""

    name: str
    score: float | None = None
    asked: str = ""
    moves: tuple[Move, ...] = ()
    heard: str = ""
    """What the transcript's user says."""
    output: str = ""
    feedback: str = ""
    agents: tuple[str, ...] = ()
    """The agents that ran, in order."""
    wanted: tuple[str, ...] = ()
    """Tools that should have been called and were not, as the heading says."""
    unwanted: tuple[str, ...] = ()
    """Tools that were called and should not have been."""

    @property
    def genuine(self) -> bool:
        """Whether the transcript belongs to this task: its user says what the task's input says, number for number."""
        return _same_task(self.asked, self.heard)

    @property
    def informative(self) -> bool:
        """Whether it shows more than a score."""
        return bool(self.trusted) or self.feedback not in ("", "(none)")

    @property
    def trusted(self) -> tuple[Move, ...]:
        """The moves, where the transcript is genuine."""
        return self.moves if self.genuine else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A lesson or a tried edit, with the components that it concerns."""

    components: tuple[str, ...]
    text: str
    outcome: str = ""

    @property
    def tools(self) -> frozenset[str]:
        """The tools of its components; instructions and other texts have none."""
        return frozenset(tool for component in self.components if (tool := tool_in(component)))

    @property
    def record(self) -> Record | None:
        """What it retells of a try: its feedback and the error of a tool; None where it is a plain sentence."""
        return _retold(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A reflection prompt, read."""

    editable: tuple[Editable, ...]
    records: tuple[Record, ...]
    lessons: tuple[Note, ...] = ()
    tried: tuple[Note, ...] = ()
    others: str = ""
    """What is said of texts that cannot be edited now."""
    tools: tuple[str, ...] = ()
    """Every tool that the prompt names."""
    length: int = 0

    @property
    def evidence(self) -> tuple[Record, ...]:
        """The records of tries, and what the lessons retell of earlier ones."""
        retold = (note.record for note in self.lessons)
        return (*self.records, *(record for record in retold if record is not None))


_ID: Final = re.compile(r"`([\w.-]+/[\w./:-]+)`")
_FENCE: Final = re.compile(r"^(`{3,}|~{3,})[^\n`]*\n(.*?)\n?^\1\s*$", re.MULTILINE | re.DOTALL)
_TAG: Final = re.compile(r"^<(text|current|current_text|component)\b[^>]*>\n?(.*?)\n?</\1>", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(
    r"^(?:#{1,4}\s*)?(?P<name>(?:Example|Case|Record|Rollout|Task|Try)\s+[\w`'\"-]+[^\n:]*)(?::(?P<rest>[^\n]*))?$",
    re.MULTILINE | re.IGNORECASE,
)
_SECTION: Final = re.compile(r"^#\s+(?!Example|Case|Record|Rollout|Task|Try)(.+)$", re.MULTILINE)
_PART: Final = re.compile(
    r"^(?:#{2,6}\s*)?\**(?P<label>inputs?|task|ticket|question|steps|trace|transcript|generated outputs?|outputs?|"
    r"answer|response|feedback|evaluation|score)\**\s*:?\**[ \t]*(?P<rest>.*)$",
    re.IGNORECASE,
)
_SCORE: Final = re.compile(r"\bscore\W{0,3}(-?\d+(?:\.\d+)?)", re.IGNORECASE)
_STEP: Final = re.compile(
    r"^\s*(?:[-*>]\s*)?(?P<label>agent|user|call|result|error|asked to retry|refused|no such tool|final|assistant)\b"
    r"(?P<name>[^:\n]{0,60})(?::[ \t]?(?P<text>.*))?$",
    re.IGNORECASE,
)
_FAILED: Final = frozenset({"error", "asked to retry", "refused", "no such tool"})
_NOTE: Final = re.compile(
    r"^\s*-\s*on\s+(?P<components>`?[\w.-]+/[\w./:-]+`?(?:,\s*`?[\w.-]+/[\w./:-]+`?)*)\s*:\s*(?P<text>.*)$",
    re.IGNORECASE,
)
_RETOLD: Final = re.compile(r"\bshould (?:be|have been|contain|mention)\b|\bexpected '", re.IGNORECASE)
_NO_TEXT: Final = re.compile(r"^Current text: none\b", re.MULTILINE | re.IGNORECASE)
_REFUSAL: Final = re.compile(
    r"^\W*(?:refused|error|failed|cannot|could not|no |unknown|invalid|denied|declined)", re.IGNORECASE
)


@lru_cache(maxsize=8_192)  # asked of a record by every kind of conclusion
def _same_task(asked: str, heard: str) -> bool:
    words, said = stems(asked), stems(heard)
    numbers, others = ({word for word in each if len(word) > 2 and word.isdigit()} for each in (words, said))
    if not said or (numbers and others and not numbers & others):
        return False
    shared = len(words & said)
    return not words or shared >= 0.7 * len(words) or shared >= 0.7 * len(said)


@lru_cache(maxsize=8_192)
def _retold(text: str) -> Record | None:
    before, _, error = text.partition("Tool error:")
    task, _, feedback = before.removeprefix("Task:").rpartition("Feedback:")
    if not error and not _RETOLD.search(feedback):
        return None
    numbers = " ".join(re.findall(r"[\w-]*\d[\w.-]*", text))
    asked = task.strip() or numbers
    moves = (Move(tool="", result=error.strip(), failed=True),) if error else ()
    return Record(name=f"lesson {numbers[:60]}", asked=asked, heard=asked, feedback=feedback, moves=moves)


def tool_in(component: str) -> str:
    """Return the tool in a component's id, empty where there is none."""
    match = re.search(r"/tool:([^/]+)", component)
    return match[1] if match else ""


def parameter_in(component: str) -> str:
    """Return the parameter in a component's id, empty where there is none."""
    match = re.search(r"/tool:[^/]+/(.+)", component)
    return match[1] if match else ""


def read_prompt(prompt: str) -> Dossier:
    """Read a reflection prompt."""
    sections = dict(_sections(prompt))
    editable = tuple(_editable(prompt))
    records = tuple(_records(prompt))
    others = next((body for title, body in sections.items() if "other text" in title.lower()), "")
    named = {each.tool for each in editable if each.tool} | set(re.findall(r"/tool:([\w.-]+)", prompt))
    called = {move.tool for record in records for move in record.trusted}
    return Dossier(
        editable=editable,
        records=records,
        lessons=tuple(_notes(next((body for title, body in sections.items() if "lesson" in title.lower()), ""))),
        tried=tuple(_notes(next((body for title, body in sections.items() if "tried" in title.lower()), ""))),
        others=others,
        tools=tuple(sorted(named | called)),
        length=len(prompt),
    )


def _sections(prompt: str) -> Iterator[tuple[str, str]]:
    found = list(_SECTION.finditer(prompt))
    for match, after in zip_longest(found, found[1:]):
        yield match[1], prompt[match.end() : after.start() if after else len(prompt)]


def _editable(prompt: str) -> Iterator[Editable]:
    """Yield each id with the fenced or tagged text that follows it before any other id or heading."""
    seen: set[str] = set()
    for match in _ID.finditer(prompt):
        if match[1] in seen:
            continue
        window = prompt[match.end() : match.end() + 20_000]
        text = _below(window)
        if text is not None:
            seen.add(match[1])
            yield Editable(id=match[1], text=text)
    if not seen:
        fence = _FENCE.search(prompt)
        if fence is not None:
            yield Editable(id="", text=fence[2])


def _below(window: str) -> str | None:
    searched = (_NO_TEXT.search(window), _FENCE.search(window), _TAG.search(window))
    starts = [found for found in searched if found is not None]
    if not starts:
        return None
    first = min(starts, key=lambda found: found.start())
    before = window[: first.start()]
    between = _ID.search(before) or re.search(r"^#{1,3}\s", before, re.MULTILINE) or before.count("\n") > 8
    if between:
        return None
    return "" if first.re is _NO_TEXT else first[2]


def _records(prompt: str) -> Iterator[Record]:
    found = list(_HEADING.finditer(prompt))
    inputs: dict[str, str] = {}
    for match, after in zip_longest(found, found[1:]):
        body = prompt[match.end() : after.start() if after else len(prompt)]
        section = _SECTION.search(body)
        record = _record(match["name"].strip(), match["rest"] or "", body[: section.start()] if section else body)
        again = re.match(r"\(as in (.+)\)", record.asked)
        record = replace(record, asked=inputs.get(again[1], "")) if again else record
        inputs[record.name] = record.asked
        if record.asked or record.moves or record.feedback or record.score is not None:
            yield record


def _record(name: str, rest: str, body: str) -> Record:
    parts = _parts(body)
    scored = _SCORE.search(rest) or _SCORE.search(name) or _SCORE.search(body)
    steps = _first(parts, "steps", "trace", "transcript")
    moves, heard = _steps(steps)
    return Record(
        name=name,
        score=float(scored[1]) if scored else None,
        asked=_first(parts, "input", "task", "ticket", "question"),
        moves=tuple(moves),
        heard=heard,
        output=_first(parts, "output", "generated output", "answer", "response"),
        feedback=_first(parts, "feedback", "evaluation"),
        agents=tuple(re.findall(r"^\s*agent ([\w.-]+)", steps, re.MULTILINE)),
        wanted=_tools_after("should have called", rest),
        unwanted=_tools_after("should not have called", rest),
    )


def _tools_after(words: str, heading: str) -> tuple[str, ...]:
    """Return the tools that a heading names after these words: "should have called `a` and `b`"."""
    match = re.search(rf"\b{words} ((?:`[\w.-]+`(?:,| and)? ?)+)", heading)
    return tuple(re.findall(r"`([\w.-]+)`", match[1])) if match else ()


def _parts(body: str) -> Mapping[str, str]:
    """Return the labelled parts of a record: what follows a label on its line, and the lines below it."""
    parts: dict[str, list[str]] = {}
    label = ""
    for line in body.splitlines():
        match = _PART.match(line)
        if match is not None:
            label = match["label"].lower().removesuffix("s") if match["label"].lower() != "steps" else "steps"
            parts.setdefault(label, []).append(match["rest"])
        elif label and not line.startswith("<"):
            parts[label].append(line)
    return {name: _dedented(lines) for name, lines in parts.items()}


def _dedented(lines: Sequence[str]) -> str:
    return "\n".join(line.removeprefix("  ") for line in lines).strip()


def _first(parts: Mapping[str, str], *labels: str) -> str:
    return next((parts[label] for label in labels if parts.get(label)), "")


def _steps(text: str) -> tuple[list[Move], str]:
    """Return the tool calls of a transcript, and what its users said."""
    moves: list[Move] = []
    heard: list[str] = []
    agent = label = ""
    for line in text.splitlines():
        match = _STEP.match(line)
        if match is None:
            more = line.strip().removeprefix("|").strip()
            _continue(label, more, moves, heard)
            continue
        label, name, said = match["label"].lower(), match["name"].strip(), match["text"] or ""
        if label == "agent":
            agent = name
        elif label == "user":
            heard.append(said)
        elif label == "call":
            moves.append(Move(tool=name, arguments=_arguments(said), agent=agent))
        elif moves and (label == "result" or label in _FAILED):
            failed = label in _FAILED or bool(_REFUSAL.match(said))
            moves[-1] = replace(moves[-1], result=said, failed=failed)
    return moves, "\n".join(heard)


def _continue(label: str, more: str, moves: list[Move], heard: list[str]) -> None:
    if label == "user":
        heard.append(more)
    elif moves and (label == "result" or label in _FAILED):
        moves[-1] = replace(moves[-1], result=f"{moves[-1].result}\n{more}")


def _arguments(text: str) -> Mapping[str, object]:
    try:
        value: object = json.loads(text)
    except ValueError:
        return {}
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _notes(body: str) -> Iterator[Note]:
    """Yield what stands in a list of "- on COMPONENT, COMPONENT: text", with the lines below each entry."""
    entry: Note | None = None
    gone = False
    for line in body.splitlines():
        match = _NOTE.match(line)
        gone = match is None and (gone or line.strip().startswith("it left out:"))
        if match is not None:
            if entry is not None:
                yield entry
            components = tuple(each.strip(" `") for each in match["components"].split(","))
            entry = Note(components=components, text=match["text"], outcome=match["text"])
        elif entry is not None and line.strip() and not gone and not line.startswith(("<", "#", "  seen:")):
            entry = replace(entry, text=f"{entry.text}\n{line.strip().removeprefix('it said:').strip()}")
    if entry is not None:
        yield entry
