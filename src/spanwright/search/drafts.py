"""Proposals that take no reflection: what is known already is put together anew.

A merge of two members is one; demonstrations from passing traces, or a draw from a model of what paid, are others. A
draft goes the way of every proposal: its child is judged, measured and remembered alike.
"""

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from spanwright.core.candidate import CandidateId
from spanwright.core.proposal import Draft, Proposal
from spanwright.search.view import PoolView

DraftRule: TypeAlias = Callable[[PoolView, Random], Draft | None]
"""Makes a draft for the next attempt; None: that attempt reflects. It is asked again whenever the pool has changed.

A child that was judged before, or that an open attempt is about to make, costs an attempt and brings nothing: ask
`undrafted` first. The smallest one, which tries each text of the seed left out:

    def ablate(view, rng):
        for component, text in view.candidate(view.seed).texts.items():
            proposal = Proposal(parents=(view.seed,), edits={component: ""}, origin=Origin.EXTERNAL)
            if text and undrafted(view, proposal):
                return Draft(proposal=proposal)
        return None
"""


def undrafted(view: PoolView, proposal: Proposal) -> bool:
    """Return whether nobody has tried the child of a proposal, nor is about to from a draft."""
    child = _child(view, proposal)
    drafts = (each.draft for each in view.open_attempts)
    return child not in view and all(draft is None or _child(view, draft.proposal) != child for draft in drafts)


def _child(view: PoolView, proposal: Proposal) -> CandidateId:
    return proposal.apply(view.candidate(proposal.parents[0])).id
