"""The task: a program that routes broadcasts, paid by the link, on five generated networks."""

from collections.abc import Mapping
from importlib.resources import files

from pydantic import TypeAdapter, ValidationError

from spanwright import CandidateFailed, Evaluated, TextTask
from spanwright.sandbox import Limits, run
from spanwright_agents.broadcast.network import broadcast, cost_of

JOBS: Mapping[str, int] = {f"network {number}": number for number in range(5)}
LIMITS = Limits(seconds=8.0)

GOAL = f"""\
Write a Python program that routes a broadcast between cloud regions as cheaply as possible. The score is minus the \
dollars that it costs.

`route(links, source, targets)` is called once for each of {len(JOBS)} networks. `links` is a list of [from, to, \
price per gigabyte]; links are one-way. It returns the links to use, each as [from, to], such that the data gets from \
the source to every target, over other regions where that is cheaper. Every used link is paid for once, however many \
targets are behind it, so a shared tree is cheaper than many paths. numpy and scipy are there; a call has \
{LIMITS.seconds:g} seconds."""

_LINKS: TypeAdapter[list[tuple[str, str]]] = TypeAdapter(list[tuple[str, str]])


def evaluate(program: str, number: int) -> Evaluated:
    """Run a router on a network and return what its links cost."""
    job = broadcast(number)
    ran = run(program, call="route", arguments=[job.links, job.source, job.targets], limits=LIMITS)
    try:
        links = _LINKS.validate_python(ran.unwrap())
        cost = cost_of(job, links)
    except ValidationError as error:
        raise CandidateFailed("routes", "it returned no list of [from, to]", signature="form") from error
    except ValueError as error:
        raise CandidateFailed("routes", str(error), signature="incomplete") from error
    return Evaluated(score=-cost, output=links, info={"links": len(set(links)), "targets": len(job.targets)})


task = TextTask(
    seed=files("spanwright_agents.broadcast").joinpath("seed.py").read_text(encoding="utf-8"),
    evaluate=evaluate,
    cases=JOBS,
    objective=GOAL,
)
