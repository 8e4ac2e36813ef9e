"""What models make a run wait for is told while it goes on, and what they refused and failed is told in the end."""

from spanwright.core.events import Paced
from spanwright.core.limits import Counts
from spanwright.report.page import Surroundings, page_from
from spanwright.report.standing import Following


def paced(history, **counts):
    history.tell(Paced(lanes={"openai:small": Counts(**counts)}, at=history.now))


def standing(history):
    following = Following()
    for event in history.events:
        following.apply(event)
    return following.standing


def test_a_line_at_a_model_is_a_limit_at_work(history):
    paced(history, answered=40, limit=5, waiting=27)

    assert ("openai:small: 5 requests at once, 27 waiting",) == standing(history).limits


def test_refusals_are_told_until_there_are_none(history):
    paced(history, refused=3, limit=10)
    assert ("openai:small: 10 requests at once, 3 refused lately (429)",) == standing(history).limits

    paced(history, refused=3, limit=12)
    assert () == standing(history).limits


def test_a_model_that_is_down_is_said_to_be(history):
    paced(history, failed=9, outages=1, limit=1, waiting=8, down=True)

    assert ("openai:small does not answer: one probe at a time",) == standing(history).limits


def test_a_run_that_has_ended_waits_for_nothing(history):
    paced(history, limit=5, waiting=27)
    history.end_search(history.seed)
    history.end(history.seed)

    assert () == standing(history).limits


def test_a_page_counts_the_processes_of_a_run_together(history):
    history.validate(history.seed, 0.0, 0.5, 0.0, 0.5)
    paced(history, answered=10, refused=3, limit=10)
    history.resume()
    paced(history, answered=5, refused=1, failed=2, limit=7, waiting=1)

    page = page_from(history.events, Surroundings(running=True))

    (lane,) = page.lanes
    assert ("openai:small", Counts(answered=15, refused=4, failed=2, limit=7, waiting=1)) == (lane.model, lane.counts)
    assert ("openai:small: 7 requests at once, 1 waiting, 1 refused lately (429)",) == page.head.held_up
