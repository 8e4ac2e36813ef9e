"""What was proposed along a lineage, in the order in which it was: the turns of a conversation that goes on.

It is a fold over the run's events, so a resumed run goes on with the same conversation, and candidates with different
ancestors have different ones.
"""

from collections.abc import Iterable

from spanwright.core.candidate import CandidateId
from spanwright.core.events import Judged
from spanwright.core.proposal import Origin

TURNS = 12
"""Turns that are kept in view; a reflector may show fewer."""


class Conversations:
    """Folds the judged proposals of reflections."""

    def __init__(self) -> None:
        self._that_made: dict[CandidateId, Judged] = {}
        self._from: dict[CandidateId, list[Judged]] = {}

    def add(self, event: Judged) -> None:
        """Take note of a proposal that was judged; what took no reflection is nobody's turn."""
        if event.proposal.origin is not Origin.REFLECTION or not event.proposal.parents:
            return
        if event.verdict.accepted:
            self._that_made.setdefault(event.child.id, event)
        made = self._from.setdefault(event.proposal.parents[0], [])
        made.append(event)
        del made[:-TURNS]

    def along(self, lineage: Iterable[CandidateId]) -> list[Judged]:
        """Return the proposals that made a member and its ancestors, then those made from it, the latest last.

        `lineage` begins with the member.
        """
        members = list(lineage)
        made = [self._that_made[each] for each in reversed(members) if each in self._that_made]
        return [*made, *self._from.get(members[0], ())][-TURNS:]
