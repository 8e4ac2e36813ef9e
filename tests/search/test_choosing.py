"""Components with a few values: tried on the incumbent, the least tried value first, in a share of the attempts."""

from random import Random

import pytest

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.proposal import Draft, Origin
from spanwright.search import Choosing

TEXT = Component(id="a/instructions", kind=Kind.INSTRUCTIONS, agent="a", text="Answer.")
HEAT = Component(id="a/setting:heat", kind=Kind.SETTING, agent="a", text="1", values=("1", "2", "3"))
SEED = Candidate(texts={TEXT.id: TEXT.text, HEAT.id: HEAT.text})
HOT = SEED.edited({HEAT.id: "2"})


class View:
    """What a rule asks of a pool."""

    def __init__(self, components=(TEXT, HEAT), members=(SEED,), attempt=1, choices=0) -> None:
        self.components = components
        self.next_attempt = attempt
        self.open_attempts = ()
        self.incumbent = members[0].id
        self._members = {each.id: each for each in members}
        self._choices = choices

    @property
    def members(self):
        return tuple(self._members)

    def __contains__(self, candidate: str) -> bool:
        return candidate in self._members

    def candidate(self, id: str) -> Candidate:
        return self._members[id]

    def admitted_by(self, origin: Origin) -> int:
        return self._choices if origin is Origin.CHOICE else 0


def drafted(view: View, rule: Choosing | None = None, draw: int = 0) -> Draft | None:
    return (rule or Choosing())(view, Random(draw))


@pytest.mark.parametrize("draw", range(5))
def test_a_value_that_nobody_has_is_tried_on_the_incumbent(draw: int) -> None:
    draft = drafted(View(members=(SEED, HOT)), draw=draw)

    assert draft is not None
    assert {HEAT.id: "3"} == draft.proposal.edits
    assert (SEED.id,) == draft.proposal.parents
    assert Origin.CHOICE is draft.proposal.origin


def test_no_child_is_tried_twice() -> None:
    everything = (SEED, HOT, SEED.edited({HEAT.id: "3"}))

    assert drafted(View(members=everything)) is None


def test_the_share_of_the_attempts_is_kept() -> None:
    assert drafted(View(attempt=6, choices=2)) is None
    assert drafted(View(attempt=7, choices=2)) is not None


def test_where_nothing_else_may_change_every_attempt_tries_a_value() -> None:
    seed = Candidate(texts={HEAT.id: "1"})

    assert drafted(View(components=(HEAT,), members=(seed,), attempt=1, choices=9)) is not None


def test_what_the_policy_drafts_anyway_has_its_turn() -> None:
    other = drafted(View())

    assert other is drafted(View(attempt=6, choices=2), Choosing(otherwise=lambda view, rng: other))
