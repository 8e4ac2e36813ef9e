"""The tickets with their expected endings: `cases.yaml` as a pydantic-evals dataset."""

from dataclasses import dataclass
from pathlib import Path

from pydantic_evals import Dataset

from spanwright_agents.support_desk.desk import Ended
from spanwright_evaluators.end_state import EndState

CASES = Path(__file__).with_name("cases.yaml")
SHOWN_BY_TOOLS = frozenset({"credit", "exchange", "cancel"})
"""Kinds of tickets whose rules tools tell when they refuse, all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What kind of ticket it is, and the template that it was made from."""

    kind: str
    group: str


def tickets() -> Dataset[str, Ended, Ticket]:
    """Load the tickets; they are ordered by kind, so shuffle before you cut."""
    return Dataset[str, Ended, Ticket].from_file(CASES, custom_evaluator_types=[EndState])


def tickets_shown_by_tools() -> Dataset[str, Ended, Ticket]:
    """Return the tickets of which only tools' messages show what matters: no reply is judged, feedback adds nothing."""
    cases = [case for case in tickets().cases if case.metadata is not None and case.metadata.kind in SHOWN_BY_TOOLS]
    return Dataset(name="support_desk_shown_by_tools", cases=cases, evaluators=[EndState(replies=False)])
