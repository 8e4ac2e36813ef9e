"""What was published of each task, to stand beside a run of one's own: `published.toml`, with its sources."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

FILE: Final = Path(__file__).with_name("published.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTree:
    """The tree of a published run."""

    nodes: int
    merges: int
    seed: float
    best: float
    number: int
    depth: int
    deepest: int
    leaves: int
    reflections: int | None = None
    """None where no credible figure was published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Test scores in percent by model and optimizer, and trees by the name of their run."""

    scores: Mapping[str, Mapping[str, float]]
    trees: Mapping[str, PublishedTree] = field(default_factory=dict[str, PublishedTree])


def published(task: str) -> Published:
    """Return what was published of a task. Raises KeyError for one that the paper does not have."""
    return TypeAdapter(dict[str, Published]).validate_python(tomllib.loads(FILE.read_text("utf-8")))[task]
