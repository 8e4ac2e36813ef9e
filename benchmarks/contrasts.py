"""Better tries that a reflection model is shown beside failures: how often, and what the parent's own would be worth.

Both look at what a reflection model gets, and neither at a world's truth.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from contest import Contrasts
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from spanwright.core.context import Example, ReflectionContext
from spanwright.core.proposal import Reflection
from spanwright.core.protocols import Reflector
from spanwright.core.rollout import Observed
from spanwright.core.score import Score
from spanwright.testing.worlds import World

_BESIDE: Final = re.compile(r"^## Example \d+, try (?!1:)\d+: (?P<heading>[^\n]*)", re.MULTILINE)
_OF_ANOTHER: Final = "with other texts of"
_APART: Final = 1_000_000
"""Servings from here on are none of the run's."""


class Counting(WrapperModel):
    """A reflection model that counts the prompts with a better try beside a failure."""

    def __init__(self, wrapped: Model) -> None:
        super().__init__(wrapped)
        self.contrasts = Contrasts()

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Count, and let the model answer."""
        beside = [found["heading"] for text in _texts(messages) for found in _BESIDE.finditer(text)]
        known = self.contrasts
        self.contrasts = Contrasts(
            prompts=known.prompts + 1,
            shown=known.shown + bool(beside),
            own=known.own + any(_OF_ANOTHER not in heading for heading in beside),
        )
        return await self.wrapped.request(messages, model_settings, model_request_parameters)


def _texts(messages: list[ModelMessage]) -> Iterator[str]:
    for message in messages:
        for part in message.parts if isinstance(message, ModelRequest) else ():
            content = getattr(part, "content", "")
            if isinstance(content, str):
                yield content


@dataclass(frozen=True, slots=True)
class OwnTries:
    """A reflector for which the parent tries again what it failed, and nobody pays: more than a repeat could be worth.

    Where the second try is better, it stands beside the first.
    """

    reflector: Reflector
    world: World

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Reflect with the second tries that were better."""
        again = tuple(self._again(context))
        return await self.reflector.reflect(replace(context, examples=(*context.examples, *again)))

    def _again(self, context: ReflectionContext) -> Iterator[Example]:
        for each in context.examples:
            first = each.observed.rollout
            if first.score is None or first.score.value >= 1:
                continue
            played = self.world.play(context.parent.texts, each.case, _APART + context.attempt)
            if played.score > first.score.value:
                score = Score(value=played.score, feedback=played.feedback, blame=played.blame)
                rollout = replace(first, score=score, trace_id=played.trace.id, tools=None)
                observed = Observed(rollout=rollout, trace=played.trace, output=repr(played))
                yield Example(case=each.case, observed=observed)
