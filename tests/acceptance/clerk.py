"""A small world behind the wire: a clerk with one tool, whose customers want words that nobody has told it.

The task model follows the sentences that it can read; the reflection model turns what the feedback states into such
sentences, one or two at a time, and is of no use now and then. A server of its own serves both: `--world clerk:models`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic_ai import Agent, ModelSettings
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EvaluationReason, Evaluator, EvaluatorContext

from spanwright import Evals, optimizable
from spanwright.testing.simulated.transport import simulated_model
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws, SimulatedModel, ToolRequest

TASK = "clerk-task"
REFLECTION = "clerk-reflect"
WORDS = {
    "trade": "net",
    "private": "gross",
    "school": "half",
    "staff": "cost",
    "export": "duty",
    "club": "bonus",
    "press": "gratis",
    "tourist": "refund",
}
SENTENCE = re.compile(r"To (\w+) customers add '(\w+)'\.")
STATED = re.compile(r"(\w+) customers expect '\d+ (\w+)'")
CALLS_PER_ROLLOUT = 2
"""The tool is called, then the answer is given."""


@dataclass(frozen=True, slots=True)
class TaskModel:
    """Looks the price up, and adds the word that its instructions or the tool's description tell it to add."""

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Answer one request."""
        customer, ref = next(message.content for message in request.messages if message.role == "user").split()
        prices = [message.content for message in request.messages if message.role == "tool"]
        if not prices:
            return ChatReply(calls=(ToolRequest(id="", name="price", arguments=json.dumps({"ref": ref})),))
        told = [message.content for message in request.messages if message.role in ("system", "developer")]
        told += [tool.description for tool in request.tools]
        words = dict(SENTENCE.findall(" ".join(told)))
        if customer not in words or draws.chance(0.05, "slip"):
            return ChatReply(text=prices[0])
        return ChatReply(text=f"{prices[0]} {words[customer]}")


@dataclass(frozen=True, slots=True)
class ReflectionModel:
    """Writes down what the feedback in its prompt states, beside what was written down before."""

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Answer one request."""
        prompt = "\n".join(message.content for message in request.messages)
        if draws.chance(0.1, "lazy"):
            return ChatReply(text="I would make it clearer.")
        known = dict(SENTENCE.findall(prompt))
        stated = {customer: word for customer, word in STATED.findall(prompt) if customer not in known}
        if draws.chance(0.1, "forgets"):
            known = dict(list(known.items())[1:])
        learnt = dict(list(stated.items())[: 1 if draws.chance(0.5, "hasty") else 2])
        sentences = [f"To {customer} customers add '{word}'." for customer, word in (known | learnt).items()]
        component = draws.choice(sorted(set(re.findall(r"`(clerk/[\w:]+)`", prompt))), "component")
        edit = {"component": component, "why": "stated", "text": " ".join(["Say the price.", *sentences])}
        answer = json.dumps({"diagnosis": "Customers expect words.", "edits": [edit], "lessons": []})
        if not request.tools:
            return ChatReply(text=answer)
        return ChatReply(calls=(ToolRequest(id="", name=request.tools[0].name, arguments=answer),))


def models() -> Mapping[str, SimulatedModel]:
    """Return fresh models by name."""
    return {TASK: TaskModel(), REFLECTION: ReflectionModel()}


@dataclass
class Right(Evaluator[str, str, None]):
    """Says whether the customer was told what it expects."""

    def evaluate(self, ctx: EvaluatorContext[str, str, None]) -> EvaluationReason:
        customer = ctx.inputs.split()[0]
        expected = ctx.expected_output
        return EvaluationReason(
            ctx.output == expected, reason=f"{customer} customers expect '{expected}', it said '{ctx.output}'"
        )


def questions(*, train: int = 24, validation: int = 24, test: int = 8) -> Evals[str, str, None]:
    """Return the evals; every kind of customer comes in each split."""
    customers = list(WORDS)
    cases = [
        Case(
            name=f"q{place:03}",
            inputs=f"{customers[place % len(customers)]} {100 + place}",
            expected_output=f"{100 + place} {WORDS[customers[place % len(customers)]]}",
        )
        for place in range(train + validation + test)
    ]
    return Evals(
        cases=Dataset(name="questions", cases=cases[:train], evaluators=[Right()]),
        validation=cases[train : train + validation],
        test=cases[train + validation :] or None,
    )


def clerk(provider: OpenAIProvider, settings: ModelSettings | None = None) -> Agent[None, str]:
    """Return a fresh clerk."""
    agent = optimizable(
        Agent(simulated_model(TASK, provider), name="clerk", instructions="Say the price.", model_settings=settings)
    )

    @agent.tool_plain
    async def price(ref: str) -> str:
        """Price."""
        return ref

    return agent
