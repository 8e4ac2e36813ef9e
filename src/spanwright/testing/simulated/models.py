"""The models that ship: one for agents, three for reflectors."""

from collections.abc import Mapping
from typing import Final

from spanwright.testing.simulated.reflection_model import MEDIUM, STRONG, WEAK, ReflectionModel
from spanwright.testing.simulated.task_model import TaskModel
from spanwright.testing.simulated.wire import SimulatedModel

TASK_MODEL: Final = "sim-task"
REFLECTION_MODEL: Final = "sim-reflect"


def default_models() -> Mapping[str, SimulatedModel]:
    """Return fresh models by name."""
    return {
        TASK_MODEL: TaskModel(),
        REFLECTION_MODEL: ReflectionModel(MEDIUM),
        f"{REFLECTION_MODEL}-weak": ReflectionModel(WEAK),
        f"{REFLECTION_MODEL}-strong": ReflectionModel(STRONG),
    }
