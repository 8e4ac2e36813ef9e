"""Searching: the model writes queries for the one tool that searches, and decides when it has seen enough.

By habit it does what hurried assistants do: it searches once, often for the question as it was put. What the tool's
texts and the instructions say, it does instead, right or wrong.
"""

import json
import re
from functools import lru_cache
from typing import Final

from spanwright.testing.simulated.reading import Reading, ToolReading
from spanwright.testing.simulated.skills.comprehension import Named, Passage, Plan, about, passages, told, understand
from spanwright.testing.simulated.skills.manners import Conduct, Manner
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws, ToolRequest
from spanwright.testing.simulated.words import stems

WORDS: Final = Manner(
    asked={"query_keywords": "names", "query_title": "names", "query_question": "question"},
    habit={"question": 0.45, "names": 0.55},
    belongs="tool",
)
ROLE: Final = Manner(asked={"query_role": "named"}, habit={"left out": 1.0}, belongs="tool")
NEXT: Final = Manner(
    asked={"search_once": "stop", "search_again": "again", "query_entity": "follow"},
    habit={"stop": 0.5, "again": 0.15, "follow": 0.35},
    implied={"follow": "again"},
    belongs="instructions",
)
MOST_SEARCHES: Final = 4
"""How often the model searches for one question at most."""
MOST_TRIES: Final = 2
"""After so many searches that did not find what the question names, it gives up."""

_SEARCH: Final = stems("search lookup retrieve query")
_QUESTION: Final = re.compile(r"^(?:question:\s*)?(?P<question>[A-Z][^\n]*\?)", re.IGNORECASE | re.MULTILINE)


class SearchSkill:
    """Answer requests that offer one tool to search with and ask something that can be looked up."""

    def reply(self, request: ChatRequest, reading: Reading, draws: Draws) -> ChatReply | None:
        """Call the search tool or end the search; None where the request asks for something else."""
        tool = _search_tool(reading)
        plan = plan_of(reading.task) if tool else None
        if tool is None or plan is None:
            return None
        query = _Search(Conduct(reading=reading, draws=draws, tool=tool), plan).query()
        if not query:
            return ChatReply(text="There is nothing more to search for.")
        arguments = json.dumps({_query_parameter(tool): query}, ensure_ascii=False)
        return ChatReply(calls=(ToolRequest(id="", name=tool.name, arguments=arguments),), finish_reason="tool_calls")


class _Search:
    """One turn of a search. It knows the conversation so far and nothing else."""

    def __init__(self, conduct: Conduct, plan: Plan) -> None:
        assert conduct.tool is not None
        searches = [step for step in conduct.reading.steps if step.tool == conduct.tool.name]
        self._conduct = conduct
        self._plan = plan
        self._question = question_of(conduct.reading.task)
        self._searches = len(searches)
        self._found = passages("\n\n".join(step.result for step in searches))

    def query(self) -> str:
        """Return the next query, empty where the search is over."""
        if self._conduct.slips():
            return "" if self._searches else self._question
        if not self._searches:
            return self._worded(self._plan.named)
        way = "stop" if self._searches >= MOST_SEARCHES else self._conduct.way(NEXT)
        if way == "stop":
            return ""
        return self._follow() if way == "follow" else self._again()

    def _follow(self) -> str:
        """Search for what the passages lead to, or for what the question names and no passage is about."""
        if self._missing(self._plan.named):
            return self._again()
        target = lead(self._plan, self._found)
        return self._named(target) if target and self._missing((target,)) else ""

    def _again(self) -> str:
        """Search once more for what the question names."""
        missing = self._missing(self._plan.named)
        return self._worded(missing or self._plan.named) if self._searches < MOST_TRIES else ""

    def _missing(self, wanted: tuple[Named, ...]) -> tuple[Named, ...]:
        return tuple(each for each in wanted if about(each, self._found) is None)

    def _worded(self, wanted: tuple[Named, ...]) -> str:
        if self._conduct.way(WORDS) == "question":
            return self._question if not self._searches else f"Please tell me: {self._question}"
        return " ".join(map(self._named, wanted))

    def _named(self, wanted: Named) -> str:
        with_role = self._conduct.way(ROLE) == "named"
        return f"{wanted.name} {wanted.role}".strip() if with_role else wanted.name


def lead(plan: Plan, found: tuple[Passage, ...]) -> Named | None:
    """Return what the first passage of a chain leads to; None where there is no such passage, or no chain."""
    passage = about(plan.named[0], found) if plan.link else None
    if passage is None or plan.link is None:
        return None
    name = told(plan.link.tells, passage.text)
    return Named(name=name, role=plan.link.leads_to) if name else None


def question_of(task: str) -> str:
    """Return the question that a task contains, else the task."""
    match = _QUESTION.search(task)
    return match["question"] if match else task.strip()


@lru_cache(maxsize=4_096)
def plan_of(task: str) -> Plan | None:
    """Understand the question of a task; remembered, since it comes back with every request of a conversation."""
    return understand(question_of(task))


def _search_tool(reading: Reading) -> ToolReading | None:
    """Return the only tool that searches: by its name or description, with one text to search for."""
    found = [
        tool
        for tool in reading.tools
        if (stems(tool.name) | tool.description.stems) & _SEARCH
        and [parameter.type for parameter in tool.parameters if parameter.required] == ["string"]
    ]
    return found[0] if len(found) == 1 else None


def _query_parameter(tool: ToolReading) -> str:
    return next(parameter.name for parameter in tool.parameters if parameter.required)
