"""Map-reduce reflection over many traces (ComBEE's idea): parts are read at the same time, then made one.

A prompt that shows many traces shows little of each. It stands in this room because it starts tasks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import anyio

from spanwright.core.context import Example, ReflectionContext
from spanwright.core.proposal import Lesson, Proposal, Reflection, Refusal
from spanwright.core.protocols import Reflector
from spanwright.errors import UserBug, WorldFailed


@dataclass(frozen=True, slots=True)
class MapReduce:
    """Deals the examples out to floor(sqrt(n)) parts, lets `reader` reflect on each, and `reducer` join the proposals.

    With fewer than four examples, or only one proposal, there is nothing to join. All calls are one reflection, and its
    usage is that of all of them. Give the policy a larger minibatch: `Policy.default(minibatch_size=16)`.

        MapReduce(ModelReflector(model), ModelReflector(model, composer=compose_reduction))
    """

    reader: Reflector
    reducer: Reflector

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer from all parts together. Raises WorldFailed where no part could be read, and UserBug."""
        parts = _dealt(context.examples)
        if len(parts) < 2:
            return await self.reader.reflect(context)
        read = await read_all(self.reader, [replace(context, examples=part) for part in parts])
        proposals = tuple(each.result for each in read if isinstance(each.result, Proposal))
        if len(proposals) < 2:
            return next((each for each in read if isinstance(each.result, Proposal)), read[0])
        whole = await self.reducer.reflect(replace(context, proposals=proposals))
        result = _with_lessons(whole.result, proposals)
        prompt = "\n\n".join(each.prompt for each in (*read, whole))
        answer = "\n\n".join(each.answer for each in (*read, whole))
        return Reflection(result=result, prompt=prompt, answer=answer)


async def read_all(reader: Reflector, contexts: Sequence[ReflectionContext]) -> list[Reflection]:
    """Let `reader` reflect on all contexts at the same time; those that the world fails are left out.

    Raises WorldFailed where that is all of them, and UserBug.
    """
    done: list[Reflection | WorldFailed | UserBug | None] = [None] * len(contexts)

    async def read(place: int, context: ReflectionContext) -> None:
        try:
            done[place] = await reader.reflect(context)
        except (WorldFailed, UserBug) as error:
            done[place] = error  # raised below, alone: no group of errors leaves a reflector

    async with anyio.create_task_group() as group:
        for place, context in enumerate(contexts):
            group.start_soon(read, place, context)
    bug = next((each for each in done if isinstance(each, UserBug)), None)
    if bug is not None:
        raise bug
    answered = [each for each in done if isinstance(each, Reflection)]
    failures = [each for each in done if isinstance(each, WorldFailed)]
    if not answered:
        raise failures[0]
    return answered


def _dealt(examples: Sequence[Example]) -> list[tuple[Example, ...]]:
    """Deal examples out, the worst first, so that every part has some of what went wrong."""
    count = math.isqrt(len(examples))
    worst_first = sorted(examples, key=_value)
    return [tuple(worst_first[place::count]) for place in range(count)]


def _value(example: Example) -> float:
    score = example.observed.rollout.score
    return math.inf if score is None else score.value


def _with_lessons(result: Proposal | Refusal, proposals: Sequence[Proposal]) -> Proposal | Refusal:
    """Return the result with what all parts learned."""
    if isinstance(result, Refusal):
        return result
    learned: list[Lesson] = [*result.lessons, *(lesson for each in proposals for lesson in each.lessons)]
    return replace(result, lessons=tuple(dict.fromkeys(learned)))
