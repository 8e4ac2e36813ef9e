"""The requests with their expected endings: `cases.jsonl` as a pydantic-evals dataset.

A request is judged by what was done and by what had to be looked at. `expected_tools` in a case's metadata says which
tools it takes; nothing is judged by it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from pydantic_evals import Case, Dataset

from spanwright_agents.tool_desk.agent import Ended
from spanwright_agents.tool_desk.seeds import WILD, named
from spanwright_evaluators.end_state import Served

CASES: Final = Path(__file__).with_name("cases.jsonl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Of what family a request is, the wording that it was made from, and the tools that it takes."""

    family: str
    group: str
    expected_tools: tuple[str, ...]


Requests: TypeAlias = Dataset[str, Ended, Request]


def requests(level: str = WILD) -> Requests:
    """Load the requests, for an agent whose tools are called as at `level`. Split them by `metadata.group`."""
    names = named(level)
    cases: list[Case[str, Ended, Request]] = []
    for line in CASES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        tools = tuple(names[tool] for tool in row["tools"])
        cases.append(
            Case(
                name=row["name"],
                inputs=row["inputs"],
                metadata=Request(family=row["family"], group=row["group"], expected_tools=tools),
                expected_output=Ended(reply="", books=row["books"], reads=row["reads"]),
            )
        )
    return Dataset(name="tool_desk", cases=cases, evaluators=[Served()])
