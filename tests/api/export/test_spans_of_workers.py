"""What a backend gets of rollouts that other processes do: the same as of those in this one."""

from collections import Counter
from pathlib import Path

import executed_world as world
from otlp_stub import Stub, serving

from spanwright import Budget, Export, Imports, Policy, Processes, Result, Run, optimize
from spanwright.engine import Executor, InProcess

NAMED = Imports(evals="executed_world:questions")


async def exported(store: Path, stub: Stub, executor: Executor) -> Result:
    return await optimize(
        world.agent,
        world.questions(),
        reflection_model=world.Teacher(),
        budget=Budget(rollouts=20, reflections=3),
        policy=Policy.default(schedule="ordered"),
        store=store,
        run=Run(name="there", executor=executor, export=Export.otlp(stub.url), progress=False),
    )


def shapes(stub: Stub) -> Counter[tuple[object, ...]]:
    """Return what spans are like, whatever their ids and times are."""
    names = {(span.trace, span.id): span.name for span in stub.spans}
    return Counter(
        (span.name, names.get((span.trace, span.parent)), tuple(sorted(span.attributes)), span.error, len(span.links))
        for span in stub.spans
    )


async def test_spans_of_workers_arrive_like_those_of_this_process(tmp_path: Path) -> None:
    with serving() as here:
        at_home = await exported(tmp_path / "here.sqlite", here, InProcess())
    with serving() as there:
        abroad = await exported(tmp_path / "there.sqlite", there, Processes(workers=1, imports=NAMED))

    assert at_home.remarks == abroad.remarks
    assert at_home.best == abroad.best
    assert any(name == "execute_tool look" for name, *_ in shapes(there))
    assert shapes(here) == shapes(there)
    worn = {str(span.attributes["spanwright.candidate"]) for span in there.spans if span.name.startswith("chat ")}
    assert worn == {at_home.seed.id, at_home.best.id}
    assert all(span.started <= span.ended for span in there.spans)
