"""The model that rewrites texts within an evaluation. What it is told of how to go about it may evolve with them."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, TypeAlias

from pydantic_ai.models import Model

from spanwright.core.context import ReflectionContext
from spanwright.core.refiner import REFINER
from spanwright.core.tokens import tokens
from spanwright.reflection.artifact_prompt import GOAL_TOKENS, composer_of, evaluated
from spanwright.reflection.evidence import clean, cut
from spanwright.reflection.prompt import Composer, Prompt, Rung, Words, composing
from spanwright.reflection.prose import filled, prose
from spanwright.reflection.reflector import ModelReflector
from spanwright.reflection.templates import Briefs

Advice: TypeAlias = Callable[[ReflectionContext], str]
"""Returns what the refiner is told, from the texts that it is to rewrite."""

_ADVICE_TOKENS = 4_000


class TextRefiner(ModelReflector):
    """Rewrites texts by what one evaluation said of them."""

    agent: ClassVar[str] = REFINER
    named: ClassVar[str] = "the refiner's model"

    def __init__(self, model: Model, advice: Advice, *, patches: bool | None = None) -> None:
        super().__init__(model, composer=_advised(advice, patches=patches))


def refiner_prompt() -> str:
    """Return what a refiner is told where nobody says it."""
    return prose("refiner")


def refined_goal(objective: str, most: int) -> str:
    """Return the goal of texts that are refined before their score counts."""
    told = filled("refined_goal", {"times": "once" if most == 1 else f"up to {most} times"})
    return f"{objective}\n\n{told}" if objective else told


_WHOLE = composing(Words(system="refine_artifact", request="request_refine", goal_tokens=GOAL_TOKENS), evaluated)
_PATCHES = composing(
    Words(system="refine_patches", request="request_refine_patches", goal_tokens=GOAL_TOKENS, patches=True), evaluated
)


def _advised(advice: Advice, *, patches: bool | None) -> Composer:
    """Return what puts the advice before the request."""
    compose = composer_of(patches=patches, whole=_WHOLE, patched=_PATCHES)

    def made(context: ReflectionContext, allowance: int, rung: Rung, briefs: Briefs) -> Prompt:
        told = cut(clean(advice(context)).strip(), _ADVICE_TOKENS)
        prompt = compose(context, allowance - tokens(f"{told}\n\n"), rung, briefs)
        return replace(prompt, system=f"{told}\n\n{prompt.system}" if told else prompt.system)

    return made
