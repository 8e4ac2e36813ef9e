"""What a rollout took is measured from its spans, and what the spans do not say is unknown."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from engine_trials import Terms, finished
from pydantic import TypeAdapter

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.core.measured import Measured
from spanwright.core.rollout import Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.trace import ModelCall, ToolCall, Trace
from spanwright.core.usage import Budget, Usage
from spanwright.engine.executors import Here
from spanwright.engine.perform import Performer, Task
from spanwright.engine.perform import Terms as Rules
from spanwright.search import Policy
from spanwright.testing.landscape import Landscape
from spanwright.testing.virtual import run_virtual


@dataclass
class Played:
    """A recording that has ended, and the recorder that returns the rollout's first, then the judge's."""

    traces: list[Trace]

    @asynccontextmanager
    async def recording(self, baggage: Mapping[str, str]) -> AsyncGenerator["Played", None]:
        yield self

    @property
    def id(self) -> str:
        return "0" * 32

    @property
    def trace(self) -> Trace:
        return self.traces.pop(0)


class Slow:
    """A subject that takes two seconds."""

    async def components(self) -> tuple[()]:
        return ()

    async def run(self, candidate: Candidate, case: Case) -> object:
        await anyio.sleep(2)
        return "out"

    def fingerprints(self) -> Mapping[str, str]:
        return {}


async def slow_judge(case: Case, output: object, trace: Trace) -> Score:
    await anyio.sleep(5)
    return Score(value=1.0, objectives={"Polite": 0.5, "cost": 9.0})


def performed(*traces: Trace) -> Rollout:
    candidate, case = Candidate(texts={}), Case(id="c", inputs="x")
    key = RolloutKey(candidate=candidate.id, case=case.id)
    task = Task(number=1, candidate=candidate, case=case, key=key, purpose=Purpose.VALIDATION)

    async def perform() -> Rollout:
        performer = Performer(
            Here(Slow(), slow_judge, recorder=Played(list(traces))),
            clock=anyio.current_time,
            terms=Rules(concurrency=1),
        )
        observed = await performer.perform(task)
        assert observed is not None
        return observed.rollout

    return run_virtual(perform())


def call(*, usd: float = 0.0, unpriced: int = 0) -> ModelCall:
    usage = Usage(requests=1, input_tokens=100, output_tokens=20, usd=usd, unpriced=unpriced)
    return ModelCall(span_id="m", usage=usage)


TOOLS = (ToolCall(span_id="t", name="search"), ToolCall(span_id="u", name="search"))


def test_cost_latency_tokens_requests_and_tool_calls_are_the_subjects_own():
    rollout = performed(Trace(model_calls=(call(usd=0.25), call(usd=0.5)), tool_calls=TOOLS), Trace())

    assert Measured(cost=0.75, latency=2.0, tokens=240, requests=2, tool_calls=2) == rollout.measured


def test_what_judges_cost_is_spent_but_is_no_figure_of_the_candidate():
    rollout = performed(Trace(model_calls=(call(usd=0.25),)), Trace(model_calls=(call(usd=0.5),)))

    assert (0.25, 0.75) == (rollout.measured.cost, rollout.usage.usd)


def test_where_one_request_has_no_known_price_the_cost_is_unknown():
    rollout = performed(Trace(model_calls=(call(usd=0.25), call(unpriced=1))), Trace())

    assert rollout.measured.cost is None
    assert 240 == rollout.measured.tokens


def test_without_spans_only_the_time_is_known():
    assert Measured(latency=2.0) == performed(Trace(), Trace()).measured


def test_a_measured_figure_goes_before_an_evaluators_of_the_same_name():
    rollout = performed(Trace(model_calls=(call(usd=0.25),)), Trace())

    assert (0.25, 0.5, 1.0, None) == tuple(map(rollout.figure, ("cost", "Polite", "score", "Brief")))


def test_every_rollout_of_a_run_is_measured():
    terms = Terms(world=Landscape(seed=1), policy=Policy.default(), budget=Budget(rollouts=80))

    made = run_virtual(terms.run())

    assert all(each.measured.latency for each in finished(made.events))


def test_a_rollout_that_an_older_version_wrote_can_be_read():
    adapter = TypeAdapter(Rollout)
    written = adapter.dump_python(performed(Trace(), Trace()), mode="json")
    del written["measured"]

    assert Measured() == adapter.validate_python(written).measured
