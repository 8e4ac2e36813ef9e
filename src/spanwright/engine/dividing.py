"""One reflection on many texts: each of several readers gets all the evidence and a share of the texts that it blames.

An agent with thirty tools has more texts at fault than one answer mends well. Where a minibatch blames many, they are
dealt out, a tool's description and its parameters together, and what the readers write about different texts is put
together as it is: nobody has to join it. It stands in this room because it starts tasks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from spanwright.core.candidate import Candidate, Component, ComponentId
from spanwright.core.context import ReflectionContext
from spanwright.core.proposal import Lesson, Proposal, Reflection
from spanwright.core.protocols import Reflector
from spanwright.engine.map_reduce import read_all

SHARE = 8
"""Texts that a reader is shown in full: as many as the default policy offers in a single prompt."""


@dataclass(frozen=True, slots=True)
class Divided:
    """Lets `reader` reflect once for each `share` texts on offer, at the same time, and returns all edits as one.

    With no more texts than that it is `reader` alone. All calls are one reflection, and its usage is that of all of
    them; `edits` of the policy limits each answer. Give the policy more to offer and more to look at:

        Divided(ModelReflector(model))
        Policy.default(minibatch_size=16, component_rule=Blamed(at_most=32))
    """

    reader: Reflector
    share: int = SHARE

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer from all readers together. Raises WorldFailed where none could be asked, and UserBug."""
        shares = dealt(context.components, self.share)
        if len(shares) < 2 or context.partner is not None:
            return await self.reader.reflect(context)
        read = await read_all(self.reader, [_focused(context, share) for share in shares])
        proposals = [each.result for each in read if isinstance(each.result, Proposal)]
        if not proposals:
            return read[0]
        prompt = "\n\n".join(each.prompt for each in read)
        answer = "\n\n".join(each.answer for each in read)
        return Reflection(result=_together(proposals, context.parent), prompt=prompt, answer=answer)


def dealt(components: Sequence[Component], share: int) -> tuple[tuple[Component, ...], ...]:
    """Part components into as few shares as hold at most `share` each; what belongs to one tool stays together.

    Only a tool that has more texts than a share holds is parted itself. The first shares have the most blamed.
    """
    places: dict[str, list[Component]] = {}
    for each in components:
        places.setdefault(_place(each.id), []).append(each)
    shares: list[tuple[Component, ...]] = []
    open_share: list[Component] = []
    for texts in places.values():
        if open_share and len(open_share) + len(texts) > share:
            shares.append(tuple(open_share))
            open_share = []
        open_share += texts
        while len(open_share) > share:
            shares.append(tuple(open_share[:share]))
            open_share = open_share[share:]
    return (*shares, tuple(open_share)) if open_share else tuple(shares)


def _place(id: ComponentId) -> str:
    """Return what a component belongs to: `support/tool:search` for `support/tool:search/query`."""
    return "/".join(id.split("/")[:2])


def _focused(context: ReflectionContext, share: Sequence[Component]) -> ReflectionContext:
    """Return what one reader is shown: its texts, what was learnt and tried about them, and all that happened."""
    ids = {each.id for each in share}
    elsewhere = [each for each in context.components if each.id not in ids]
    return replace(
        context,
        components=tuple(share),
        others=(*elsewhere, *context.others),
        shared=frozenset(each.id for each in elsewhere),
        lessons=tuple(each for each in context.lessons if each.component in ids),
        tried=tuple(each for each in context.tried if each.component in ids),
        scored=tuple(each for each in context.scored if each.component in ids),
        recorded=tuple(each for each in context.recorded if ids.intersection(each.about)),
    )


def _together(proposals: Sequence[Proposal], parent: Candidate) -> Proposal:
    edits = {id: text for each in reversed(proposals) for id, text in each.edits.items()}
    lessons: list[Lesson] = [lesson for each in proposals for lesson in each.lessons]
    # What one reader asked for in vain, another may have been given.
    suspected = dict.fromkeys(id for each in proposals for id in each.suspected if id not in edits)
    return Proposal(
        parents=(parent.id,),
        edits=edits,
        diagnosis="\n".join(each.diagnosis for each in proposals if each.diagnosis),
        rationale="\n".join(each.rationale for each in proposals if each.rationale),
        lessons=tuple(dict.fromkeys(lessons)),
        suspected=tuple(suspected),
    )
