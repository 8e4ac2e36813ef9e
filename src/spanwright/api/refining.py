"""Who refines texts within their evaluation: the model that the trial names, or the one that reflects."""

from pydantic_ai.models import Model

from spanwright.core.context import ReflectionContext
from spanwright.core.refiner import REFINER_PROMPT
from spanwright.core.usage import Budget
from spanwright.errors import UsageError
from spanwright.models import model_id, resolve
from spanwright.reflection import TextRefiner, refined_goal, refiner_prompt
from spanwright.subject import Refining, TextTask


def refining_of(task: TextTask, reflection: Model | None) -> tuple[Refining | None, Model | None]:
    """Return how the texts of a task are refined, and the model that does it; None where they are not.

    Raises UsageError where there is no model.
    """
    refiner = task.trial.refiner
    if refiner is None:
        return None, None
    model = reflection if refiner.model is None else resolve(refiner.model)
    if model is None:
        raise UsageError("the refiner has no model, and reflection_model= is not one", "Say Refiner(model=...)")
    prompt = refiner.prompt.strip() or refiner_prompt()

    def advice(context: ReflectionContext) -> str:
        return context.parent.texts[REFINER_PROMPT] if refiner.evolve else prompt

    refining = Refining(
        by=TextRefiner(model, advice, patches=task.trial.patches),
        refiner=refiner,
        model=model_id(model),
        prompt=prompt,
        objective=goal_of(task),
    )
    return refining, model


def goal_of(task: TextTask) -> str:
    """Return what the caller says of the goal."""
    return "\n\n".join(part.strip() for part in (task.objective, task.background) if part.strip())


def goal_with_refiner(task: TextTask) -> str:
    """Return the goal as the reflector is told it."""
    refiner = task.trial.refiner
    return goal_of(task) if refiner is None else refined_goal(goal_of(task), refiner.most)


def on_refining(task: TextTask, budget: Budget) -> tuple[str, ...]:
    """Return what a rollout costs with a refiner."""
    refiner = task.trial.refiner
    if refiner is None:
        return ()
    each = 1 + refiner.most
    in_all = "" if budget.rollouts is None else f", {budget.rollouts * each} in all"
    return (f"With the refiner a rollout is at most {each} evaluations{in_all}; a score is that of text and refiner.",)
