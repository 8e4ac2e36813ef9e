"""How a worker comes by what a run is about: by import, from names that the run has found out or was told.

Nothing is pickled. What no module has, because it stands in `__main__` or inside of a function, cannot be tried in
another process, and that is said before anything is spent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from pydantic import TypeAdapter
from pydantic_evals import Dataset

from spanwright.api.refining import refining_of
from spanwright.core.case import Case
from spanwright.core.protocols import RemoteSubject
from spanwright.engine import Imports, Made, Recipe, unjudged
from spanwright.errors import UsageError
from spanwright.store import of_cases, of_evaluators
from spanwright.subject import (
    DepsFor,
    Evals,
    Objective,
    Scoring,
    TextSubject,
    TextTask,
    cases_of,
    eval_set,
    name_of,
    named,
    parted_streams,
    subject_of,
)

RecipeOf: TypeAlias = Callable[[Imports], Recipe]
"""Says how workers come by what a run is about. Raises UsageError for what they cannot import."""

AnyEvals: TypeAlias = Dataset[Any, Any, Any] | Evals[Any, Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What a worker has to import, each as MODULE:NAME."""

    subject: str
    evals: str
    deps: str | None = None
    objective: str | None = None
    figure: str | None = None
    """The objective where it is the name of a figure."""


_NAMES: Final = TypeAdapter(Names)


def recipe_of(subject: object, evals: object, deps: object, objective: Objective | None) -> RecipeOf:
    """Return how workers come by an agent, a program, a factory, and by what judges it."""

    def recipe(imports: Imports) -> Recipe:
        if isinstance(subject, RemoteSubject):
            raise UsageError("what is optimized works in another process already", "Leave executor= out")
        names = Names(
            subject=imports.subject or _found(subject, "subject", "what is optimized"),
            evals=imports.evals or _found(evals, "evals", "the eval set"),
            deps=imports.deps if deps is None else imports.deps or _found(deps, "deps", "the function deps="),
            objective=_objective(objective, imports),
            figure=objective if isinstance(objective, str) else None,
        )
        return Recipe(maker="spanwright.api.elsewhere:made", argument=_NAMES.dump_json(names).decode())

    return recipe


def _objective(objective: Objective | None, imports: Imports) -> str | None:
    if imports.objective is not None or not callable(objective):
        return imports.objective
    return _found(objective, "objective", "the objective")


def recipe_of_text(task: TextTask) -> RecipeOf:
    """Return how workers come by a task on texts."""

    def recipe(imports: Imports) -> Recipe:
        if TextSubject(task, {}, ()).takes_earlier:
            raise UsageError(
                "evaluate takes earlier=, the best results so far, which no other process knows",
                "Leave that parameter or executor= out",
            )
        refiner = task.trial.refiner
        if refiner is not None and refiner.model is None:
            raise UsageError(
                "the refiner asks the reflection model, which no other process knows",
                "Say Refiner(model=...), or leave executor= out",
            )
        name = imports.subject or _found(task, "subject", "the task")
        return Recipe(maker="spanwright.api.elsewhere:made_of_text", argument=name)

    return recipe


def _found(wanted: object, field: str, what: str) -> str:
    name = name_of(wanted)
    if name is None:
        where = "it stands in __main__" if _is_in_main(wanted) else "no module has it under a name"
        raise UsageError(
            f"{what} cannot be imported by a worker: {where}",
            "Put it into a module, or say which name or function there gives it: "
            f"executor=Processes(imports=Imports({field}='shop.{field}:tickets'))",
        )
    return name


def _is_in_main(wanted: object) -> bool:
    import __main__  # noqa: PLC0415  (whatever the process was started with)

    return any(each is wanted for each in vars(__main__).values())


def made(argument: str) -> Made:
    """Return, in a worker, what the names of a run stand for. Raises UsageError."""
    names = _NAMES.validate_json(argument)
    objective = names.figure if names.objective is None else cast("Objective", named(names.objective))
    deps = None if names.deps is None else cast("DepsFor", named(names.deps))
    return made_of(named(names.subject), evals_named(names.evals), deps, objective)


def made_of(subject: object, evals: AnyEvals, deps: DepsFor | None, objective: Objective | None) -> Made:
    """Return, in a worker, what a run is about. Raises UsageError."""
    cases = eval_set(evals)
    meeting = subject_of(subject, deps, cases.theirs)
    scoring = Scoring(cases, objective)
    return Made(
        subject=meeting,
        evaluator=scoring,
        cases={case.id: case for case in cases.splits},
        fingerprints={
            **of_cases(tuple(cases.splits)),
            **of_evaluators(scoring.evaluators),
            **meeting.fingerprints(),
        },
    )


def made_of_text(argument: str) -> Made:
    """Return, in a worker, the task on texts of this name. Raises UsageError."""
    task = named(argument)
    if not isinstance(task, TextTask):
        raise UsageError(f"{argument!r} is {type(task).__name__}, not a TextTask", "Name the TextTask")
    evals, given, _ = cases_of(task.cases, task.trial)
    refining, _ = refining_of(task, None)
    subject = TextSubject(task, given, evals.goals, refining)
    cases: Mapping[str, Case] = {case.id: case for case in evals.splits}
    return Made(
        subject=subject,
        evaluator=unjudged,
        cases=cases,
        fingerprints={
            **of_cases(tuple(evals.splits)),
            **of_evaluators((task.evaluate,)),
            **subject.fingerprints(),
        },
        around=parted_streams if task.trial.capture else None,
    )


def evals_named(reference: str) -> AnyEvals:
    """Return the eval set of this name, or what the function of this name returns. Raises UsageError."""
    found = named(reference)
    if callable(found) and not isinstance(found, Dataset | Evals | type):
        found = cast("Callable[[], object]", found)()
    if not isinstance(found, Dataset | Evals):
        raise UsageError(
            f"{reference!r} is {type(found).__name__}, not an eval set",
            "Name a pydantic_evals Dataset, spanwright Evals, or a function that returns one",
        )
    return cast("AnyEvals", found)
