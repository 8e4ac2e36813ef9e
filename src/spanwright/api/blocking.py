"""`optimize` for code that is not async: the one shim, which owns Ctrl-C."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar, Unpack, cast, overload

import anyio
from pydantic_ai.agent import AbstractAgent

from spanwright.api.optimizing import optimize
from spanwright.api.options import Deps, DepsFrom, EvalsOf, In, Meta, Options, Out, Prompt
from spanwright.engine import Stop
from spanwright.errors import UsageError
from spanwright.report import Result

Done = TypeVar("Done")


@overload
def optimize_sync(
    subject: AbstractAgent[None, Out], evals: EvalsOf[Prompt, Out, Meta], **options: Unpack[Options]
) -> Result: ...
@overload
def optimize_sync(
    subject: AbstractAgent[Deps, Out],
    evals: EvalsOf[Prompt, Out, Meta],
    *,
    deps: DepsFrom[Prompt, Out, Meta, Deps],
    **options: Unpack[Options],
) -> Result: ...
@overload
def optimize_sync(
    subject: Callable[[In], Awaitable[Out]], evals: EvalsOf[In, Out, Meta], **options: Unpack[Options]
) -> Result: ...
@overload
def optimize_sync(
    subject: Callable[[], AbstractAgent[None, Out]], evals: EvalsOf[Prompt, Out, Meta], **options: Unpack[Options]
) -> Result: ...
@overload
def optimize_sync(
    subject: Callable[[], AbstractAgent[Deps, Out]],
    evals: EvalsOf[Prompt, Out, Meta],
    *,
    deps: DepsFrom[Prompt, Out, Meta, Deps],
    **options: Unpack[Options],
) -> Result: ...
def optimize_sync(  # pyright: ignore[reportInconsistentOverload]
    subject: object,
    evals: EvalsOf[object, object, object],
    *,
    deps: DepsFrom[object, object, object, object] | None = None,
    **options: Unpack[Options],
) -> Result:
    """Do what `optimize` does, from code that is not async. Ctrl-C once drains, twice cancels; both are resumable.

    A sync tool cannot be cancelled: where one hangs, Ctrl-C for the third time ends the process; resumable, too.

    Raises UsageError under a running event loop: await `optimize` there.
    """
    if _running_loop() is not None:
        raise UsageError("optimize_sync was called under a running event loop", "Write: await optimize(...)")
    stop = options.get("stop") or Stop()
    options["stop"] = stop
    work = partial(cast("Callable[..., Awaitable[Result]]", optimize), subject, evals, deps=deps, **options)
    return anyio.run(interruptible, work, stop)


async def interruptible(work: Callable[[], Awaitable[Done]], stop: Stop) -> Done:
    """Await `work` such that Ctrl-C once asks `stop` to drain the run, and twice cancels it.

    Raises KeyboardInterrupt after the second. A third one ends the process: a tool's thread can hang, and the store
    stands it. Where the platform has no signal handlers, Ctrl-C cancels at once.
    """
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    with anyio.CancelScope() as scope:

        def interrupted() -> None:
            if stop.requested:
                loop.remove_signal_handler(signal.SIGINT)
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                scope.cancel()
            else:
                stop.request()

        try:
            loop.add_signal_handler(signal.SIGINT, interrupted)
        except NotImplementedError:
            return await work()
        try:
            return await work()
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, before)
    raise KeyboardInterrupt


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
