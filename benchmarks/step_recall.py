"""Whether a reflector can see the step at which a run went wrong, however little room there is.

Run it with `python benchmarks/step_recall.py`: it renders failed runs of an agent through what the reflection prompt
is made with, and looks for the diverging step, by its name and arguments. Without `--trajectories` the runs are made
up: forty calls of tools with long results, one of them wrong. With it they are recorded ones: JSON lines, each with
`reward`, `traj` (chat messages) and `info.task.actions` (the calls that were wanted); gzip is read, too. There a
diverging step is the first writing call that is not a wanted one and, where there is none, the last answer.

Three texts are searched: the steps of the run alone, the section of a prompt that shows the run as its one example,
and the whole prompt with the agent's instructions on offer, which may take most of a small allowance.
"""

import argparse
import gzip
import json
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.case import Case
from spanwright.core.context import Example, ReflectionContext
from spanwright.core.rollout import Observed, Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.trace import AgentRun, Message, ModelCall, Part, Span, ToolCall, Trace
from spanwright.errors import UsageError
from spanwright.reflection import render_prompt
from spanwright.reflection.examples import happened
from spanwright.telemetry import render
from spanwright.telemetry.excerpt import segments

AIMS = {8_000: 0.95, 4_000: 0.80}
"""Of the section that shows one example."""
ALLOWANCES = (8_000, 4_000, 2_000, 1_000)
ENOUGH = 80
"""Characters of a step that must be left of it, or all where it is shorter."""
WRITES = ("book", "cancel", "update", "send", "transfer")
"""How the names of tools begin that change something."""
AGENT = "desk"
MADE_UP = 40
QUICK = 10


class Function(BaseModel):
    """What an assistant calls."""

    name: str
    arguments: str


class Call(BaseModel):
    """A call as a chat message has it."""

    id: str
    function: Function


class Said(BaseModel):
    """A chat message."""

    role: str
    content: str | None = None
    tool_calls: list[Call] | None = None
    tool_call_id: str = ""


class Action(BaseModel):
    """A call that was wanted."""

    name: str
    kwargs: dict[str, JsonValue]


class Task(BaseModel):
    """What a run was to do."""

    actions: list[Action]


class Told(BaseModel):
    """What is known of a run."""

    task: Task


class Trajectory(BaseModel):
    """A recorded run."""

    task_id: int
    trial: int
    reward: float
    traj: list[Said]
    info: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step that is looked for: a tool's call, or an answer where `tool` is empty."""

    tool: str = ""
    text: str

    def beneath(self, line: str) -> bool:
        """Say whether a line tells this step: wholly, or its beginning and end."""
        label, _, told = line.strip().partition(": ")
        if label not in ({f"call {self.tool}"} if self.tool else {"final", "assistant"}):
            return False
        head, *_, tail = [*segments(told), ""] if len(segments(told)) == 1 else segments(told)
        kept = len(head) + len(tail)
        return kept >= min(len(self.text), ENOUGH) and self.text.startswith(head) and self.text.endswith(tail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A failed run."""

    instructions: str
    question: str
    trace: Trace
    step: Step
    others: tuple[Step, ...]
    """Steps of the run that a line must not be taken for as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """The share of runs whose diverging step was found, for one allowance."""

    allowance: int
    steps: float
    example: float
    prompt: float
    calls: float
    """The share of all calls of tools that are found in the section of the example."""
    aim: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that was measured."""

    runs: int
    longest_tokens: int
    """What the longest run takes where nothing is shortened."""
    recalls: tuple[Recall, ...]


class Telling:
    """Makes a trace of messages, as the collector would have folded it: a run of the agent for each question."""

    def __init__(self) -> None:
        self._agents: list[AgentRun] = []
        self._models: list[ModelCall] = []
        self._tools: list[ToolCall] = []
        self._spans: list[Span] = []
        self._history: list[Message] = []
        self._finals: dict[str, str] = {}
        self._asked: dict[str, tuple[str, Call]] = {}
        self._run = ""

    def hear(self, said: Said) -> None:
        """Take the next message."""
        text = said.content or ""
        if said.role == "system":
            self._history.append(Message(role="system", parts=(Part(kind="text", text=text),)))
        elif said.role == "user":
            self._run, now = self._span("")
            self._agents.append(AgentRun(span_id=self._run, name=AGENT, started=now))
            self._history.append(Message(role="user", parts=(Part(kind="text", text=text),)))
        elif said.role == "assistant":
            self._answer(text, said.tool_calls or ())
        else:
            self._result(said.tool_call_id, text)

    def trace(self) -> Trace:
        """Return all that was heard."""
        agents = tuple(
            AgentRun(span_id=run.span_id, name=run.name, final=self._finals.get(run.span_id), started=run.started)
            for run in self._agents
            if any(span.parent_id == run.span_id for span in self._spans)
        )
        return Trace(
            agents=agents, model_calls=tuple(self._models), tool_calls=tuple(self._tools), spans=tuple(self._spans)
        )

    def _span(self, parent: str) -> tuple[str, float]:
        number = len(self._spans)
        span = f"{number:016x}"
        self._spans.append(
            Span(trace_id="", span_id=span, parent_id=parent, name="step", started=number, ended=number + 1)
        )
        return span, float(number)

    def _answer(self, text: str, calls: Sequence[Call]) -> None:
        span, now = self._span(self._run)
        parts = [Part(kind="text", text=text)] if text else []
        parts += [
            Part(kind="tool_call", text=call.function.arguments, tool=call.function.name, call_id=call.id)
            for call in calls
        ]
        answer = Message(role="assistant", parts=tuple(parts))
        self._models.append(
            ModelCall(span_id=span, agent=AGENT, messages=tuple(self._history), answer=answer, started=now)
        )
        self._history.append(answer)
        self._asked |= {call.id: (self._run, call) for call in calls}
        if not calls:
            self._finals[self._run] = text

    def _result(self, call_id: str, text: str) -> None:
        parent, call = self._asked[call_id]
        span, now = self._span(parent)
        self._tools.append(
            ToolCall(
                span_id=span,
                agent=AGENT,
                name=call.function.name,
                call_id=call_id,
                arguments=call.function.arguments,
                result=text,
                started=now,
            )
        )
        result = Part(kind="tool_result", text=text, tool=call.function.name, call_id=call_id)
        self._history.append(Message(role="tool", parts=(result,)))


def recorded(path: Path) -> Iterator[Run]:
    """Yield the failed runs of a file."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            trajectory = Trajectory.model_validate_json(line)
            if trajectory.reward < 1:
                yield run_of(trajectory.traj, trajectory.info.task.actions)


def run_of(traj: Sequence[Said], wanted: Sequence[Action]) -> Run:
    """Return what one run did, and where it went astray."""
    telling = Telling()
    for said in traj:
        telling.hear(said)
    calls = [call.function for said in traj for call in said.tool_calls or ()]
    answers = [said.content for said in traj if said.role == "assistant" and said.content]
    astray = [call for call in calls if call.name.startswith(WRITES) and not any(is_as(call, each) for each in wanted)]
    steps = [Step(tool=call.name, text=call.arguments) for call in calls]
    # what stands in lines of its own is told as lines: the first of them is looked for
    steps += [Step(text=answer.strip().splitlines()[0]) for answer in answers]
    step = Step(tool=astray[0].name, text=astray[0].arguments) if astray else steps[-1]
    return Run(
        instructions="\n".join(said.content or "" for said in traj if said.role == "system"),
        question=next(said.content or "" for said in traj if said.role == "user"),
        trace=telling.trace(),
        step=step,
        others=tuple(each for each in steps if each != step),
    )


def is_as(call: Function, wanted: Action) -> bool:
    """Say whether a call is a wanted one; what is said when somebody is transferred is free."""
    if call.name.startswith("transfer"):
        return call.name == wanted.name
    try:
        arguments = TypeAdapter[dict[str, JsonValue]](dict[str, JsonValue]).validate_json(call.arguments)
    except ValidationError:
        return False
    return call.name == wanted.name and arguments == wanted.kwargs


def made_up(count: int) -> Iterator[Run]:
    """Yield runs of forty calls with results of up to 12 KB; one call books what nobody wanted."""
    for seed in range(count):
        dice = random.Random(seed)
        traj = [Said(role="system", content="Book what the guest wants."), Said(role="user", content=f"Trip {seed}.")]
        wrong = dice.randrange(3, MADE_UP - 3)
        for turn in range(MADE_UP):
            name = "book_seat" if turn == wrong else dice.choice(("find_flights", "read_fares", "look_up_guest"))
            asked = json.dumps({"ref": f"R-{dice.randrange(10**6)}", "note": "as wanted " * dice.randrange(1, 30)})
            row = f"row {dice.randrange(10**6)}: {dice.random()} and no more; "
            call = Call(id=f"c{turn}", function=Function(name=name, arguments=asked))
            thought = f"Next comes step {turn} of the trip. " * dice.randrange(1, 12)
            traj.append(Said(role="assistant", content=thought, tool_calls=[call]))
            traj.append(Said(role="tool", tool_call_id=call.id, content=row * dice.randrange(2, 300)))
        yield run_of([*traj, Said(role="assistant", content="All is booked.")], [])


def example_of(run: Run) -> Example:
    """Return a run as a reflection sees it."""
    key = RolloutKey(candidate="c", case="1", repeat=0)
    score = Score(value=0.0, feedback="The bookings do not end as they should.")
    rollout = Rollout(number=1, key=key, purpose=Purpose.MINIBATCH, score=score, trace_id="0" * 32)
    return Example(
        case=Case(id="1", inputs=run.question),
        observed=Observed(rollout=rollout, trace=run.trace, output=""),
        blamed=(f"{AGENT}/instructions",),
    )


def prompt_of(run: Run, example: Example, allowance: int) -> str:
    """Return the whole prompt; empty where the agent's instructions alone are longer."""
    component = Component(
        id=f"{AGENT}/instructions", kind=Kind.INSTRUCTIONS, agent=AGENT, text=run.instructions, limit=20_000
    )
    context = ReflectionContext(
        attempt=1,
        parent=Candidate(texts={component.id: run.instructions}),
        components=(component,),
        examples=(example,),
    )
    try:
        return render_prompt(context, allowance)
    except UsageError:
        return ""


def found(text: str, step: Step, others: Sequence[Step]) -> bool:
    """Say whether some line tells the step and no other step of the run."""
    telling = [line for line in text.splitlines() if step.beneath(line)]
    return any(not any(each.beneath(line) for each in others) for line in telling)


def measure(runs: Sequence[Run]) -> Report:
    """Render all runs at all allowances."""
    whole = max(len(render(run.trace, 10**7).encode()) for run in runs)
    return Report(
        runs=len(runs),
        longest_tokens=math.ceil(whole / 4),
        recalls=tuple(recall(runs, allowance) for allowance in ALLOWANCES),
    )


def recall(runs: Sequence[Run], allowance: int) -> Recall:
    """Return in how many runs the step is found."""
    focus = (f"{AGENT}/instructions",)
    shown = [happened([example_of(run)], allowance, focus) for run in runs]
    calls = [(text, each, run) for text, run in zip(shown, runs, strict=True) for each in every_call(run)]
    return Recall(
        allowance=allowance,
        steps=share(found(render(run.trace, allowance, focus=focus), run.step, run.others) for run in runs),
        example=share(found(text, run.step, run.others) for text, run in zip(shown, runs, strict=True)),
        prompt=share(found(prompt_of(run, example_of(run), allowance), run.step, run.others) for run in runs),
        calls=share(any(each.beneath(line) for line in text.splitlines()) for text, each, _ in calls),
        aim=AIMS.get(allowance, 0.0),
    )


def every_call(run: Run) -> Iterator[Step]:
    """Yield the calls of tools of a run."""
    yield from (each for each in (run.step, *run.others) if each.tool)


def share(outcomes: Iterator[bool]) -> float:
    """Return how many of these hold, from 0 to 1."""
    counted = list(outcomes)
    return sum(counted) / len(counted)


def table(reports: Mapping[str, Report]) -> Iterator[str]:
    """Yield the lines for a person."""
    for name, report in reports.items():
        yield f"{report.runs} {name} failed runs, the longest of {report.longest_tokens} tokens"
        yield "   tokens    steps  example   prompt  (all calls)"
        for each in report.recalls:
            figures = "".join(f"{part:9.1%}" for part in (each.steps, each.example, each.prompt, each.calls))
            yield f"{each.allowance:9}{figures}" + (f"   (aim of example: {each.aim:.0%})" if each.aim else "")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few made-up runs only")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--trajectories", type=Path, help="recorded runs")
    options = parser.parse_args()
    reports = {"made-up": measure(list(made_up(QUICK if options.quick else MADE_UP)))}
    if options.trajectories:
        reports["recorded"] = measure(list(recorded(options.trajectories)))
    print(
        json.dumps({name: asdict(each) for name, each in reports.items()})
        if options.json
        else "\n".join(table(reports))
    )


if __name__ == "__main__":
    main()
