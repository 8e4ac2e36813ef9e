"""Which treatment a call of a tool gets while an agent is tried, and who is to blame where none fits.

    live     every tool runs; with `recordings` what it came to is recorded
    replay   a fake answers, else a recording, else a tool that only reads runs, else `on_missing` says
    sandbox  a fake answers, else a tool that only reads runs, else `on_missing` says

A tool without any of these is never run. That is not the candidate's fault, so no score may come of it: the run stops
("error"), the rollout stays without a score ("world"), or a function of the user's answers.
"""

from collections.abc import Awaitable, Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from inspect import isawaitable
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast, get_args

from pydantic_ai import RunContext
from pydantic_ai.tools import ToolDefinition

from spanwright.core.protocols import TraceRedactor
from spanwright.errors import SpanwrightError, UsageError, UserBug, WorldFailed
from spanwright.subject.tools.calls import RehearsedCall
from spanwright.subject.tools.fakes import Fake, Schema
from spanwright.subject.tools.outcomes import outcome_of, outcome_of_error, replayed
from spanwright.subject.tools.recordings import HOW_TO_RECORD, Recordings
from spanwright.subject.tools.rehearsal import Rehearsal

ToolMode: TypeAlias = Literal["live", "replay", "sandbox"]
ReadOnly: TypeAlias = Collection[str] | Callable[[ToolDefinition], bool]
"""Names or globs of tools, `search` or `support/search`; or a predicate of a tool's definition."""
OnMissing: TypeAlias = Literal["error", "world"] | Callable[[RehearsedCall], object]
"""What becomes of a call that has neither fake nor recording and does not only read."""

DEFAULT_RECORDINGS = Path(".spanwright") / "tools.jsonl"
"""Where calls are replayed from if nobody says otherwise, below the working directory."""

LiveCall: TypeAlias = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Tools:
    """What an agent's tools do while it is tried, in full; `optimizable(tools="replay")` is `Tools("replay")`."""

    mode: ToolMode
    recordings: str | PathLike[str] | None = None
    """The file of recorded calls: "live" appends to it, "replay" reads it (`.spanwright/tools.jsonl`)."""
    read_only: ReadOnly = ()
    """Tools that may run in "replay" and "sandbox": names, globs, or a predicate. So may those whose metadata say
    `{"read_only": True}`. What an MCP server says of its own tools counts for nothing."""
    on_missing: OnMissing = "error"
    """"error": the run stops with a UserBug; "world": the rollout has no score; or what a function says, which gets the
    RehearsedCall, may be async, and may raise ModelRetry or ToolFailed."""
    per_case: bool = True
    """Whether a call is replayed in the case alone in which it was recorded."""
    redact: Literal["secrets", "personal"] | TraceRedactor | None = None
    """What is taken out of recordings before they are written, as in `Run(redact=)`: replayed results have
    placeholders, then."""


class Rules:
    """The rules for the tools of the agents that were decorated together."""

    def __init__(self, tools: Tools, fakes: Mapping[str, Callable[..., object]]) -> None:
        _check(tools, fakes)
        self.mode: ToolMode = tools.mode
        self._tools = tools
        self._fakes = {name: Fake(name, function) for name, function in fakes.items()}
        recordings = DEFAULT_RECORDINGS if tools.recordings is None and tools.mode == "replay" else tools.recordings
        self._recordings = None if recordings is None else Recordings(Path(recordings), _redactor(tools))
        self._known: dict[tuple[str, str], bool] = {}
        """The tools that were seen, and whether they may be called."""

    def in_mode(self, mode: ToolMode) -> "Rules":
        """Return the same rules in another mode, without what that mode does not use: fakes, or recordings."""
        fakes = {name: fake.function for name, fake in self._fakes.items()} if mode != "live" else {}
        recordings = None if mode == "sandbox" else self._tools.recordings
        return Rules(replace(self._tools, mode=mode, recordings=recordings), fakes)

    @property
    def intervene(self) -> bool:
        """Whether a call can come to something else than without them, or leave something behind."""
        return self.mode != "live" or self._recordings is not None

    @property
    def records_in_clear(self) -> bool:
        """Whether what tools take and return is written as it is."""
        return self.mode == "live" and self._recordings is not None and self._tools.redact is None

    def check(self, agent: str, definition: ToolDefinition) -> None:
        """Take note of a tool. Raises UsageError for a fake that does not fit, and recordings that cannot be read."""
        if (agent, definition.name) in self._known:
            return
        if self.mode == "replay":
            assert self._recordings is not None, "there is always a file to replay from"
            _ = self._recordings.sequences
        self.check_fake(agent, definition.name, definition.parameters_json_schema)
        fake = self._fake(agent, definition.name)
        told = fake is not None or callable(self._tools.on_missing) or self._only_reads(agent, definition)
        self._known[agent, definition.name] = told or self.mode != "sandbox"

    def check_fake(self, agent: str, tool: str, schema: Schema) -> None:
        """Raise UsageError where the fake for a tool, if there is one, does not fit its schema."""
        if (fake := self._fake(agent, tool)) is not None:
            fake.check(agent, tool, schema)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a user should know before the first rollout, by the tools that a preview has seen."""
        refused = ", ".join(sorted(f"{agent}/{tool}" for (agent, tool), told in self._known.items() if not told))
        ends = "ends the run" if self._tools.on_missing == "error" else "leaves the rollout without a score"
        barred = (f"these tools are not run in the sandbox, and a call of one {ends}: {refused}",) if refused else ()
        read_only = () if callable(self._tools.read_only) else tuple(self._tools.read_only)
        unseen = [
            name for name in (*self._fakes, *read_only) if not any(_is_named(name, *seen) for seen in self._known)
        ]
        # No error: a tool may be offered in some runs only.
        lost = (f"no tool was seen for these fakes and read-only names: {', '.join(unseen)}",) if unseen else ()
        return (*barred, *lost)

    async def answer(self, call: RehearsedCall, about: "Asked", rehearsal: Rehearsal) -> object:
        """Answer a call of a tool inside a rehearsal."""
        if self.mode == "live":
            return await self._live(call, about, rehearsal)
        if (fake := self._fake(call.agent, call.tool)) is not None:
            return await self._faked(fake, call, about, rehearsal)
        if self.mode == "replay" and self._recordings is not None:
            known = self._known_as(call)
            outcome = self._recordings.sequences.outcome(known, rehearsal.place(known))
            if outcome is not None:
                return replayed(outcome, call)
        if self._only_reads(call.agent, about.definition):
            with _inheriting(self):
                return await about.live()
        return await self._missing(call, rehearsal)

    async def _live(self, call: RehearsedCall, about: "Asked", rehearsal: Rehearsal) -> object:
        if self._recordings is None:
            return await about.live()
        call = self._known_as(call)
        place = rehearsal.place(call)
        try:
            with _inheriting(self):
                result = await about.live()
        except Exception as error:  # the tool is the user's code; it is raised again below
            outcome = outcome_of_error(error, call)
            if outcome is not None:
                self._recordings.add(call, outcome, take=rehearsal.take, place=place)
            raise
        self._recordings.add(call, outcome_of(result, call), take=rehearsal.take, place=place)
        return result

    async def _faked(self, fake: Fake, call: RehearsedCall, about: "Asked", rehearsal: Rehearsal) -> object:
        try:
            return await fake(call, about.context)
        except SpanwrightError as error:
            raise rehearsal.failed(error) from error

    async def _missing(self, call: RehearsedCall, rehearsal: Rehearsal) -> object:
        on_missing = self._tools.on_missing
        if callable(on_missing):
            answered = on_missing(call)
            return await cast("Awaitable[object]", answered) if isawaitable(answered) else answered
        if self.mode == "replay":
            lacks = f"it was called with {call.shown}, which is not among the recordings"
        else:
            lacks = f"it was called with {call.shown}, and nothing may answer in its place"
        if on_missing == "world":
            raise rehearsal.failed(WorldFailed(call.named, f"{lacks} (case {call.case!r})"))
        raise rehearsal.failed(UserBug(call.named, lacks, case=call.case, remedy=_remedy(self.mode, call.tool)))

    def _known_as(self, call: RehearsedCall) -> RehearsedCall:
        if self._tools.per_case:
            return call
        return RehearsedCall(agent=call.agent, tool=call.tool, arguments=call.arguments)

    def _fake(self, agent: str, tool: str) -> Fake | None:
        return self._fakes.get(f"{agent}/{tool}") or self._fakes.get(tool)

    def _only_reads(self, agent: str, definition: ToolDefinition) -> bool:
        read_only = self._tools.read_only
        if (definition.metadata or {}).get("read_only") is True:
            return True
        if callable(read_only):
            return read_only(definition)
        return any(_is_named(name, agent, definition.name) for name in read_only)


@dataclass(frozen=True, slots=True)
class Asked:
    """What belongs to a call beside its words: the tool, its context, and how it would run."""

    definition: ToolDefinition
    context: RunContext[Any]
    live: LiveCall


_inherited: ContextVar[Rules | None] = ContextVar("spanwright_inherited_rules", default=None)


def inherited_rules() -> Rules | None:
    """Return the rules of the agent whose tool runs here: they hold for agents in it that have none of their own."""
    return _inherited.get()


@contextmanager
def _inheriting(rules: Rules) -> Generator[None]:
    token = _inherited.set(rules)
    try:
        yield
    finally:
        _inherited.reset(token)


def _check(tools: Tools, fakes: Mapping[str, object]) -> None:
    if tools.mode not in get_args(ToolMode):
        raise UsageError(f"tools={tools.mode!r} is unknown", 'Say "live", "replay" or "sandbox"')
    if fakes and tools.mode == "live":
        raise UsageError(f'fakes for {", ".join(fakes)} are not used where tools are "live"', 'Say tools="sandbox"')
    if tools.mode == "sandbox" and tools.recordings is not None:
        raise UsageError('a "sandbox" does not use recordings', 'Say tools=Tools("replay", recordings=...)')
    if isinstance(tools.read_only, str):
        raise UsageError(f"read_only={tools.read_only!r} is a text", f"Give a set: read_only={{{tools.read_only!r}}}")
    if not callable(tools.on_missing) and tools.on_missing not in {"error", "world"}:
        raise UsageError(f"on_missing={tools.on_missing!r} is unknown", 'Say "error", "world", or give a function')


def _redactor(tools: Tools) -> TraceRedactor | None:
    if tools.redact is None or not isinstance(tools.redact, str):
        return tools.redact
    # Only who asks for it waits for the detectors, which bring `requests` along.
    from spanwright.telemetry.redaction import Redactor  # noqa: PLC0415

    return Redactor(personal=tools.redact == "personal")


def _remedy(mode: ToolMode, tool: str) -> str:
    fake = f"give a fake (fakes={{{tool!r}: ...}})"
    if mode == "replay":
        return f'Record it ({HOW_TO_RECORD}), {fake}, or say on_missing="world" or a function: then resume the run'
    return f"{fake[0].upper()}{fake[1:]}, or declare that it only reads (read_only={{{tool!r}}}): then resume the run"


def _is_named(name: str, agent: str, tool: str) -> bool:
    return fnmatchcase(tool, name) or fnmatchcase(f"{agent}/{tool}", name)
