"""The prompt of OPRO (arXiv 2309.03409): earlier texts with their scores and a few tasks, in place of traces.

Nothing tells what went wrong: it is the baseline for what traces and feedback are worth. Where no scores are given,
what is left is a request for a variation, as APE (arXiv 2211.01910) makes one.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from spanwright.core.candidate import Component
from spanwright.core.context import Example, ReflectionContext, ScoredText
from spanwright.core.score import Score
from spanwright.core.tokens import tokens
from spanwright.core.trace import Trace
from spanwright.reflection.evidence import cut, field, line, record
from spanwright.reflection.examples import happened
from spanwright.reflection.prompt import composing
from spanwright.reflection.prose import prose

_SCORES = 0.7
"""The most of the room that the earlier texts may take; the tasks get the rest."""
_TEXT_TOKENS = 1_000


def _evidence(context: ReflectionContext, offered: Sequence[Component], room: int) -> list[str]:
    ids = tuple(each.id for each in offered)
    texts = _scored_texts([each for each in context.scored if each.component in ids], int(room * _SCORES))
    left = room - tokens(f"{texts}\n\n")
    return ["", happened([_in_short(each) for each in context.examples], left, ids), texts]


def _in_short(example: Example) -> Example:
    """Return an example that shows its task and how well it was done, and not why."""
    rollout = example.observed.rollout
    score = None if rollout.score is None else Score(value=rollout.score.value)
    observed = replace(example.observed, rollout=replace(rollout, score=score), trace=Trace())
    return replace(example, observed=observed, blamed=())


def _scored_texts(scored: Sequence[ScoredText], allowance: int) -> str:
    """Return the section of earlier texts; where room is short the worst are left out."""
    kept: list[str] = []
    for each in sorted(scored, key=lambda each: -each.score):
        said = field("text", cut(each.text, _TEXT_TOKENS)).replace("\n", "\n  ")
        entry = f"- for {line(each.component)}, score {each.score:.3f}\n  {said}"
        if tokens(_section([entry, *kept])) > allowance:
            break
        kept.insert(0, entry)
    return _section(kept) if kept else ""


def _section(entries: Sequence[str]) -> str:
    return f"{prose('scored_texts')}\n{record(chr(10).join(entries))}"


compose_scores: Final = composing("scores", _evidence)
"""Makes the prompt that shows how earlier texts scored. Raises UsageError as `compose` does."""
