"""An agent with many texts is searched otherwise than one with a few, where nobody says how."""

from spanwright.core.candidate import Component, Kind
from spanwright.search import Blamed, Policy, for_texts, round_robin


def texts(count, *, dynamic=False):
    ids = [f"desk/tool:t{place}" for place in range(count)]
    return [Component(id=id, kind=Kind.TOOL, agent="desk", text="Does it.", dynamic=dynamic) for id in ids]


def test_a_few_texts_are_searched_as_ever():
    assert Policy.default(seed=3) == for_texts(Policy.default(seed=3), texts(12), None)


def test_with_many_texts_an_attempt_looks_at_more_cases_and_is_offered_all_that_they_blame():
    policy = for_texts(Policy.default(seed=3), texts(40), None)

    assert (8, 4, Blamed(at_most=32)) == (policy.minibatch_size, policy.edits, policy.component_rule)
    assert 3 == policy.seed


def test_what_the_user_chose_stays():
    assert 5 == for_texts(Policy.default(minibatch_size=5), texts(40), None).minibatch_size
    assert 1 == for_texts(Policy.default(edits=1), texts(40), None).edits
    gepa = Policy.gepa(component_rule=round_robin)
    assert gepa == for_texts(gepa, texts(40), None)


def test_texts_that_cannot_change_do_not_count():
    computed = texts(40, dynamic=True)

    assert Policy.default() == for_texts(Policy.default(), computed, None)


def test_a_small_budget_has_room_for_more_attempts_the_usual_way():
    assert Policy.default() == for_texts(Policy.default(), texts(40), 299)
    assert 8 == for_texts(Policy.default(), texts(40), 300).minibatch_size
