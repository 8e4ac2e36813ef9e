"""Tasks for `spanwright text`: what MODULE:NAME must be."""

from spanwright.errors import UsageError
from spanwright.subject import TextTask, named


def check_task(reference: str) -> None:
    """Raise UsageError where a name does not mean a task with a text."""
    found = named(reference)
    if not isinstance(found, TextTask):
        raise UsageError(
            f"{reference!r} is {type(found).__name__}, not a TextTask",
            "Write task = spanwright.TextTask(seed=..., evaluate=...); agents are for `spanwright optimize`",
        )
