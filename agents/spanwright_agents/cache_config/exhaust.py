"""The best configuration of a grid, by trying every one: what a search can be compared with.

python -m spanwright_agents.cache_config.exhaust
"""

import math
import sys
from itertools import product

from spanwright_agents.cache_config.service import Config, requests, served
from spanwright_agents.cache_config.task import DAYS

WORKERS = (1, 2, 3, 4, 5, 6, 8)
QUEUE = (0, 2, 4, 6, 9, 14, 30)
ENTRIES = (25, 50, 75, 100, 150, 250)
SECONDS = (150, 300, 450, 600, 1800)


def main() -> None:
    """Print the least mean cost and its configuration."""
    days = [requests(day) for day in DAYS.values()]
    best = min(
        (
            (math.fsum(served(config, day).total for day in days) / len(days), config)
            for config in (
                Config(workers=workers, queue=queue, cache_entries=entries, cache_seconds=seconds)
                for workers, queue, entries, seconds in product(WORKERS, QUEUE, ENTRIES, SECONDS)
            )
        ),
        key=lambda each: each[0],
    )
    sys.stdout.write(f"{best[0]:.4f} {best[1].model_dump_json()}\n")


if __name__ == "__main__":
    main()
