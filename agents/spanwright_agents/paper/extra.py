"""Libraries that only the paper's tasks need: they come with the extra `paper`, and are imported when they are used."""

from importlib import import_module
from types import ModuleType

from spanwright import UsageError


def needed(module: str, *, package: str) -> ModuleType:
    """Return a module. Raises UsageError naming the extra where it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the paper's tasks need {package}, which is not installed", "Install it: pip install 'spanwright[paper]'"
        ) from error
