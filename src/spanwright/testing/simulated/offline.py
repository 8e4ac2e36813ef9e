"""Both simulated models at once, in this process: for examples and first steps, without a key or a network."""

from pydantic_ai.models import Model

from spanwright.testing.simulated.models import REFLECTION_MODEL, TASK_MODEL, default_models
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process, simulated_model


def offline_models() -> tuple[Model, Model]:
    """Return a model for agents and one to reflect with. They read what a model reads and obey it, with slips."""
    simulated = in_process(simulated_app(default_models()))
    return simulated_model(TASK_MODEL, simulated), simulated_model(REFLECTION_MODEL, simulated)
