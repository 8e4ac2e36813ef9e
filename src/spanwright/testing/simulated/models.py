"""The models that ship: two for agents, three for reflectors."""

from collections.abc import Mapping
from typing import Final

from spanwright.testing.simulated.reading import Habits
from spanwright.testing.simulated.reflection_model import MEDIUM, STRONG, WEAK, ReflectionModel
from spanwright.testing.simulated.task_model import TaskModel
from spanwright.testing.simulated.wire import SimulatedModel

TASK_MODEL: Final = "sim-task"
SMALL_TASK_MODEL: Final = "sim-task-small"
REFLECTION_MODEL: Final = "sim-reflect"


_SMALL: Final = Habits(local=0.9, overall=0.6, told=0.5, slip=0.06, instruction_capacity=60, local_capacity=40)
"""Of a smaller model: it misses more of what it is told, and long instructions sooner."""


def default_models() -> Mapping[str, SimulatedModel]:
    """Return fresh models by name."""
    return {
        TASK_MODEL: TaskModel(),
        SMALL_TASK_MODEL: TaskModel(habits=_SMALL),
        REFLECTION_MODEL: ReflectionModel(MEDIUM),
        f"{REFLECTION_MODEL}-weak": ReflectionModel(WEAK),
        f"{REFLECTION_MODEL}-strong": ReflectionModel(STRONG),
    }
