"""What was proposed along a lineage, for reflectors that carry on a conversation."""

from spanwright.core.candidate import Candidate
from spanwright.core.events import AttemptStarted, Judged
from spanwright.core.proposal import Origin, Proposal, Verdict
from spanwright.search import Pool


def propose(story, parent, text, *, accepted=True, origin=Origin.REFLECTION):
    number = story.view.next_attempt
    proposal = Proposal(parents=(parent,), edits={"agent/a": text}, diagnosis=f"why {text}", origin=origin)
    child = proposal.apply(story.view.candidate(parent))
    verdict = Verdict(accepted=accepted, reason="+0.10 on 3 cases" if accepted else "-0.10 on 3 cases")
    story.tell(AttemptStarted(attempt=number, parent=parent, cases=("t0",), at=1.0))
    story.tell(Judged(attempt=number, proposal=proposal, child=child, verdict=verdict, at=2.0))
    return child.id


def said(story, member):
    return [
        (turn.proposal.diagnosis, turn.outcome.partition(":")[0], turn.kept) for turn in story.view.turns_before(member)
    ]


def test_the_turns_are_those_of_the_lineage_and_then_those_made_from_the_parent(story):
    story.validate(story.seed, [0.0] * 12)
    first = propose(story, story.seed, "one")
    story.validate(first, [0.5] * 8)
    propose(story, story.seed, "of another line")
    second = propose(story, first, "two")
    merged = propose(story, second, "merged", origin=Origin.MERGE)
    propose(story, merged, "three", accepted=False)

    assert said(story, story.seed) == [("why one", "better", False), ("why of another line", "not measured yet", False)]
    assert said(story, merged) == [
        ("why one", "better", True),
        ("why two", "not measured yet", True),
        ("why three", "not admitted", False),
    ]


def test_a_resumed_run_has_the_same_turns(story):
    member = story.seed
    for number in range(20):
        propose(story, member, f"failed {number}", accepted=False)
        member = propose(story, member, f"text {number}")
    again = Pool()
    for event in story.events:
        again.apply(event)

    assert 12 == len(story.view.turns_before(member))
    assert story.view.turns_before(member) == again.view.turns_before(member)
    assert isinstance(again.view.candidate(member), Candidate)
