"""From words to objects: what MODULE:NAME names, the eval set it or a file holds, and the splits by group."""

import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeAlias, cast

from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import Evaluator
from yaml import YAMLError

from spanwright.cli.invocation import Invocation
from spanwright.errors import UsageError
from spanwright.subject import Evals

AnyEvals: TypeAlias = Dataset[Any, Any, Any] | Evals[Any, Any, Any]
DepsFor: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Any]]

_FILES = (".yaml", ".yml", ".json")


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


def deps_of(reference: str | None) -> DepsFor | None:
    """Return the function that makes each rollout's dependencies. Raises UsageError for what cannot be called."""
    if reference is None:
        return None
    found = named(reference)
    if not callable(found):
        raise UsageError(f"{reference!r} is no function of a case", "Write one that returns an async context manager")
    return cast("DepsFor", found)


def evals_of(invocation: Invocation) -> Evals[Any, Any, Any]:
    """Return the eval set with the splits' seed and groups. Raises UsageError for what is none."""
    found = _from_file(invocation) if invocation.evals.endswith(_FILES) else _from_module(invocation.evals)
    goals = invocation.goals
    if isinstance(found, Evals):
        return replace(found, goals=(*found.goals, *goals))
    group = invocation.group
    return Evals(
        cases=found,
        seed=invocation.seed,
        group=None if group is None else lambda case: _field(case, group),
        goals=goals,
    )


def _from_module(reference: str) -> AnyEvals:
    found = named(reference)
    if callable(found) and not isinstance(found, Dataset | Evals | type):
        found = cast("Callable[[], object]", found)()
    if not isinstance(found, Dataset | Evals):
        raise UsageError(
            f"{reference!r} is {type(found).__name__}, not an eval set",
            "Name a pydantic_evals Dataset, spanwright Evals, or a function that returns one",
        )
    return cast("AnyEvals", found)


def _from_file(invocation: Invocation) -> Dataset[Any, Any, Any]:
    path = Path(invocation.evals)
    try:
        return Dataset[Any, Any, Any].from_file(path, custom_evaluator_types=list(_evaluators(invocation.evaluators)))
    except OSError as error:
        raise UsageError(f"the dataset {path} cannot be read: {error.strerror}", "Check the path") from error
    except (ValueError, YAMLError, ExceptionGroup) as error:
        reasons = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
        told = "; ".join(" ".join(str(reason).split())[:300] for reason in reasons)
        raise UsageError(
            f"{path} is no dataset that can be used: {told}", "Name evaluators of your own with --evaluator MODULE:NAME"
        ) from error


def _evaluators(references: Iterable[str]) -> Iterable[type[Evaluator[Any, Any, Any]]]:
    for reference in references:
        found = named(reference)
        if not (isinstance(found, type) and issubclass(found, Evaluator)):
            raise UsageError(f"{reference!r} is no Evaluator class", "Name a subclass of pydantic_evals' Evaluator")
        yield cast("type[Evaluator[Any, Any, Any]]", found)


def _field(case: Case[Any, Any, Any], name: str) -> str:
    """Return the group of a case: a field of its metadata."""
    metadata: object = case.metadata
    if isinstance(metadata, Mapping):
        found = cast("Mapping[str, object]", metadata).get(name)
    else:
        found = getattr(metadata, name, None)
    if found is None:
        raise UsageError(f"the metadata of case {case.name!r} has no {name!r}", "Check --group")
    return str(found)


def _broken(reference: str, error: Exception) -> UsageError:
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f" ({Path(where.tb_frame.f_code.co_filename).name}:{where.tb_lineno})" if where else ""
    return UsageError(f"importing {reference!r} failed: {type(error).__name__}: {error}{place}", "Repair the module")
