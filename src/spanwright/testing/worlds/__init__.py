"""Worlds: problems with a known truth, on which optimizers are compared. See docs/design/worlds.md."""

from spanwright.testing.worlds.cases import Sizes
from spanwright.testing.worlds.families import FAMILIES, Family
from spanwright.testing.worlds.world import Played, World, make_world

__all__ = ["FAMILIES", "Family", "Played", "Sizes", "World", "make_world"]
