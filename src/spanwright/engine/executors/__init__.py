"""Where rollouts are done: in this process, in worker processes, or on a Ray cluster. One protocol, three ways.

`protocol` is what an executor is to the engine, `here` is this process, the default. Workers share all but what carries
their messages: `worker` is the far side, an event loop with many rollouts in flight, `member` the near side of one of
them, `crew` sees to all, and `messages` is what goes to and fro. `processes` carries them by pipes to a `process`,
`cluster` by calls of Ray to an `actor`.
"""

from spanwright.engine.executors.cluster import Ray
from spanwright.engine.executors.here import Here, InProcess
from spanwright.engine.executors.processes import Processes
from spanwright.engine.executors.protocol import (
    Cut,
    Executor,
    Imports,
    Job,
    Made,
    Recipe,
    Site,
    Tried,
    Workplace,
    World,
)

__all__ = [
    "Cut",
    "Executor",
    "Here",
    "Imports",
    "InProcess",
    "Job",
    "Made",
    "Processes",
    "Ray",
    "Recipe",
    "Site",
    "Tried",
    "Workplace",
    "World",
]
