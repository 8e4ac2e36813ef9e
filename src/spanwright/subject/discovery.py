"""Find an agent's components without calling a model: start a run, see what would be sent, and stop there."""

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from pydantic_ai.agent import AbstractAgent
from pydantic_ai.models.test import TestModel

from spanwright.core.candidate import Component
from spanwright.errors import UsageError
from spanwright.subject.optimizable import decorate
from spanwright.subject.wearing import Preview, wearing


class _Anything:
    """Stands in for dependencies in a preview: whatever dynamic instructions do with it is text of no consequence."""

    def __getattr__(self, name: str) -> "_Anything":
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_args: object, **_kwargs: object) -> "_Anything":
        return self

    def __getitem__(self, _key: object) -> "_Anything":
        return self

    def __iter__(self) -> Iterator["_Anything"]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __await__(self) -> Generator[None, None, "_Anything"]:
        yield from ()
        return self

    def __str__(self) -> str:
        return ""

    def __format__(self, _spec: str) -> str:
        return ""


async def discover(agent: AbstractAgent[Any, Any], deps: object = None) -> tuple[Component, ...]:
    """Return the components of one agent as its next run would send them.

    Without `deps` a stand-in is tried, too. Raises UsageError where the agent cannot even be started.
    """
    return tuple((await preview_of(agent, deps)).components.values())


async def preview_of(agent: AbstractAgent[Any, Any], deps: object = None) -> Preview:
    """Return all that the next run of an agent would send. Raises UsageError as `discover` does."""
    decorate(agent)
    attempts: Sequence[object] = (deps,) if deps is not None else (None, _Anything())
    failure: Exception | None = None
    for stand_in in attempts:
        preview = Preview()
        try:
            with wearing(preview):
                await agent.run("preview", deps=stand_in, model=TestModel())
        except UsageError:  # of ours: a fake that does not fit its tool
            raise
        except Exception as error:  # noqa: BLE001  (Previewed, or what the user's dynamic instructions raise)
            failure = error
        if preview.components:
            return preview
    reason = f": {type(failure).__name__}: {failure}" if failure else ""
    raise UsageError(
        f"the agent {agent.name!r} could not be previewed{reason}",
        "If its dynamic instructions or toolsets need real dependencies, pass deps=; a server has to be up",
    ) from failure
