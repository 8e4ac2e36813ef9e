"""Errors leave a task group alone: callers are promised one error of ours, and no group of them."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import cast


@contextmanager
def one_error() -> Generator[None]:
    """Raise the one error that ended a block in place of the groups around it."""
    try:
        yield
    except BaseExceptionGroup as group:
        error = _innermost(group)
        raise error from error.__cause__


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    return error
