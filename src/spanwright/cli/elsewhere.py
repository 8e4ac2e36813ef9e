"""How a worker of a run from the command line comes by what it is about: by the same words, read once more."""

from spanwright.api.elsewhere import made_of, made_of_text
from spanwright.cli.loading import deps_of, evals_of
from spanwright.cli.modelling import cast_of
from spanwright.cli.placing import INVOCATION
from spanwright.cli.running import played
from spanwright.cli.staging import staged
from spanwright.engine import Made
from spanwright.subject import TextTask


def made(argument: str) -> Made:
    """Return, in a worker, what an invocation is about. Raises UsageError."""
    invocation = INVOCATION.validate_json(argument)
    stage = staged(invocation)
    if isinstance(stage.subject, TextTask):
        return made_of_text(invocation.subject)
    evals, deps = stage.evals or evals_of(invocation), deps_of(invocation.deps)
    return made_of(played(invocation, stage, cast_of(invocation)), evals, deps, invocation.objective)
