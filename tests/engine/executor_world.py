"""A small world that a worker can import: an agent with a tool that does whatever its case says."""

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import anyio
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

from spanwright import Candidate, Case, Score, Trace
from spanwright.engine import Made
from spanwright.errors import CandidateFailed, UserBug, WorldDown, WorldFailed
from spanwright.subject import subject_of

MANY = 8
"""Rollouts that have to be in one process at the same time before any of them goes on."""
SEED = Candidate(texts={"worker/instructions": "Work.", "worker/tool:act": "Act."})


async def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Call the tool with the prompt, then repeat what it said."""
    last = messages[-1].parts[-1]
    usage = RequestUsage(input_tokens=100, output_tokens=10)
    if isinstance(last, ToolReturnPart):
        return ModelResponse(parts=[TextPart(str(last.content))], usage=usage)
    assert isinstance(last, UserPromptPart)
    return ModelResponse(parts=[ToolCallPart("act", {"what": str(last.content)})], usage=usage)


agent = Agent(FunctionModel(reply, model_name="obedient"), name="worker", instructions="Work.")


class Inside:
    """Who is here at the same time."""

    def __init__(self) -> None:
        self.count = 0
        self.enough: anyio.Event | None = None
        self.cancelled = 0

    async def meet(self) -> None:
        self.enough = self.enough or anyio.Event()
        self.count += 1
        if self.count >= MANY:
            self.enough.set()
        await self.enough.wait()

    async def wait(self) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            self.cancelled += 1


inside = Inside()


@agent.tool_plain
async def act(what: str) -> str:
    """Act."""
    verb, _, rest = what.partition(" ")
    if verb in FAILURES:
        raise FAILURES[verb]
    match verb:
        case "meet":
            await inside.meet()
        case "wait":
            await inside.wait()
        case "count":
            return f"{os.getpid()} {inside.cancelled}"
        case "die" if _once(rest):
            os.kill(os.getpid(), signal.SIGKILL)
        case "block" if _once(rest):
            time.sleep(1_000)  # noqa: ASYNC251  (it blocks the event loop: that is what it is for)
        case _:
            pass
    return f"did {what}"


FAILURES = {
    "stumble": CandidateFailed("tool act", "it stumbled", signature="stumbled"),
    "starve": WorldFailed("shop", "closed", retry_after=7.0),
    "despair": WorldDown("shop", "closed for ever"),
    "err": UserBug("tool act", "it was never finished", remedy="Finish it"),
}


def _once(marker: str) -> bool:
    """Return whether this is the first time that a file is asked for; always, where no file is named."""
    if not marker:
        return True
    if Path(marker).exists():
        return False
    Path(marker).touch()
    return True


async def judge(case: Case, output: object, trace: Trace) -> Score:
    """Praise whoever did something, and say in how many calls."""
    told = f"{len(trace.model_calls)} model calls, {len(trace.tool_calls)} tool calls"
    return Score(value=1.0, feedback=told, objectives={"calls": float(len(trace.tool_calls))})


class Anything(Mapping[str, Case]):
    """Cases that are called what they ask for."""

    def __getitem__(self, id: str) -> Case:
        return Case(id=id, inputs=id.partition("#")[0])

    def __iter__(self):
        return iter(())

    def __len__(self) -> int:
        return 0


def made(argument: str) -> Made:
    """Return what workers work on."""
    return Made(
        subject=subject_of(agent, None, {}), evaluator=judge, cases=Anything(), fingerprints={"argument": argument}
    )
