"""The staged tool desk is the real agent: the model is asked the same, the same is done, the trace tells the same."""

import json

from desk_stage import DeskRecorder, StagedDesk

from spanwright import optimizable
from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.core.trace import Trace
from spanwright.subject import Evals, eval_set, subject_of
from spanwright.telemetry import SpanRecorder
from spanwright.testing.simulated.models import TASK_MODEL
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.task_model import TaskModel
from spanwright.testing.simulated.transport import in_process, simulated_model
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws
from spanwright.testing.virtual import run_virtual
from spanwright_agents.tool_desk.agent import build, program
from spanwright_agents.tool_desk.evals import requests
from spanwright_agents.tool_desk.seeds import UNDESCRIBED

CASES = ("account_block-01", "billing_return-01", "parcel_move-01", "order_info-01", "order_history-01")
EDITS = {
    "desk/instructions": "Do what colleagues ask. Ids are given as they stand in the request.",
    "desk/tool:parcel_move": "Reschedules a delivery.",
    "desk/tool:billing_return/why": "Why the money goes back.",
}


class Listening:
    """The task model with draws of its own, so that both ways draw the same; it keeps what it was asked."""

    def __init__(self) -> None:
        self.heard: list[object] = []
        self._model = TaskModel()

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        said = [
            (each.role, each.content, [(call.name, json.loads(call.arguments)) for call in each.tool_calls])
            for each in request.messages
        ]
        self.heard.append((said, {tool.name: (tool.description, dict(tool.parameters)) for tool in request.tools}))
        return self._model.reply(request, Draws(key=f"{said}"))


def told(trace: Trace) -> object:
    calls = [(call.name, json.loads(call.arguments), call.result, call.retry, call.error) for call in trace.tool_calls]
    models = [(call.instructions, [tool.description for tool in call.tools]) for call in trace.model_calls]
    return calls, models, [run.final for run in trace.agents]


async def tried(subject, recorder, listening: Listening, candidate: Candidate, cases: list[Case]) -> list[object]:
    done: list[object] = []
    for case in cases:
        async with recorder.recording({}) as recording:
            output = await subject.run(candidate, case)
        done.append((output, told(recording.trace)))
    return [*done, *listening.heard]


def test_the_staged_desk_asks_does_and_tells_what_the_agent_does() -> None:
    evals = eval_set(Evals(cases=requests(UNDESCRIBED)))
    cases = sorted((case for case in evals.splits if case.id in CASES), key=lambda case: case.id)
    one, other, agent = Listening(), Listening(), build(UNDESCRIBED)
    agent.model = simulated_model(TASK_MODEL, in_process(simulated_app({TASK_MODEL: one})))
    real = subject_of(program(optimizable(agent)), None, evals.theirs)

    async def both() -> tuple[list[object], list[object]]:
        components = await real.components()
        candidate = Candidate(texts={each.id: EDITS.get(each.id, each.text) for each in components})
        with SpanRecorder.attach() as recorder:
            expected = await tried(real, recorder, one, candidate, cases)
        staged = StagedDesk(UNDESCRIBED, components, "salt", model=other)
        return expected, await tried(staged, DeskRecorder(), other, candidate, cases)

    expected, found = run_virtual(both())

    assert len(CASES) == len(cases)
    assert expected == found
