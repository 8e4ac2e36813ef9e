"""MODULE:NAME and what it names, in both directions: how an object is said on the command line, or to a worker."""

import sys
from importlib import import_module
from operator import attrgetter
from pathlib import Path

from spanwright.errors import UsageError


def named(reference: str) -> object:
    """Return what `MODULE:NAME` names. Raises UsageError where there is no such thing, or its import fails."""
    module_name, _, name = reference.partition(":")
    if not module_name or not name:
        raise UsageError(f"{reference!r} names nothing", "Write MODULE:NAME, like shop.agents:support")
    here = str(Path.cwd())
    if here not in sys.path:  # a console script does not look where it is started, python -m does
        sys.path.insert(0, here)
    try:
        return attrgetter(name)(import_module(module_name))
    except AttributeError as error:
        if f"{error.name}" not in name.split("."):
            raise _broken(reference, error) from error
        raise UsageError(f"the module {module_name!r} has no {name!r}", "Check the name after the colon") from error
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
            raise UsageError(
                f"there is no module {error.name!r}", "Start in the folder that holds it, or install its package"
            ) from error
        raise _broken(reference, error) from error
    except Exception as error:  # importing a module runs the user's code, which may raise anything
        raise _broken(reference, error) from error


def name_of(found: object) -> str | None:
    """Return MODULE:NAME for an object that some imported module has, None where that is only `__main__` or nobody."""
    for module, held in list(sys.modules.items()):
        if module in {"__main__", "__mp_main__"}:
            continue
        for name, each in list(getattr(held, "__dict__", {}).items()):
            if each is found and not name.startswith("__"):
                return f"{module}:{name}"
    return None


def _broken(reference: str, error: Exception) -> UsageError:
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f" ({Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno})" if where else ""
    return UsageError(f"importing {reference!r} failed: {type(error).__name__}: {error}{place}", "Repair the module")
