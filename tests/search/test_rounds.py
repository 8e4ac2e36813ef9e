"""Of the children of a round that pass the gate, those are admitted whom the rule chooses."""

import pytest

from spanwright.core.candidate import Candidate
from spanwright.core.events import Judged
from spanwright.core.proposal import Proposal, Verdict
from spanwright.errors import UsageError
from spanwright.search import MostImproved, Policy, Rounds, all_that_pass


def judged(attempt, *gains, accepted=True, text=None):
    child = Candidate(texts={"agent/a": text or f"text {attempt}"})
    proposal = Proposal(parents=("seed",), edits=dict(child.texts))
    verdict = Verdict(accepted=accepted, reason="by the gate", differences=gains)
    return Judged(attempt=attempt, proposal=proposal, child=child, verdict=verdict, at=1.0)


ROUND = (judged(1, 0.1, 0.2), judged(2, 0.5), judged(3, -1.0, accepted=False), judged(4, 0.25, 0.25))


@pytest.mark.parametrize(
    ("rule", "admitted"),
    [
        (all_that_pass, [1, 2, 4]),
        (MostImproved(), [2]),
        (MostImproved(at_most=2), [2, 4]),
        (MostImproved(at_most=9), [2, 4, 1]),
    ],
)
def test_the_rule_says_who_is_admitted_and_in_which_order(rule, admitted):
    ended = Rounds(admission=rule).settle(ROUND)

    assert [each.attempt for each in ended if each.verdict.accepted] == admitted
    assert sorted(each.attempt for each in ended) == [1, 2, 3, 4]


def test_who_was_passed_over_has_that_for_a_reason_and_who_failed_has_the_gates():
    ended = {each.attempt: each.verdict for each in Rounds(admission=MostImproved()).settle(ROUND)}

    assert ended[1].passed
    assert "others of its round" in ended[1].reason
    assert not ended[3].passed
    assert ended[3].reason == "by the gate"


def test_equal_texts_of_a_round_are_admitted_once():
    ended = Rounds().settle([judged(1, 0.1, text="same"), judged(2, 0.2, text="same")])

    assert [each.verdict.accepted for each in ended] == [True, False]


@pytest.mark.parametrize("written", range(5))
def test_what_was_written_before_an_interruption_stands_and_the_rest_ends_as_it_would_have(written):
    rounds = Rounds(admission=MostImproved(at_most=2))
    whole = rounds.settle(ROUND)
    before, left = whole[:written], {each.attempt for each in whole[written:]}

    assert whole[written:] == rounds.settle([each for each in ROUND if each.attempt in left], before)


def test_a_rule_that_admits_what_did_not_pass_is_named():
    with pytest.raises(UsageError, match="attempt 3"):
        Rounds(admission=lambda passed: (3,)).settle(ROUND)


def test_rounds_without_a_gate_or_without_attempts_are_refused():
    with pytest.raises(UsageError, match="no gate"):
        Policy.default(rounds=Rounds())
    with pytest.raises(UsageError, match="not both positive"):
        Rounds(parents=0)
