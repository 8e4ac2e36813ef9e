"""Talking to models: resolve a name, retry in one layer, instrument a run, tell whose fault a failure is."""

from spanwright.models.boundary import boundary, classified
from spanwright.models.breaker import Breaker
from spanwright.models.calls import Backoff, Instruments, JudgeModel, Retries, RetryingModel, capabilities
from spanwright.models.clocks import Alarm, Deadline, Pulse, WorkingTime, waiting, wall_clock, working_time
from spanwright.models.far import FarTraffic, Tower
from spanwright.models.resolve import is_priced, model_id, resolve
from spanwright.models.traffic import Counts, Terms, Traffic, current_traffic
from spanwright.models.trip import innermost

__all__ = [
    "Alarm",
    "Backoff",
    "Breaker",
    "Counts",
    "Deadline",
    "FarTraffic",
    "Instruments",
    "JudgeModel",
    "Pulse",
    "Retries",
    "RetryingModel",
    "Terms",
    "Tower",
    "Traffic",
    "WorkingTime",
    "boundary",
    "capabilities",
    "classified",
    "current_traffic",
    "innermost",
    "is_priced",
    "model_id",
    "resolve",
    "waiting",
    "wall_clock",
    "working_time",
]
