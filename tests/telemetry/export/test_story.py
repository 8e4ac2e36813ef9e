"""Ids that two processes agree on, and stories that are told once whatever process tells them."""

from hypothesis import given
from hypothesis import strategies as st

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.events import (
    Abandoned,
    AttemptStarted,
    Event,
    RolloutEnded,
    RunEnded,
    RunResumed,
    RunStarted,
    StopReason,
)
from spanwright.core.rollout import Blame, Failure, Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.usage import Budget, Usage
from spanwright.telemetry.export.story import Story
from spanwright.telemetry.export.told import Place, Told

SEED = Candidate(texts={"desk/instructions": "Help.", "clerk/tool:find": "Find."})
COMPONENTS = tuple(
    Component(id=id, kind=Kind.TEXT, agent=id.split("/")[0], text=text) for id, text in SEED.texts.items()
)
STARTED = RunStarted(
    run="r",
    at=100.0,
    seed=SEED,
    components=COMPONENTS,
    budget=Budget(),
    policy="p",
    train=(),
    validation=("a", "b"),
    test=(),
)


def rollout(number: int, case: str, value: float | None, purpose: Purpose = Purpose.VALIDATION, **more) -> RolloutEnded:
    return RolloutEnded(
        rollout=Rollout(
            number=number,
            key=RolloutKey(candidate=SEED.id, case=case, repeat=number),
            purpose=purpose,
            score=None if value is None else Score(value=value),
            trace_id=f"{number + 1:032x}",
            started=100.0 + number,
            ended=101.0 + number,
            **more,
        )
    )


HISTORY: list[Event] = [
    STARTED,
    rollout(1, "a", 0.0),
    rollout(2, "a", 1.0),
    rollout(3, "b", 1.0),
    AttemptStarted(attempt=1, parent=SEED.id, cases=("a",), at=104.0),
    rollout(4, "a", 1.0, Purpose.MINIBATCH, attempt=1),
    Abandoned(attempt=1, parent=SEED.id, reason="nothing to learn", at=106.0),
    RunEnded(reason=StopReason.BUDGET, winner=SEED.id, usage=Usage(), at=107.0),
]


def tell(live: list[Event], earlier: list[Event] = []) -> list[Told]:  # noqa: B006 - it is only read
    told: list[Told] = []
    story = Story(told.append)
    story.replay(earlier)
    for event in live:
        story(event)
    story.close()
    return told


@given(st.integers(min_value=1, max_value=len(HISTORY) - 1))
def test_a_story_that_is_cut_anywhere_is_the_whole_story(place: int) -> None:
    before, after = HISTORY[:place], HISTORY[place:]
    whole = [each for each in tell(HISTORY) if each.name != "run"]
    parts = [*tell(before), *tell([RunResumed(at=100.0, budget=Budget()), *after], before)]

    assert whole == [each for each in parts if each.name != "run"]
    assert tell(HISTORY)[-1] == parts[-1]


def test_times_are_those_of_the_events() -> None:
    told = {each.name: each for each in tell(HISTORY)}

    assert (104.0, 106.0) == (told["attempt 1"].started, told["attempt 1"].ended)
    assert (100.0, 107.0) == (told["run"].started, told["run"].ended)
    assert told["rollout"].attributes["spanwright.rollout"] == "4"
    assert (104.0, 105.0) == (told["rollout"].started, told["rollout"].ended)


def test_cases_that_were_repeated_count_once_in_the_runs_figures() -> None:
    (run,) = [each for each in tell(HISTORY) if each.name == "run"]

    assert {"seed validation": 0.75, "winner validation": 0.75} == {each.name: each.value for each in run.evaluations}


def test_a_candidate_is_a_version_of_all_the_agents_together() -> None:
    (run,) = [each for each in tell(HISTORY) if each.name == "run"]

    assert "clerk+desk" == run.attributes["gen_ai.prompt.name"]


def test_a_failure_of_the_world_has_no_score_and_says_so() -> None:
    failure = Failure(boundary="model", blame=Blame.WORLD, message="429")
    told = tell([STARTED, rollout(1, "a", None, failure=failure)])

    (root,) = [each for each in told if each.name == "rollout" and each.parent is None]
    assert ((), "model: 429", "world") == (root.evaluations, root.error, root.attributes["spanwright.blame"])


def test_a_rollout_that_was_not_recorded_has_its_scores_where_the_run_asked_for_it() -> None:
    event = rollout(1, "a", 0.5)
    blind = RolloutEnded(rollout=Rollout(number=1, key=event.rollout.key, purpose=Purpose.TEST, score=Score(value=0.5)))
    told = [each for each in tell([STARTED, blind]) if each.name == "rollout"]

    assert [[("score", 0.5)]] == [[(each.name, each.value) for each in told[0].evaluations]]


def test_a_run_that_did_not_go_on_is_not_told() -> None:
    assert [] == tell([], HISTORY)


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_the_ids_of_a_run_come_from_its_name_and_start_alone(name: str, started: float) -> None:
    root = Place.of_run(name, started)

    assert root == Place.of_run(name, started)
    assert root != Place.of_run(f"{name} again", started)
    assert 0 < root.span < 2**64
    assert root.below("attempt 1") == root.below("attempt 1") != root.below("attempt 2")
