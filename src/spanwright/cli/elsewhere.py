"""How a worker of a run from the command line comes by what it is about: by the same words, read once more."""

from spanwright.api.elsewhere import made_of, made_of_text
from spanwright.cli.loading import deps_of, evals_of
from spanwright.cli.modelling import cast_of
from spanwright.cli.placing import INVOCATION
from spanwright.cli.running import played
from spanwright.engine import Made
from spanwright.subject import TextTask, named


def made(argument: str) -> Made:
    """Return, in a worker, what an invocation is about. Raises UsageError."""
    invocation = INVOCATION.validate_json(argument)
    subject = named(invocation.subject)
    if isinstance(subject, TextTask):
        return made_of_text(invocation.subject)
    deps = deps_of(invocation.deps)
    return made_of(played(invocation, subject, cast_of(invocation)), evals_of(invocation), deps, invocation.objective)
