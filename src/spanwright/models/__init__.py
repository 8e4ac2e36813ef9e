"""Talking to models: resolve a name, retry in one layer, instrument a run, tell whose fault a failure is."""

from spanwright.models.boundary import boundary
from spanwright.models.calls import JudgeModel, Retries, RetryingModel, capabilities
from spanwright.models.resolve import is_priced, model_id, resolve

__all__ = ["JudgeModel", "Retries", "RetryingModel", "boundary", "capabilities", "is_priced", "model_id", "resolve"]
