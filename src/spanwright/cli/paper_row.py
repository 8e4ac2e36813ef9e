"""The row of a run beside what was published: figures of simulated models never stand in one table with real ones."""

from collections.abc import Iterator
from dataclasses import dataclass

from spanwright.cli.printing import columns
from spanwright.report.tree import Tree
from spanwright_agents.paper.published import Published, PublishedTree
from spanwright_agents.paper.task import PaperTask

_TREE_HEAD = (
    "tree",
    "candidates",
    "merges",
    "validation",
    "best",
    "depth",
    "deepest",
    "leaves",
    "on validation",
    "gate",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A run of one's own."""

    models: str
    simulated: bool
    official: bool
    """Whether it ran on the official data."""
    policy: str
    before: float | None
    after: float | None
    """The mean on the test split of the seed and of the winner, from 0 to 1."""
    cases: int
    rollouts: int
    budget: int
    """What the paper gave GEPA, without the test split."""
    tree: Tree

    @property
    def comparable(self) -> bool:
        """Whether it may stand beside published figures."""
        return self.official and not self.simulated


def row_lines(task: PaperTask, row: Row, known: Published) -> Iterator[str]:
    """Yield the lines of the comparison."""
    ours = [(f"this run, policy {row.policy}", row.models, _percent(row.before), _percent(row.after))]
    theirs = [
        (f"published: {optimizer}", model, _figure(scores["no optimizer"]), _figure(score))
        for model, scores in known.scores.items()
        for optimizer, score in scores.items()
        if optimizer != "no optimizer"
    ]
    head = (f"{task.title}, test score in %", "models", "before", "after")
    yield from _apart(row, [head], ours, theirs)
    yield ""
    mine = [_own_tree(row.tree)]
    others = [_tree(name, tree, task) for name, tree in known.trees.items()]
    yield from _apart(row, [_TREE_HEAD], mine, others)
    yield ""
    yield (
        f"This run: {row.rollouts:,} rollouts, the test split included, on {row.cases} test cases; published:"
        f" {row.budget:,} without the test split, on {task.sizes.test}."
    )
    yield "Published: arXiv 2507.19457, Tables 1 and 2, one run a cell; the trees are those of its code artifact."


def _apart(
    row: Row, head: list[tuple[str, ...]], ours: list[tuple[str, ...]], theirs: list[tuple[str, ...]]
) -> Iterator[str]:
    """Yield one table, or two where the figures cannot be compared."""
    if row.comparable:
        yield columns([*head, *ours, *theirs])
        return
    what = "simulated models" if row.simulated else "small data of our own"
    yield f"{what.upper()}, NOT TO BE COMPARED with what was published:"
    yield columns([*head, *ours])
    yield "PUBLISHED, with real models on the official data:"
    yield columns([*head, *theirs])


def _own_tree(tree: Tree) -> tuple[str, ...]:
    gate = "-" if tree.gate is None else f"{tree.admitted} of {tree.reflections} ({tree.gate:.0%})"
    return (
        "this run",
        f"{tree.nodes}",
        f"{tree.merges}",
        f"{_percent(tree.seed)} -> {_percent(tree.best)}",
        f"#{tree.number}",
        f"{tree.depth}",
        f"{tree.deepest}",
        f"{tree.leaves}",
        "-" if tree.validation is None else f"{tree.validation:.0%}",
        gate,
    )


def _tree(name: str, tree: PublishedTree, task: PaperTask) -> tuple[str, ...]:
    admitted = tree.nodes - 1 - tree.merges
    gate = f"{admitted} of {tree.reflections} ({admitted / tree.reflections:.0%})" if tree.reflections else "-"
    return (
        f"published: {name}",
        f"{tree.nodes}",
        f"{tree.merges}",
        f"{tree.seed:.2f} -> {tree.best:.2f}",
        f"#{tree.number}",
        f"{tree.depth}",
        f"{tree.deepest}",
        f"{tree.leaves}",
        f"{min(1.0, tree.nodes * task.sizes.validation / task.budget):.0%}",
        gate,
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else _figure(100 * share)


def _figure(percent: float) -> str:
    return f"{percent:.2f}"
