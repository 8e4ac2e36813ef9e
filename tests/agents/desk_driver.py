"""Drives the support desk without an agent framework, for the many rollouts that a calibration takes.

`python tests/agents/desk_driver.py` prints what each rule of the gold texts is worth: alone, and when it is left out.
"""

import asyncio
import json
import re
import sys
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from pydantic_ai import ModelRetry
from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.models.function import FunctionModel

from spanwright.testing.simulated.task_model import TaskModel
from spanwright.testing.simulated.wire import ChatMessage, ChatRequest, Draws, OfferedTool
from spanwright_agents.support_desk import desk
from spanwright_agents.support_desk.evals import tickets
from spanwright_agents.support_desk.shop import Shop
from spanwright_evaluators.end_state import judged

CASES: tuple[Any, ...] = tuple(tickets().cases)
FUNCTIONS: dict[str, Any] = {each.__name__: each for each in desk.TOOLS}
INSTRUCTIONS = "support/instructions"


def offered():
    """Return the tools as the agent offers them to a model."""
    seen = []

    def note(_messages, about):
        seen.extend(about.function_tools)
        return ModelResponse(parts=[TextPart("noted")])

    async def ask():
        async with Shop.copy() as shop:
            await desk.build().run("?", deps=shop, model=FunctionModel(note))

    asyncio.run(ask())
    return tuple(
        OfferedTool(name=each.name, description=each.description or "", parameters=each.parameters_json_schema)
        for each in seen
    )


def parameters_of(tool: OfferedTool) -> list[str]:
    """Return the names of a tool's parameters."""
    return list(json.loads(json.dumps(tool.parameters))["properties"])


TOOLS = offered()
SEED = {INSTRUCTIONS: "Help the customer."} | {
    component: text
    for tool in TOOLS
    for component, text in (
        (f"support/tool:{tool.name}", tool.description),
        *((f"support/tool:{tool.name}/{parameter}", "") for parameter in parameters_of(tool)),
    )
}
GOLD = SEED | {
    INSTRUCTIONS: "Help the customer. Order refs look like A-1000, e.g. order 1000 is A-1000. The reply must state the "
    "order ref and the amount. The reply must state the date. Lost parcels go to depot. Complaints go to tier2.",
    "support/tool:lookup": "Look up an order: its status, items and total.",
    "support/tool:check": "Use this to track a parcel: carrier and arrival.",
    "support/tool:refund": "Refund. Call lookup first. Refunds over $100 are escalated to finance instead. "
    "Deduct $5 for unwanted items.",
    "support/tool:refund/amount": "Amounts are in cents, e.g. $12.50 is 1250.",
    "support/tool:refund/reason": "One of DAMAGED, LATE, WRONG_ITEM, UNWANTED.",
    "support/tool:exchange": "Exchange. Only within 30 days of delivery; later, escalate to tier2.",
    "support/tool:exchange/item": "Pass the sku returned by lookup.",
    "support/tool:update": "Use this to change the delivery address. Only while the order is processing; otherwise "
    "escalate to depot.",
    "support/tool:update/value": "Address; the country is its two-letter ISO code.",
    "support/tool:change": "Use this to change the delivery date.",
    "support/tool:change/value": "The date as YYYY-MM-DD.",
    "support/tool:cancel": (
        "Cancel. Call lookup first. Only while the order is processing; otherwise escalate to depot."
    ),
    "support/tool:escalate/team": "The team must be one of depot, finance, tier2.",
}
"""Texts that state every rule, written by hand."""


def worn(texts: Mapping[str, str]) -> tuple[OfferedTool, ...]:
    """Return the tools with these texts."""
    dressed = []
    for tool in TOOLS:
        parameters = json.loads(json.dumps(tool.parameters))
        for name, schema in parameters["properties"].items():
            if doc := texts.get(f"support/tool:{tool.name}/{name}"):
                schema["description"] = doc
        description = texts.get(f"support/tool:{tool.name}", "")
        dressed.append(OfferedTool(name=tool.name, description=description, parameters=parameters))
    return tuple(dressed)


def now(awaitable):
    """Return what a coroutine returns that waits for nothing."""
    try:
        awaitable.send(None)
    except StopIteration as ended:
        return ended.value
    raise RuntimeError("the desk's tools wait for nothing")


def tried(model: TaskModel, texts: Mapping[str, str], ticket: str, key: str, tools: tuple[OfferedTool, ...] = ()):
    """Let the model serve one ticket; return how it ended, and the steps."""
    tools = tools or worn(texts)
    messages = [
        ChatMessage(role="system", content=texts[INSTRUCTIONS]),
        ChatMessage(role="user", content=ticket),
    ]
    steps = []
    opened = Shop.copy()
    shop = now(opened.__aenter__())
    reply = ""
    for _ in range(desk.MOST_REQUESTS):
        request = ChatRequest(model="sim-task", messages=tuple(messages), tools=tools)
        answer = model.reply(request, Draws(key=f"{key}/{request.digest}"))
        reply = answer.text
        if not answer.calls:
            break
        messages.append(ChatMessage(role="assistant", tool_calls=answer.calls))
        for call in answer.calls:
            arguments = json.loads(call.arguments)
            try:
                result = now(FUNCTIONS[call.name](SimpleNamespace(deps=shop), **arguments))
                told = result if isinstance(result, str) else json.dumps(result)
                failed = False
            except ModelRetry as retry:
                told, failed = json.dumps({"error": retry.message}), True  # as pydantic-ai puts it
            steps.append((call.name, arguments, told, failed))
            messages.append(ChatMessage(role="tool", content=told, tool_call_id=call.id))
    ended = desk.Ended(reply=reply, books=shop.books())
    now(opened.__aexit__(None, None, None))
    return ended, steps


def score(
    texts: Mapping[str, str], cases: Iterable = CASES, *, key: str = "salt", model: TaskModel | None = None
) -> float:
    """Return the mean score of these texts."""
    model, tools, values = model or TaskModel(), worn(texts), []
    for case in cases:
        ended, _ = tried(model, texts, case.inputs, f"{key}/{case.name}", tools)
        values.extend(each.value for each in judged(ended, case.expected_output).values())
    return sum(values) / len(values)


def rules():
    """Yield every sentence that the gold texts add, with its component."""
    for component, text in GOLD.items():
        for sentence in re.split(r"(?<=\.)\s+(?=[A-Z])", text):
            if sentence and sentence not in SEED[component]:
                yield component, sentence


if __name__ == "__main__":
    model = TaskModel()
    seed, gold = score(SEED, model=model), score(GOLD, model=model)
    sys.stdout.write(f"seed {seed:.3f}, gold {gold:.3f}\nalone   left out\n")
    for component, sentence in rules():
        alone = score(SEED | {component: f"{SEED[component]} {sentence}"}, model=model) - seed
        without = score(GOLD | {component: GOLD[component].replace(sentence, "")}, model=model) - gold
        sys.stdout.write(f"{alone:+.3f}  {without:+.3f}    {component}: {sentence}\n")
