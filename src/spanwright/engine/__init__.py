"""The only room that starts tasks: it moves candidates, rollouts, traces and proposals along, and decides nothing."""

from spanwright.engine.calibration import CALIBRATION, Calibration
from spanwright.engine.dividing import SHARE, Divided
from spanwright.engine.engine import Ended, Engine
from spanwright.engine.executors import (
    Executor,
    Imports,
    InProcess,
    Job,
    Made,
    Processes,
    Ray,
    Recipe,
    Site,
    Tried,
    Workplace,
)
from spanwright.engine.executors.here import unjudged
from spanwright.engine.ledger import Ask, Lease, Ledger, Phase
from spanwright.engine.map_reduce import MapReduce
from spanwright.engine.problem import Conduct, Means, Problem
from spanwright.engine.stop import Stop
from spanwright.engine.transfer import Transfer

__all__ = [
    "CALIBRATION",
    "SHARE",
    "Ask",
    "Calibration",
    "Conduct",
    "Divided",
    "Ended",
    "Engine",
    "Executor",
    "Imports",
    "InProcess",
    "Job",
    "Lease",
    "Ledger",
    "Made",
    "MapReduce",
    "Means",
    "Phase",
    "Problem",
    "Processes",
    "Ray",
    "Recipe",
    "Site",
    "Stop",
    "Transfer",
    "Tried",
    "Workplace",
    "unjudged",
]
