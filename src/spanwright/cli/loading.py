"""From words to objects: what MODULE:NAME names, the eval set it or a file holds, and the splits by group."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, cast

from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import Evaluator
from yaml import YAMLError

from spanwright.api.elsewhere import evals_named
from spanwright.cli.invocation import Invocation
from spanwright.errors import UsageError
from spanwright.subject import Evals, named

DepsFor: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Any]]

_FILES = (".yaml", ".yml", ".json")


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
    found = _from_file(invocation) if invocation.evals.endswith(_FILES) else evals_named(invocation.evals)
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
