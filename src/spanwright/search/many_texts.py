"""Where an agent has more texts than one answer mends well: look at more cases, and offer all that they blame."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from spanwright.core.candidate import Component
from spanwright.search.components import Blamed
from spanwright.search.policy import Policy
from spanwright.search.settings import PolicySettings

MANY: Final = 24
"""Texts from which on a search is for many: thirty tools have some eighty, an agent with a handful has twenty."""
_ENOUGH: Final = 300
"""Rollouts below which larger minibatches leave too few attempts."""
_LOOKED_AT: Final = 8
"""Cases of a minibatch: three seldom show the same tool twice."""
_OFFERED: Final = 32
_EDITS: Final = 4
"""Of each reader."""


def for_texts(policy: Policy, components: Sequence[Component], rollouts: int | None) -> Policy:
    """Return the policy for an agent's texts: where there are many, what stands at its default is chosen for many.

    `rollouts` are those of the search and the finals, None where they are not limited: with a few, three cases leave
    room for more attempts, and nothing changes.

    One edit of a tool is worth a point or less, which no validation block shows: so an attempt looks at more cases
    and mends all that they blame. `engine.Divided` deals so many out to several readers. docs/design/tool-desk.md
    has what that brings.
    """
    open_to_change = [each for each in components if not each.dynamic and not each.values]
    usual = Policy.default()
    few = len(open_to_change) < MANY or (rollouts is not None and rollouts < _ENOUGH)
    if few or policy.component_rule != usual.component_rule:
        return policy
    chosen = PolicySettings(component_rule=Blamed(at_most=_OFFERED))
    if policy.minibatch_size == usual.minibatch_size:
        chosen["minibatch_size"] = _LOOKED_AT
    if policy.edits == usual.edits:
        chosen["edits"] = _EDITS
    return replace(policy, **chosen)
