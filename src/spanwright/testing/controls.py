"""Controls: reflectors that any optimizer has to beat."""

from dataclasses import dataclass, field
from random import Random

from spanwright.core.context import ReflectionContext
from spanwright.core.proposal import Proposal, Reflection, Refusal, RefusalReason
from spanwright.testing.simulated.lexicon import PUBLIC, Directive, write


@dataclass(slots=True)
class RandomReflector:
    """Adds sentences of the public lexicon to the offered texts by chance, without reading the evidence.

    With `Policy.default()` it makes the run a random search at equal budget.
    """

    seed: int = 0
    sentences: int = 3
    """At most so many in one answer: as many findings as a simulated reflection model writes down."""
    calls: int = field(default=0, init=False)

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer by chance: the draw is a function of seed, parent and attempt."""
        self.calls += 1
        drawn = Random(f"{self.seed}/{context.parent.id}/{context.attempt}")
        edits: dict[str, str] = {}
        for _ in range(drawn.randint(1, self.sentences)):
            component = drawn.choice(context.components)
            before = edits.get(component.id, context.parent.texts[component.id])
            edits[component.id] = f"{before}\n{_sentence(drawn)}".strip()[: component.limit]
        if not edits:
            return Reflection(result=Refusal(reason=RefusalReason.UNCHANGED))
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits, diagnosis="by chance"))


@dataclass(slots=True)
class DoNothingReflector:
    """Changes a text without changing what it says, each time in another way.

    Whatever wins then has won by luck: an honest optimizer returns the seed, in 95 of 100 runs at least.
    """

    calls: int = field(default=0, init=False)

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer with the first component that is offered, and a remark that nobody heeds."""
        self.calls += 1
        component = context.components[0]
        text = f"{context.parent.texts[component.id]} (as before, no. {context.attempt}.)".strip()
        return Reflection(result=Proposal(parents=(context.parent.id,), edits={component.id: text}, diagnosis="none"))


def _sentence(drawn: Random) -> str:
    """Return one directive in words, with values that the lexicon knows for it."""
    kinds = [kind for kind in PUBLIC.kinds.values() if kind.guesses]
    kind = drawn.choice(kinds)
    slots = tuple(sorted((name, drawn.choice(values)) for name, values in kind.guesses))
    return write(Directive(kind=kind.name, slots=slots), variant=drawn.random())
