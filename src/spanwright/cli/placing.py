"""Where the rollouts of a run are done, in the words of the command line."""

from pydantic import TypeAdapter

from spanwright.cli.invocation import Invocation
from spanwright.engine import Executor, InProcess, Processes, Ray, Recipe
from spanwright.errors import UsageError

INVOCATION: TypeAdapter[Invocation] = TypeAdapter(Invocation)
"""By what a worker is told what the run is about."""


def executor_of(invocation: Invocation) -> Executor:
    """Return where an invocation's rollouts are done. Raises UsageError for a word that names no place."""
    if invocation.executor is None:
        return InProcess()
    kind, sign, number = invocation.executor.partition(":")
    if kind not in {"processes", "ray"} or (sign and not number.isdecimal()):
        raise UsageError(
            f"--executor {invocation.executor!r} is no place for rollouts",
            "Say processes or ray, and if you like how many workers: processes:4",
        )
    recipe = Recipe(maker="spanwright.cli.elsewhere:made", argument=INVOCATION.dump_json(invocation).decode())
    if kind == "ray":
        return Ray(workers=int(number), imports=recipe) if number else Ray(imports=recipe)
    return Processes(workers=int(number), imports=recipe) if number else Processes(imports=recipe)
