"""`Run(redact=)`: what is stored, exported and read by the reflector lacks what should not be kept; judges see it."""

import json
from dataclasses import dataclass

import pytest
from api_world import World
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EvaluationReason, Evaluator, EvaluatorContext

from spanwright import Export, Run, SqliteStore, UsageError, optimize
from spanwright.core.events import EVENT, RolloutEnded
from spanwright.telemetry import Delivery
from spanwright.telemetry.redaction import Found, Redactor

KEY = "sk" + "-proj-" + "a1B2" * 10
MAIL = "ann@shop.example"


@dataclass
class Sees(Evaluator[str, str, None]):
    """Is right where it sees the key, and quotes what it saw."""

    def evaluate(self, ctx: EvaluatorContext[str, str, None]) -> dict[str, EvaluationReason]:
        shouted = ctx.output.isupper()
        return {"key": EvaluationReason(KEY.lower() in ctx.output.lower() and shouted, reason=f"was {ctx.output}")}


def letters() -> Dataset[str, str, None]:
    cases = [Case(name=f"w{n}", inputs=f"word{n} {KEY} {MAIL}", expected_output=f"{MAIL} {n}") for n in range(20)]
    return Dataset(name="letters", cases=cases, evaluators=[Sees()])


class Backend:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def deliver(self, spans):
        self.spans += spans
        return Delivery()

    def close(self):
        pass


async def run(world: World, redact, backend: Backend | None = None) -> str:
    """Return all that was kept, told and sent, as one text."""
    export = False if backend is None else Export("memory", lambda: backend)
    how = Run(name="first", progress=False, redact=redact, export=export)
    await optimize(world.agent, letters(), **{**world.options(rollouts=40), "run": how})
    reader = SqliteStore(world.store).reader
    events = list(reader.events("first"))
    kept = [EVENT.dump_json(event).decode() for event in events]
    scores = {event.rollout.score.value for event in events if isinstance(event, RolloutEnded)}
    assert {0.0, 1.0} == scores, "evaluators saw what really happened"
    for event in events:
        if isinstance(event, RolloutEnded):
            observed = reader.trace("first", event.rollout.number)
            kept.append(repr(observed))
    sent = [span.to_json() for span in backend.spans] if backend else []
    return "\n".join([*kept, *map(repr, world.teacher.contexts), *sent])


async def test_nothing_is_redacted_unless_it_is_asked_for(world: World) -> None:
    told = await run(world, None)

    assert KEY in told
    assert MAIL in told


async def test_secrets_are_taken_out_of_what_is_stored_exported_and_reflected_on(world: World) -> None:
    backend = Backend()
    told = await run(world, "secrets", backend)

    assert KEY not in told
    assert "<secret-1>" in told
    assert MAIL in told
    contexts = world.teacher.contexts
    assert (
        {f"word{n} <secret-1> {MAIL}" for n in range(20)}
        > {example.case.inputs for context in contexts for example in context.examples}
        != set()
    )
    roots = [span for span in backend.spans if span.name == "rollout" and span.parent is None]
    assert all("<secret-1>" in str(json.loads(str(root.attributes["gen_ai.input.messages"]))) for root in roots)


async def test_personal_data_goes_too_when_it_is_asked_for(world: World) -> None:
    told = await run(world, "personal", Backend())

    assert KEY not in told
    assert MAIL not in told.lower()
    assert "<email-1>" in told


async def test_a_redactor_of_ones_own_finds_what_only_its_owner_knows(world: World) -> None:
    def words(text: str):
        at = text.find("word")
        return [Found(at, at + 4, "word")] if at >= 0 else []

    told = await run(world, Redactor([words], personal=False))

    assert "word1" not in told
    assert MAIL in told


async def test_what_cannot_be_redacted_on_its_way_out_is_refused(world: World, monkeypatch) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)

    how = Run(name="first", progress=False, redact="secrets", export=True)
    with pytest.raises(UsageError, match=r"your own tracer provider.*Export\.otlp"):
        await optimize(world.agent, letters(), **{**world.options(), "run": how})
    assert 0 == world.task.requests


async def test_a_word_that_is_no_kind_of_redaction_is_refused(world: World) -> None:
    with pytest.raises(UsageError, match="redact='all' is unknown"):
        await run(world, "all")
