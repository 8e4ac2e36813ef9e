"""Drives the tool desk without an agent framework, for the many rollouts that a calibration takes.

`python tests/agents/tool_desk_driver.py` prints what the degraded seeds are worth with the simulated task model.
"""

import json
import sys
from collections import Counter
from types import SimpleNamespace
from typing import Any

from pydantic_ai import Agent, ModelRetry

from spanwright.testing.simulated.task_model import TaskModel
from spanwright.testing.simulated.wire import ChatMessage, ChatRequest, Draws, OfferedTool
from spanwright_agents.tool_desk.agent import MOST_REQUESTS, Ended
from spanwright_agents.tool_desk.evals import requests
from spanwright_agents.tool_desk.house import House
from spanwright_agents.tool_desk.seeds import LEVELS, WILD, tools_at
from spanwright_evaluators.end_state import served

INSTRUCTIONS = "Do what colleagues ask."


def now(awaitable):
    """Return what a coroutine returns that waits for nothing."""
    try:
        awaitable.send(None)
    except StopIteration as ended:
        return ended.value
    raise RuntimeError("the tools wait for nothing")


def offered(level):
    """Return the tools of a level as a model gets them, and the functions behind them."""
    functions = {each.__name__: each for each in tools_at(level)}
    definitions = Agent("test", deps_type=House, tools=tools_at(level)).toolsets[0].tools
    tools = tuple(
        OfferedTool(name=name, description=tool.description or "", parameters=tool.function_schema.json_schema)
        for name, tool in definitions.items()
    )
    return tools, functions


def tried(request: str, key: str, tools, functions: dict[str, Any], *, instructions=INSTRUCTIONS, model=None):
    """Let the model do one request; return how it ended, and the calls."""
    model = model or TaskModel()
    messages = [ChatMessage(role="system", content=instructions), ChatMessage(role="user", content=request)]
    calls, opened, reply = [], House.copy(), ""
    house = now(opened.__aenter__())
    for _ in range(MOST_REQUESTS):
        asked = ChatRequest(model="sim-task", messages=tuple(messages), tools=tools)
        answer = model.reply(asked, Draws(key=f"{key}/{asked.digest}"))
        reply = answer.text
        if not answer.calls:
            break
        messages.append(ChatMessage(role="assistant", tool_calls=answer.calls))
        for call in answer.calls:
            try:
                result = now(functions[call.name](SimpleNamespace(deps=house), **json.loads(call.arguments)))
                told = result if isinstance(result, str) else json.dumps(result)
            except ModelRetry as retry:
                told = json.dumps({"error": retry.message})
            calls.append((call.name, call.arguments, told))
            messages.append(ChatMessage(role="tool", content=told, tool_call_id=call.id))
    ended = Ended(reply=reply, books=house.books(), reads=house.reads())
    now(opened.__aexit__(None, None, None))
    return ended, calls


def measured(level, *, instructions=INSTRUCTIONS, key="salt", verbose=False):
    """Return the mean score, the mean number of calls, and how often each family fails."""
    tools, functions = offered(level)
    values, steps, failed, model = [], [], Counter(), TaskModel()
    for case in requests(level).cases:
        ended, calls = tried(
            case.inputs, f"{key}/{case.name}", tools, functions, instructions=instructions, model=model
        )
        done = served(ended, case.expected_output)
        values.append(bool(done.value))
        steps.append(len(calls))
        if not done.value:
            failed[case.metadata.family] += 1
            if verbose:
                sys.stdout.write(f"{case.inputs}\n   {calls}\n   {done.reason}\n")
    return sum(values) / len(values), sum(steps) / len(steps), failed


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write(f"{measured(sys.argv[1], verbose=True)}\n")
    else:
        for level in (WILD, *LEVELS):
            mean, steps, failed = measured(level)
            sys.stdout.write(f"{level:<5} {mean:.3f}  {steps:.2f} calls  {failed.most_common(6)}\n")
