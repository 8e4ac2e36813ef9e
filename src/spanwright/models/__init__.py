"""Talking to models: resolve a name, retry in one layer, instrument a run, tell whose fault a failure is."""

from spanwright.models.boundary import boundary, classified
from spanwright.models.calls import Backoff, Instruments, JudgeModel, Retries, RetryingModel, capabilities, innermost
from spanwright.models.resolve import is_priced, model_id, resolve

__all__ = [
    "Backoff",
    "Instruments",
    "JudgeModel",
    "Retries",
    "RetryingModel",
    "boundary",
    "capabilities",
    "classified",
    "innermost",
    "is_priced",
    "model_id",
    "resolve",
]
