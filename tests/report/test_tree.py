"""The figures of a search's tree, worked out from its events."""

import pytest

from spanwright.core.rollout import Purpose
from spanwright.errors import UsageError
from spanwright.report import Tree


def test_the_tree_of_a_run_has_the_figures_by_which_gepas_are_told(history):
    seed = history.seed
    history.validate(seed, 0.0, 0.0, 1.0, 1.0)
    history.roll(seed, {"t0": 0.0, "t1": 1.0}, Purpose.MINIBATCH)
    first = history.evolve(seed, {"support/instructions": "Ask."})
    history.validate(first, 1.0, 0.0, 1.0, 1.0)
    history.evolve(seed, {"support/instructions": "Guess."}, accepted=False)
    second = history.evolve(first, {"support/instructions": "Ask twice."})
    history.validate(second, 1.0, 1.0, 1.0, 1.0)
    history.end_search(second, seed)
    history.score_test(seed, 0.0, 0.0, 0.0, 0.0)
    history.end(second)

    tree = Tree.of(history.events)

    assert (3, 0, 2, 2, 2, 1) == (tree.nodes, tree.merges, tree.number, tree.depth, tree.deepest, tree.leaves)
    assert (0.5, 1.0) == (tree.seed, tree.best)
    assert (2, 3) == (tree.admitted, tree.reflections)
    assert 2 / 3 == tree.gate == tree.record()["gate"]
    assert 12 / 14 == tree.validation  # the test split is no part of the search


def test_a_run_that_has_not_begun_has_no_tree():
    with pytest.raises(UsageError):
        Tree.of(())
