from contextlib import ExitStack

from hypothesis import given
from hypothesis import strategies as st

from spanwright.testing.simulated.servings import Servings
from spanwright.testing.simulated.wire import ChatMessage, ChatRequest

REQUEST = ChatRequest(model="sim", messages=(ChatMessage(role="user", content="hi"),))
SEEDED = ChatRequest(model="sim", messages=REQUEST.messages, seed=1)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_clients_that_retry_until_they_succeed_get_the_first_numbers_between_them(failures, order):
    servings, delivered, arrivals = Servings(), [], []
    waiting = list(failures)
    under_way = []
    while waiting or under_way:
        if waiting and (not under_way or order.random() < 0.5):
            left = waiting.pop()
            stack = ExitStack()
            serving = stack.enter_context(servings.arrival(REQUEST, REQUEST.digest))
            arrivals.append(serving.arrival)
            under_way.append((left, stack, serving))
        else:
            left, stack, serving = under_way.pop(order.randrange(len(under_way)))
            serving.delivered = left == 0
            stack.close()
            if left == 0:
                delivered.append(serving.number)
            else:
                waiting.append(left - 1)

    assert list(range(len(failures))) == sorted(delivered)
    assert list(range(sum(failures) + len(failures))) == arrivals


def test_no_two_servings_under_way_have_the_same_number():
    servings = Servings()
    with (
        servings.arrival(REQUEST, "d") as first,
        servings.arrival(REQUEST, "d") as second,
        servings.arrival(REQUEST, "other") as third,
    ):
        assert [0, 1, 0] == [first.number, second.number, third.number]


def test_a_request_with_a_seed_is_always_the_first_serving_but_arrives_anew():
    servings = Servings()
    seen = []
    for _ in range(3):
        with servings.arrival(SEEDED, SEEDED.digest) as serving:
            serving.delivered = True
            seen.append((serving.number, serving.arrival))

    assert [(0, 0), (0, 1), (0, 2)] == seen
