"""What an invocation optimizes: what MODULE:NAME names, or a task of the paper with its data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_ai import Agent

from spanwright.api.elsewhere import AnyEvals
from spanwright.cli.invocation import Invocation
from spanwright.errors import UsageError
from spanwright.subject import named


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is optimized."""

    subject: object
    evals: AnyEvals | None = None
    """None where the invocation says how to find it."""
    helpers: tuple[Agent[Any, Any], ...] = ()
    """Agents that take part and are not optimized."""


def staged(invocation: Invocation) -> Stage:
    """Return what an invocation means. Raises UsageError."""
    found = named(invocation.subject)
    if invocation.paper is None:
        return Stage(subject=found)
    from spanwright_agents.paper.task import PaperTask

    if not isinstance(found, PaperTask):
        raise UsageError(f"{invocation.subject!r} is no task of the paper", "Name a PaperTask")
    data = invocation.paper.data
    stage = found.small() if data is None else found.official(Path(data))
    return Stage(subject=stage.program, evals=stage.evals, helpers=found.helpers)
