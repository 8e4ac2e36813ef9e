"""A process that optimizes until somebody interrupts it: `python interrupted_child.py STORE MANNER SECONDS`.

Each rollout takes some seconds: of an async model, or of a sync tool, which nothing can cancel.
"""

import asyncio
import json
import signal
import sys
import threading
import time
from pathlib import Path

from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import EqualsExpected

from spanwright import Budget, Run, Stop, optimizable, optimize, optimize_sync

SECONDS = float(sys.argv[3])
AT_WORK = Path(sys.argv[1]).with_name("at_work")
"""Is there as soon as a rollout is at work, and not merely announced."""
OPTIONS = {"budget": Budget(rollouts=60), "run": Run(name="it", concurrency=4, progress=False)}


async def slow(messages, info):
    if "Texts that you may edit" in str(messages):
        edit = {"component": "slow/instructions", "text": "Say yes."}
        return ModelResponse(parts=[TextPart(json.dumps({"diagnosis": "It says no.", "edits": [edit]}))])
    AT_WORK.touch()
    await asyncio.sleep(SECONDS)
    return ModelResponse(parts=[TextPart("yes" if "yes" in (info.instructions or "") else "no")])


async def calling(messages, info):
    if isinstance(messages[-1].parts[-1], ToolReturnPart):
        return ModelResponse(parts=[TextPart("no")])
    return ModelResponse(parts=[ToolCallPart("hang", {})])


def subject(model):
    agent = optimizable(Agent(FunctionModel(model), name="slow", instructions="Say no."))

    @agent.tool_plain
    def hang() -> str:
        """Hang."""
        AT_WORK.touch()
        time.sleep(600)
        return "done"

    return agent


def questions():
    cases = [Case(name=f"c{n}", inputs=f"Question {n}?", expected_output="yes") for n in range(20)]
    return Dataset(name="questions", cases=cases, evaluators=[EqualsExpected()])


def tell(stop):
    """Say when the run was asked to stop."""
    while not stop.requested:
        time.sleep(0.01)
    sys.stdout.write("stopping\n")
    sys.stdout.flush()


async def cancelled(store):
    """Cancel the await when the process is told to, and say how long that took."""
    running = asyncio.ensure_future(optimize(subject(slow), questions(), store=store, **OPTIONS))
    await asyncio.to_thread(sys.stdin.readline)
    began = time.monotonic()
    running.cancel()
    try:
        await running
    except asyncio.CancelledError:
        sys.stdout.write(f"{time.monotonic() - began}\n")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who is started in the background may have it ignored
    store, manner, _ = sys.argv[1:]
    match manner:
        case "sync":
            stop = Stop()
            threading.Thread(target=tell, args=(stop,), daemon=True).start()
            optimize_sync(subject(slow), questions(), store=store, stop=stop, **OPTIONS)
        case "hanging":
            optimize_sync(subject(calling), questions(), store=store, **OPTIONS)
        case "cancelled":
            asyncio.run(cancelled(store))
