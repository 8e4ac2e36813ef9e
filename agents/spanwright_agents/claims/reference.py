"""What scores are read against: a program that writes nothing, and one whose modules write what the trail takes.

Neither asks a model. They say whether the claims can be won, and won by idleness.
"""

from collections.abc import Mapping, Sequence

from spanwright import Trace
from spanwright_agents.claims.evals import JUDGE, cases
from spanwright_agents.claims.program import Hop, Trail
from spanwright_agents.multihop.library import library


def empty(claim: str, gold: Sequence[str]) -> Trail:
    """Write empty summaries and queries: the pages of the first search are all."""
    return _trail(claim, ("", ""), ("", ""))


def gold(claim: str, gold: Sequence[str]) -> Trail:
    """Sum up what leads on, and search for the name of the next page and what stands in brackets behind it."""
    texts = {passage.title: passage.text for passage in library().passages}
    asked = [title.replace("(", "").replace(")", "") for title in gold[1:]]
    return _trail(claim, tuple(texts[title] for title in gold[:2]), tuple(asked))


def scores() -> Mapping[str, float]:
    """Return the mean score of both, by name."""
    found: dict[str, float] = {}
    for name, drive in (("empty", empty), ("gold", gold)):
        judged = [
            JUDGE(case, drive(case.inputs, case.expected_output.titles), Trace()).value
            for case in cases()
            if case.expected_output is not None
        ]
        found[name] = sum(judged) / len(judged)
    return found


def _trail(claim: str, summaries: Sequence[str], queries: Sequence[str]) -> Trail:
    hops = [Hop(query=claim, passages=library().best(claim))]
    hops += [Hop(query=query, passages=library().search(query).passages) for query in queries]
    titles = dict.fromkeys(passage.title for hop in hops for passage in hop.passages)
    return Trail(titles=tuple(titles), hops=tuple(hops), summaries=tuple(summaries))
