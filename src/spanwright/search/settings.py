"""What a policy can be told, as keywords, and how settings are written down to be compared when a run is resumed."""

from dataclasses import fields, is_dataclass
from types import FunctionType
from typing import Literal, TypeAlias, TypedDict, cast

from spanwright.core.events import Estimator
from spanwright.search.components import ComponentRule
from spanwright.search.crossing import CrossoverRule
from spanwright.search.drafts import DraftRule
from spanwright.search.escape import EscapeRule
from spanwright.search.gate import GateRule
from spanwright.search.grafting import GraftRule
from spanwright.search.minibatch import MinibatchRule
from spanwright.search.parents import ParentRule
from spanwright.search.race import RaceRule
from spanwright.search.rounds import Rounds
from spanwright.search.stopping import StopRule

Schedule: TypeAlias = Literal["steady", "ordered"]
"""Attempts in flight together, or one at a time: then a run depends on its seed alone, not on who finished first."""


class PolicySettings(TypedDict, total=False):
    """What can be overridden: the fields of `Policy`, which documents them."""

    name: str
    seed: int
    schedule: Schedule
    max_in_flight: int
    first_in_flight: int
    rollouts_per_step: int | None
    late: float | None
    slots_per_attempt: float
    edits: int | None
    minibatch_size: int
    tries: int
    block: int | None
    finalist_count: int
    final_share: float
    confidence: float | None
    perfect: float | None
    perfect_in_a_row: int
    target: float | None
    patience: int | None
    fruitless: int
    stop: StopRule | None
    rounds: Rounds | None
    second_chances: bool
    exact: bool
    memory: bool
    scores: int
    most_lessons: int
    most_tried: int
    near_duplicates: bool
    estimator: Estimator
    escape_rule: EscapeRule | None
    contrast: bool
    parent_rule: ParentRule
    draft_rule: DraftRule | None
    crossover_rule: CrossoverRule | None
    graft_rule: GraftRule | None
    minibatch_rule: MinibatchRule
    component_rule: ComponentRule
    gate_rule: GateRule | None
    race_rule: RaceRule


def said(setting: object) -> str:
    """Write a setting down; what can be called by its name in the code, not by its address in memory."""
    if is_dataclass(setting) and not isinstance(setting, type):
        fields_said = ", ".join(f"{each.name}={said(getattr(setting, each.name))}" for each in fields(setting))
        return f"{type(setting).__qualname__}({fields_said})"
    if isinstance(setting, FunctionType):
        return f"{setting.__module__}.{setting.__qualname__}"
    if isinstance(setting, tuple):
        return f"({', '.join(said(each) for each in cast('tuple[object, ...]', setting))})"
    return type(setting).__qualname__ if callable(setting) else repr(setting)
