"""What the parts of a search brought, from a run's own history."""

import json

from spanwright.core.events import AttemptStarted, Escape, Judged, ReflectionStarted, Refused
from spanwright.core.proposal import Lesson, Origin, Proposal, Refusal, RefusalReason, Verdict
from spanwright.report import Result, Worth

INSTRUCTIONS, TOOL = "support/instructions", "support/tool:refund"
OFFER = (TOOL, INSTRUCTIONS)


def tell(history, attempt, parent, edits, *, origin=Origin.REFLECTION, escape=None, offered=OFFER, lessons=()):
    at = history.now
    history.tell(AttemptStarted(attempt=attempt, parent=parent.id, cases=("t0",), escape=escape, at=at))
    history.tell(ReflectionStarted(attempt=attempt, components=offered, at=at))
    proposal = Proposal(parents=(parent.id,), edits=edits, origin=origin, lessons=lessons)
    child, verdict = proposal.apply(parent), Verdict(accepted=True, reason="so")
    history.tell(Judged(attempt=attempt, proposal=proposal, child=child, verdict=verdict, at=at))
    return child


def test_changes_are_told_by_what_made_the_children(history):
    history.validate(history.seed, 0.5, 0.5, 0.5, 0.5)
    one = tell(history, 1, history.seed, {TOOL: "one"})
    two = tell(history, 2, history.seed, {INSTRUCTIONS: "two"}, escape=Escape.QUESTION)
    both = tell(history, 3, history.seed, {TOOL: "both", INSTRUCTIONS: "both"})
    merged = tell(history, 4, one, {INSTRUCTIONS: "two"}, origin=Origin.MERGE)
    for child, score in ((one, 0.75), (two, 0.25), (both, 1.0), (merged, 1.0)):
        history.validate(child, *[score] * 4)

    worth = Result.from_events(history.events).worth

    assert {
        "edits of 1 text": (0.0, 2),
        "edits of 2 texts": (0.5, 1),
        "escapes by question": (-0.25, 1),
        "merges": (0.25, 1),
    } == {made: (change.mean, change.n) for made, change in worth.changes.items()}


def test_how_often_the_prime_suspect_was_edited_is_told_beside_chance(history):
    tell(history, 1, history.seed, {TOOL: "one"})
    tell(history, 2, history.seed, {INSTRUCTIONS: "two"})
    tell(history, 3, history.seed, {TOOL: "three"}, offered=(TOOL,))

    worth = Result.from_events(history.events).worth

    assert (2, 1, 1.0) == (worth.reflections, worth.first_edited, worth.first_by_chance)


def test_lessons_that_were_addressed_and_came_back_are_counted(history):
    lessons = (Lesson(component=TOOL, text="Ask first."), Lesson(component=TOOL, text="Amounts are cents."))
    child = tell(history, 1, history.seed, {TOOL: "asks"}, lessons=lessons)
    tell(history, 2, child, {INSTRUCTIONS: "x"}, lessons=(Lesson(component=TOOL, text="ask first"),))

    worth = Result.from_events(history.events).worth

    assert (2, 1) == (worth.lessons_addressed, worth.lessons_returned)


def test_there_is_a_line_for_what_came_to_work_and_for_nothing_else(history):
    history.validate(history.seed, 0.5, 0.5, 0.5, 0.5)
    child = tell(history, 1, history.seed, {TOOL: "one"})
    history.validate(child, 0.75, 0.75, 0.75, 0.75)
    refusal = Refusal(reason=RefusalReason.NEAR_DUPLICATE, detail=child.id)
    history.tell(Refused(attempt=2, parent=history.seed.id, refusal=refusal, at=history.now))

    result = Result.from_events(history.events)

    assert [
        "edits of 1 text: +0.25 (1 child)",
        "blame: 1 of 1 answers edited the prime suspect (0.5 by chance)",
        "near-duplicates: 1 answer refused before any rollout",
    ] == list(result.worth.lines())
    assert [] == list(Worth().lines())
    assert {"mean": 0.25, "children": 1} == json.loads(result.to_json())["worth"]["changes"]["edits of 1 text"]
