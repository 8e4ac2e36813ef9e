"""Tasks for `spanwright text`: what MODULE:NAME must be."""

from spanwright.errors import UsageError
from spanwright.subject import TextTask, named, texts_of


def check_task(reference: str, *, saved: bool) -> None:
    """Raise UsageError where a name does not mean a task with a text, or with several that shall be one file."""
    found = named(reference)
    if not isinstance(found, TextTask):
        raise UsageError(
            f"{reference!r} is {type(found).__name__}, not a TextTask",
            "Write task = spanwright.TextTask(seed=..., evaluate=...); agents are for `spanwright optimize`",
        )
    if saved and not isinstance(found.seed, str) and len(texts := texts_of(found.seed)) > 1:
        raise UsageError(
            f"{reference!r} has {len(texts)} texts, and --save writes one",
            "Leave it out; `spanwright diff RUN` shows them, and result.best.texts has them",
        )
