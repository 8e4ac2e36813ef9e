"""The task: a configuration as JSON, what it costs on three days, and what the best one of a grid costs."""

from collections.abc import Mapping

from pydantic import ValidationError

from spanwright import CandidateFailed, Evaluated, Score, TextTask
from spanwright_agents.cache_config.service import Config, requests, served

DAYS = {"monday": 0, "tuesday": 1, "friday": 2}
BEST_KNOWN = 17.27
"""The least mean cost of the grid in `exhaust.py`; finer steps may find a little less."""

SEED = """\
{
  "workers": 16,
  "queue": 100,
  "cache_entries": 0,
  "cache_seconds": 60
}
"""

GOAL = """\
Write the JSON configuration of a service such that a day costs as little as possible. The score is minus the cost.

The object has four whole numbers: workers (1 to 32), queue (0 to 500), cache_entries (0 to 1000) and cache_seconds \
(1 to 7200). Workers and cache entries cost money, and so does every request that is refused because the queue is \
full, that waits too long, or that is answered from the cache with something outdated. Each evaluation tells what the \
day cost by cause."""


def evaluate(text: str, day: int) -> Evaluated:
    """Return what a configuration costs on a day. Raises CandidateFailed where the service does not start with it."""
    try:
        config = Config.model_validate_json(text)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise CandidateFailed("configuration", faults, signature="invalid") from error
    bill = served(config, requests(day))
    causes: Mapping[str, float] = {
        "workers": bill.workers,
        "cache": bill.cache,
        "refused": bill.refused,
        "late": bill.late,
        "stale": bill.stale,
    }
    info: Mapping[str, object] = {"cost by cause": {name: round(cost, 2) for name, cost in causes.items()}}
    return Evaluated(score=Score(value=-bill.total), info=info)


task = TextTask(seed=SEED, evaluate=evaluate, cases=DAYS, objective=GOAL)
