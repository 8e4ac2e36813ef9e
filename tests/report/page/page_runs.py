"""Runs that pages are made of: a small one, told with plain texts or with hostile ones, and a huge one."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from spanwright.core.annotation import Annotation
from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.events import (
    Abandoned,
    AttemptStarted,
    Event,
    Judged,
    ReflectionEnded,
    ReflectionStarted,
    RolloutEnded,
    RolloutStarted,
    RunEnded,
    RunStarted,
    SearchEnded,
    StopReason,
)
from spanwright.core.goal import Goal, minimize
from spanwright.core.measured import Measured
from spanwright.core.proposal import Proposal, Verdict
from spanwright.core.protocols import Journal
from spanwright.core.rollout import Blame, Failure, Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.tools_used import Calls, Known, ToolsUsed, ToolsWanted
from spanwright.core.trace import AgentRun, Message, ModelCall, Part, Span, SpanEvent, ToolCall, Trace
from spanwright.core.usage import Budget, Usage
from spanwright.report.page.gathering import PURPOSES
from spanwright.report.page.model import (
    CaseColumn,
    Course,
    Front,
    Head,
    Node,
    Page,
    Reproduction,
    Slots,
    Tools,
    Tries,
    Words,
)

Text = Callable[[str], str]
"""Makes a text out of the name of its place."""

ATTACKS = (
    "</script><script>window.attacked = 1</script>",
    "<img src=x onerror='window.attacked = 2'>",
    '"><svg onload=window.attacked=3>',
    "<!--<script>",
    "]]>{{7*7}}${7*7}",
    "javascript:window.attacked=4",
    "\u05e9\u05dc\u05d5\u05dd \u202eevil\u202c",  # right to left, and turned around
    "\N{FAMILY}\N{ZERO WIDTH JOINER}\N{ROCKET}\N{LINE SEPARATOR}'`\\",
)
LONG = "w" * 100_000


def plain(place: str) -> str:
    return f"the {place}"


def hostile(place: str) -> str:
    return f"{place} {' '.join(ATTACKS)}"


@dataclass
class Told:
    """A run of `support` with two generations, told step by step to a journal; each event takes a second."""

    text: Text = plain
    name: str = "evening"
    goals: tuple[Goal, ...] = (minimize("tokens"),)
    learnt: float = 0.25
    """What a parent scores on the cases that an attempt looks at."""
    now: float = 1_700_000_000.0
    number: int = 0
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.instructions, self.tool = f"support/{self.text('instructions')}", f"support/tool:{self.text('refund')}"
        self.seed = Candidate(texts={self.instructions: "Help the customer.", self.tool: self.text("seed text")})
        self.train = tuple(f"{self.text('train')} {place}" for place in range(3))
        self.validation = tuple(f"{self.text('validation')} {place}" for place in range(6))
        self.test = tuple(f"{self.text('test')} {place}" for place in range(6))

    def begin(self, journal: Journal) -> None:
        kinds = {self.instructions: Kind.INSTRUCTIONS, self.tool: Kind.TOOL}
        self.tell(
            journal,
            RunStarted(
                run=self.name,
                at=self.now,
                seed=self.seed,
                components=tuple(
                    Component(id=id, kind=kinds[id], agent="support", text=text) for id, text in self.seed.texts.items()
                ),
                budget=Budget(rollouts=100, usd=2.0),
                policy=self.text("policy"),
                train=self.train,
                validation=self.validation,
                test=self.test,
                fingerprints={self.text("settings"): "0123", "case:v0": "4567"},
                goals=self.goals,
            ),
        )
        for case in self.validation:
            self.roll(journal, self.seed, case, Purpose.VALIDATION, 0.0)

    def search(self, journal: Journal) -> Candidate:
        child = self.evolve(
            journal, self.seed, {self.instructions: f"Help the customer, politely. {self.text('edit')}"}
        )
        for place, case in enumerate(self.validation):
            self.roll(journal, child, case, Purpose.VALIDATION, 0.5 + 0.1 * (place % 3))
        worse = self.evolve(journal, child, {self.tool: "Bad."}, accepted=False)
        assert worse.id != child.id
        self.now += 1
        self.tell(journal, AttemptStarted(attempt=3, parent=child.id, cases=self.train, at=self.now))
        self.tell(journal, Abandoned(attempt=3, parent=child.id, reason=self.text("reason"), at=self.now))
        winner = self.evolve(journal, child, {self.tool: f"Refund what was paid. {self.text('tool edit')}"}, attempt=4)
        for place, case in enumerate(self.validation):
            self.roll(journal, winner, case, Purpose.VALIDATION, 0.8 + 0.1 * (place % 3))
        return winner

    def end(self, journal: Journal, winner: Candidate) -> None:
        self.tell(journal, SearchEnded(reason=StopReason.BUDGET, finalists=(winner.id,), at=self.now))
        for place, case in enumerate(self.test):
            self.roll(journal, self.seed, case, Purpose.TEST, 0.1 * (place % 2))
            self.roll(journal, winner, case, Purpose.TEST, 0.9 + 0.1 * (place % 2))
        self.tell(journal, RunEnded(reason=StopReason.BUDGET, winner=winner.id, usage=Usage(), at=self.now))

    def whole(self, journal: Journal) -> None:
        """Tell all of it."""
        self.begin(journal)
        self.end(journal, self.search(journal))

    def tell(self, journal: Journal, event: Event) -> None:
        self.events.append(event)
        journal.append(event)

    def roll(
        self,
        journal: Journal,
        candidate: Candidate,
        case: str,
        purpose: Purpose,
        score: float,
        attempt: int | None = None,
    ) -> int:
        self.number += 1
        key = RolloutKey(candidate=candidate.id, case=case)
        started = self.now
        self.now += 1
        failed = self.number % 7 == 3
        failure = Failure(boundary=self.text("boundary"), blame=Blame.CANDIDATE, message=self.text("message"))
        wanted = ToolsWanted(source=Known.CASE, should=(self.text("refund tool"),), allowed=(self.text("refund tool"),))
        rollout = Rollout(
            number=self.number,
            key=key,
            purpose=purpose,
            attempt=attempt,
            score=Score(
                value=0.0 if failed else score,
                feedback=self.text("feedback"),
                objectives={self.text("objective"): score},
                blame={self.instructions: self.text("blame")},
            ),
            failure=failure if failed else None,
            usage=Usage(rollouts=1, requests=2, input_tokens=900, output_tokens=100, usd=0.01, seconds=1.0),
            trace_id=f"{self.number:032x}",
            started=started,
            ended=self.now,
            measured=Measured(latency=1.0, tokens=1000 - 10 * len(self.events) % 300),
            tools=ToolsUsed(calls={self.text("lookup tool"): Calls(count=2, refused=1)}, wanted=wanted),
        )
        self.tell(journal, RolloutStarted(number=self.number, key=key, purpose=purpose, attempt=attempt, at=started))
        journal.keep_trace(rollout, self.trace(started), self.text("output"))
        self.tell(journal, RolloutEnded(rollout=rollout))
        return self.number

    def evolve(
        self,
        journal: Journal,
        parent: Candidate,
        edits: dict[str, str],
        *,
        accepted: bool = True,
        attempt: int = 0,
        onto: Candidate | None = None,
    ) -> Candidate:
        """Tell an attempt that looks at `parent`; its edits go onto another candidate, if one is given."""
        attempt = attempt or sum(isinstance(each, AttemptStarted) for each in self.events) + 1
        self.tell(journal, AttemptStarted(attempt=attempt, parent=parent.id, cases=self.train, at=self.now))
        for case in self.train:
            self.roll(journal, parent, case, Purpose.MINIBATCH, self.learnt, attempt)
        self.tell(journal, ReflectionStarted(attempt=attempt, components=tuple(edits), at=self.now))
        self.now += 2
        proposal = Proposal(
            parents=(parent.id,), edits=edits, diagnosis=self.text("diagnosis"), rationale=self.text("rationale")
        )
        usage = Usage(reflections=1, requests=1, input_tokens=5000, output_tokens=800, usd=0.05, seconds=2.0)
        self.tell(journal, ReflectionEnded(attempt=attempt, result=proposal, usage=usage, at=self.now))
        home = onto or parent
        proposal = replace(proposal, parents=(home.id,))
        child = proposal.apply(home)
        verdict = Verdict(accepted=accepted, reason=self.text("verdict"), differences=(0.25, -0.5))
        self.tell(journal, Judged(attempt=attempt, proposal=proposal, child=child, verdict=verdict, at=self.now))
        return child

    def trace(self, at: float) -> Trace:
        question = Message(role="user", parts=(Part(kind="text", text=self.text("question")),))
        call = Part(kind="tool_call", text=self.text("arguments"), tool=self.text("lookup tool"), call_id="c1")
        asked = Message(role="assistant", parts=(Part(kind="thinking", text=self.text("thought")), call))
        answer = Message(role="assistant", parts=(Part(kind="text", text=self.text("answer")),))
        spans = (
            Span(trace_id="t", span_id="a", name=f"agent {self.text('agent span')}", started=at, ended=at + 0.9),
            Span(trace_id="t", span_id="m", parent_id="a", name="chat", started=at + 0.1, ended=at + 0.4),
            Span(
                trace_id="t",
                span_id="x",
                parent_id="a",
                name=self.text("tool span"),
                started=at + 0.4,
                ended=at + 0.5,
                status="error",
                attributes={
                    self.text("attribute"): self.text("value"),
                    "long": LONG if self.text is hostile else "short",
                },
                events=(SpanEvent(name="exception", time=at + 0.5, attributes={"message": self.text("exception")}),),
            ),
        )
        return Trace(
            id="t",
            agents=(AgentRun(span_id="a", name=self.text("agent"), started=at, ended=at + 0.9),),
            model_calls=(
                ModelCall(
                    span_id="m",
                    model="sim",
                    instructions=self.text("worn instructions"),
                    messages=(question,),
                    answer=asked,
                    usage=Usage(requests=1, input_tokens=900, output_tokens=100),
                    started=at + 0.1,
                    ended=at + 0.4,
                ),
                ModelCall(
                    span_id="n",
                    model="sim",
                    messages=(question, asked),
                    answer=answer,
                    started=at + 0.6,
                    ended=at + 0.9,
                ),
            ),
            tool_calls=(
                ToolCall(
                    span_id="x",
                    name=self.text("lookup tool"),
                    call_id="c1",
                    arguments=self.text("arguments"),
                    result=LONG if self.text is hostile else "A-17 is open.",
                    started=at + 0.4,
                    ended=at + 0.5,
                ),
            ),
            spans=spans,
        )

    def remark(self) -> Annotation:
        return Annotation(rollout=7, text=self.text("annotation"), at=self.now)


def _admitted(place: int) -> int:
    """Return a candidate that has children: every fourth one was turned down."""
    return place - 1 if place % 4 == 1 else place


def huge(candidates: int = 2_000, cases: int = 300) -> Page:
    """Return a page on which every candidate was tried on every case."""
    stream = random.Random(7)
    sizes = {"train": cases // 3, "validation": cases // 3, "test": cases - 2 * (cases // 3)}
    columns = tuple(
        CaseColumn(id=f"case-{split}-{place:03}", split=split) for split, size in sizes.items() for place in range(size)
    )
    nodes = [
        Node(
            id=f"{0:016x}",
            parents=(),
            attempt=None,
            origin="seed",
            admitted=True,
            verdict="",
            edits={},
            estimate=0.3,
            own=100,
        )
    ]
    nodes.extend(
        Node(
            id=f"{place:016x}",
            parents=(_admitted(stream.randrange(max(0, place - 60), place)),),
            attempt=place,
            origin="reflection",
            admitted=place % 4 != 1,
            verdict="admitted without a gate",
            edits={"support/instructions": f"Help the customer, way {place}. " + "Look the order up first. " * 12},
            diagnosis="It guesses what it could look up.",
            estimate=min(1.0, 0.3 + 0.6 * place / candidates + stream.random() / 10),
            own=100,
        )
        for place in range(1, candidates)
    )
    size = candidates * cases
    head = Head(
        run="huge", status="ended", stop_reason="budget", headline="The winner beats the seed.", improved=True,
        measured_on="test", validation=None, test=None, usage=Usage(rollouts=size), budget=Budget(rollouts=size),
        seconds=90_000.0, started=1_700_000_000.0, policy="default", seed=nodes[0].id, best=nodes[-1].id,
        changed=("support/instructions",), proposed=candidates, accepted=candidates, refused=0, lost=0, in_flight=0,
        held_up=(), notes=(), paid=(),
    )  # fmt: skip
    line, at = [candidates - 1], candidates - 1
    while at:
        at = nodes[at].parents[0]
        line.append(at)
    steps = range(512)
    return Page(
        head=head,
        words=(
            Words(component="support/instructions", kind="instructions", before="Help.", after="Help the customer."),
        ),
        candidates=tuple(nodes),
        line=tuple(reversed(line)),
        cases=columns,
        purposes=PURPOSES,
        tries=Tries(
            number=tuple(range(1, size + 1)),
            candidate=tuple(place // cases for place in range(size)),
            case=tuple(place % cases for place in range(size)),
            purpose=tuple(2 for _ in range(size)),
            score=tuple(round(stream.random(), 2) for _ in range(size)),
        ),
        course=Course(
            rollouts=tuple(size * step // 511 for step in steps),
            usd=tuple(step / 10 for step in steps),
            seconds=tuple(step * 170.0 for step in steps),
            mean=tuple(0.3 + step / 900 for step in steps),
            low=tuple(0.25 + step / 900 for step in steps),
            high=tuple(0.35 + step / 900 for step in steps),
            incumbent=tuple(step for step in steps),
        ),
        front=Front(),
        tools=Tools(),
        spent={"validation": Usage(rollouts=size, usd=50.0)},
        slots=Slots(
            step=375.0,
            rollouts=tuple(12.0 for _ in range(240)),
            reflections=tuple(1.0 for _ in range(240)),
            most=16,
            mean=12.0,
        ),
        lanes=(),
        troubles=(),
        unscored=(),
        reproduction=Reproduction(spanwright="0", python="3", command="", commands=(), splits=sizes, fingerprints={}),
    )
