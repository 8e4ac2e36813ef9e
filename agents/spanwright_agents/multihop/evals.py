"""The questions with their answers and gold titles: `cases.yaml` as a pydantic-evals dataset."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic_evals import Dataset

from spanwright_agents.multihop.program import Answer
from spanwright_evaluators.answer import ExactMatch, TokenF1

CASES = Path(__file__).with_name("cases.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What kind of question it is, and the wording of the template that it was made from."""

    kind: Literal["bridge", "comparison", "one_hop"]
    group: str


def questions() -> Dataset[str, Answer, Topic]:
    """Load the questions; their order is that of their templates, so shuffle before you cut."""
    return Dataset[str, Answer, Topic].from_file(CASES, custom_evaluator_types=[ExactMatch, TokenF1])
