"""How the requests to models go, as news: told only where not all is well, and only when it changed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from spanwright.core.limits import Counts
from spanwright.models import Traffic

EVERY: Final = 5.0
"""Seconds between two looks."""


class Pacing:
    """Knows what was told last."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._told: Mapping[str, Counts] = {}

    def news(self) -> Mapping[str, Counts] | None:
        """Return the counts of all lanes if something is held up or has failed since the last time, or is over now."""
        lanes = self._traffic.counts
        if _gist(lanes) == _gist(self._told):
            return None
        troubled = any(each.refused or each.failed or each.outages or each.waiting for each in lanes.values())
        if not (troubled or self._told):
            return None
        self._told = lanes
        return lanes


def _gist(lanes: Mapping[str, Counts]) -> Mapping[str, Counts]:
    """Return what is worth telling anew: neither each answer nor how long the line is."""
    return {name: replace(each, answered=0, waiting=min(each.waiting, 1)) for name, each in lanes.items()}
