"""What the tests of exports share: a run that is exported, and ways to look at what came of it."""

from dataclasses import dataclass

from api_world import World, words
from otlp_stub import Seen, Stub

from spanwright import Event, Export, Result, Run, SqliteStore, optimize

EVALUATION = "gen_ai.evaluation.result"


@dataclass(frozen=True)
class Told:
    """A run that was exported, for all those who look at it from one side each."""

    stub: Stub
    world: World
    result: Result


async def exported(world: World, export: Export | bool, *, rollouts: int = 70, **options) -> Result:
    common = {**world.options(rollouts=rollouts), **options}
    return await optimize(world.agent, words(30), **{**common, "run": Run(name="first", progress=False, export=export)})


def events_of(world: World, kind: type[Event]) -> list:
    return [event for event in SqliteStore(world.store).reader.events("first") if isinstance(event, kind)]


def of_run(stub: Stub) -> list[Seen]:
    """Return the spans of the run's own trace."""
    (root,) = stub.named("run")
    return [span for span in stub.spans if span.trace == root.trace]
