"""`optimize`: fill in what was not said, check everything before money is spent, run the engine, return the result."""

from spanwright.api.blocking import interruptible, optimize_sync
from spanwright.api.calibrating import calibrate
from spanwright.api.optimizing import optimize
from spanwright.api.options import DEFAULT_STORE, Options, Run
from spanwright.api.texts import Ways, optimize_task, optimize_text
from spanwright.api.transferring import transfer

__all__ = [
    "DEFAULT_STORE",
    "Options",
    "Run",
    "Ways",
    "calibrate",
    "interruptible",
    "optimize",
    "optimize_sync",
    "optimize_task",
    "optimize_text",
    "transfer",
]
