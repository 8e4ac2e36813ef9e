"""Simulated models as a server of their own: `python -m spanwright.testing.simulated`.

The first line printed is the base URL. The server ends with SIGTERM or Ctrl-C, and outlives clients that are killed.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from spanwright.testing.simulated.faults import Fault, FaultKind
from spanwright.testing.simulated.host import serve_here
from spanwright.testing.simulated.latency import REFLECTION_LAW, TASK_LAW, Latency, LatencyLaw
from spanwright.testing.simulated.refusals import REFUSALS, Refusal
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.wire import SimulatedModel

_WORLD = "spanwright.testing.simulated.models:default_models"


def main() -> None:
    """Read the options and serve."""
    parser = _parser()
    options = parser.parse_args()
    try:
        models = _models(options.world)
        refusals = _refusals(options.refuse)
        laws = _laws(options.median)
    except (ImportError, AttributeError, ValueError) as error:
        parser.error(str(error))
    faults = [
        Fault(
            kind=kind,
            probability=rate,
            retry_after=options.retry_after,
            reset_after=options.reset_after,
            seconds=options.hang_seconds if kind is FaultKind.HANG else options.slow_seconds,
        )
        for kind in FaultKind
        if (rate := getattr(options, f"fault_{kind}"))
    ]
    app = simulated_app(
        models,
        salt=options.salt,
        latency=Latency(scale=options.latency_scale, laws=laws),
        faults=faults,
        refusals=refusals,
    )
    serve_here(app, port=options.port)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m spanwright.testing.simulated", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=0, help="0 takes a free one")
    add("--salt", default="", help="servers of one salt answer alike")
    add("--latency-scale", type=float, default=0.0, help="1 is the pace of real models, 0 (default) answers at once")
    add(
        "--median",
        action="append",
        default=[],
        metavar="MODEL=SECONDS",
        help="how long a model (a glob) takes until its answer begins, before scaling; by default as real models do",
    )
    add("--world", default=_WORLD, metavar="MODULE:NAME", help="a function that returns the models by name")
    for kind in FaultKind:
        add(f"--fault-{kind}", type=float, default=0.0, metavar="RATE", help=f"how often requests fail by {kind.name}")
    add("--retry-after", type=float, help="the seconds that 429 and 503 ask to wait; by default they do not say")
    add("--reset-after", type=float, help="the seconds after which 429 tells that its limit is whole again")
    add("--slow-seconds", type=float, default=5.0, help="how late the first byte of a slow answer comes")
    add("--hang-seconds", type=float, default=600.0, help="how long a hang lasts at most")
    add(
        "--refuse",
        action="append",
        default=[],
        metavar="MODEL=NAME",
        help="a model (a glob) refuses something: " + ", ".join(rule.__name__ for rule in REFUSALS),
    )
    return parser


def _models(world: str) -> Mapping[str, SimulatedModel]:
    module, _, name = world.partition(":")
    sys.path.insert(0, "")
    make = cast("Callable[[], Mapping[str, SimulatedModel]]", getattr(import_module(module), name))
    return make()


def _laws(options: list[str]) -> tuple[LatencyLaw, ...]:
    laws: list[LatencyLaw] = []
    for option in options:
        model, _, seconds = option.rpartition("=")
        if not model:
            raise ValueError(f"--median {option!r} names no model. Give MODEL=SECONDS")
        laws.append(LatencyLaw(models=model, median=float(seconds), sigma=TASK_LAW.sigma))
    return (*laws, REFLECTION_LAW, TASK_LAW)


def _refusals(options: list[str]) -> Mapping[str, list[Refusal]]:
    known = {rule.__name__: rule for rule in REFUSALS}
    refusals: dict[str, list[Refusal]] = {}
    for option in options:
        model, _, name = option.rpartition("=")
        if not model or name not in known:
            raise ValueError(f"--refuse {option!r} names no refusal. Give MODEL=NAME, NAME one of {', '.join(known)}")
        refusals.setdefault(model, []).append(known[name])
    return refusals


if __name__ == "__main__":
    main()
