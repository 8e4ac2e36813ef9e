"""A reflector out of a function of one's own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from spanwright.core.candidate import ComponentId
from spanwright.core.context import ReflectionContext
from spanwright.core.proposal import Proposal, Reflection, Refusal, RefusalReason

Rewrite: TypeAlias = Callable[[ReflectionContext], Awaitable[Mapping[ComponentId, str]]]
"""Returns new texts by component; none where it has nothing to propose."""


@dataclass(frozen=True, slots=True)
class FunctionReflector:
    """Proposes what `rewrite` returns. What it raises stops the run, as an exception of any reflector does.

    async def shorter(context):
        component = context.components[0].id
        return {component: context.parent.texts[component].split(".")[0]}


    await optimize(agent, evals, reflection_model=FunctionReflector(shorter))
    """

    rewrite: Rewrite

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer with a Proposal; with a Refusal where no text is new."""
        texts = await self.rewrite(context)
        edits = {id: text for id, text in texts.items() if context.parent.texts.get(id) != text}
        if not edits:
            return Reflection(result=Refusal(reason=RefusalReason.UNCHANGED))
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits))
