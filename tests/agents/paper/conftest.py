"""What the tests of all six tasks share: modules with simulated models, and a reflector that keeps what it is asked."""

from dataclasses import replace

import pytest

from spanwright import Budget, MemoryStore, Policy, Proposal, Reflection, Run, optimize
from spanwright.testing.simulated.models import TASK_MODEL, default_models
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process, simulated_model


class Teacher:
    """Edits the component that is offered, and keeps what it was shown."""

    def __init__(self):
        self.contexts = []

    async def reflect(self, context):
        self.contexts.append(context)
        edits = {each.id: f"{each.text} Take care, {context.attempt}." for each in context.components}
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits))


@pytest.fixture
def staged(monkeypatch):
    """Return a function that stages the small data of a task, all parts played by the simulated task model."""

    def stage(task):
        model = simulated_model(TASK_MODEL, in_process(simulated_app(default_models(), salt="1")))
        for agent in (*(module.agent for module in task.modules), *task.helpers):
            monkeypatch.setattr(agent, "model", model)
        return task.small()

    return stage


@pytest.fixture
def taught(staged):
    """Return a function that runs a task end to end with few cases, and returns the result and the teacher."""

    async def run(task, *, rollouts=12, cases=3):
        stage, teacher = staged(task), Teacher()
        few = replace(
            stage.evals,
            cases=stage.evals.cases[:cases],
            validation=stage.evals.validation[:2],
            test=stage.evals.test[:1],
        )
        result = await optimize(
            stage.program,
            few,
            reflection_model=teacher,
            store=MemoryStore(),
            run=Run(progress=False),
            budget=Budget(rollouts=rollouts),
            policy=Policy.gepa(perfect=None),
        )
        return result, teacher

    return run
