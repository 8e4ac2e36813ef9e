"""A second look at a proposal, before it costs rollouts."""

from dataclasses import dataclass, replace

from spanwright.core.context import ReflectionContext
from spanwright.core.proposal import Proposal, Reflection, RefusalReason
from spanwright.core.protocols import Reflector


@dataclass(frozen=True, slots=True)
class Refined:
    """Lets `checker` answer anew what `writer` answered: it sees the same evidence and, as `proposals`, that answer.

    Where the checker would leave everything as it is, the proposal is refused; where it fails in another way, the
    proposal stands. Both are one reflection, and its usage is that of both.

        Refined(ModelReflector(model), ModelReflector(model, composer=compose_refinement))
    """

    writer: Reflector
    checker: Reflector

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer with a proposal that was checked. Raises what writer and checker raise."""
        first = await self.writer.reflect(context)
        if not isinstance(first.result, Proposal):
            return first
        second = await self.checker.reflect(replace(context, proposals=(first.result,)))
        both = replace(first, prompt=f"{first.prompt}\n\n{second.prompt}", answer=f"{first.answer}\n\n{second.answer}")
        if isinstance(second.result, Proposal):
            lessons = tuple(dict.fromkeys((*first.result.lessons, *second.result.lessons)))
            return replace(both, result=replace(second.result, lessons=lessons))
        kept = second.result if second.result.reason is RefusalReason.UNCHANGED else first.result
        return replace(both, result=kept)
