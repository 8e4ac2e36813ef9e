"""Whether a child that was tried on its parent's minibatch is admitted. The default policy has no gate."""

import math
from collections.abc import Callable, Mapping
from typing import TypeAlias

from spanwright.core.proposal import Verdict

GateRule: TypeAlias = Callable[[Mapping[str, float], Mapping[str, float]], Verdict]
"""Judges by the parent's scores and the child's on the same cases.

The smallest one:

    def lenient(before, after):
        return Verdict(accepted=True, reason="anything goes")
"""

_NOISE = 1e-12
"""Sums that differ by less are equal."""


def strict(before: Mapping[str, float], after: Mapping[str, float]) -> Verdict:
    """Admit a child with a higher sum than its parent on the cases that both have: gepa's gate."""
    differences = paired_differences(before, after)
    return _verdict(differences, accepted=math.fsum(differences) > _NOISE)


def not_worse(before: Mapping[str, float], after: Mapping[str, float]) -> Verdict:
    """Admit a child with at least its parent's sum on the cases that both have."""
    differences = paired_differences(before, after)
    return _verdict(differences, accepted=bool(differences) and math.fsum(differences) >= -_NOISE)


def paired_differences(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[float, ...]:
    """Return child minus parent for each case that both have, in the order of `before`."""
    return tuple(after[case] - before[case] for case in before if case in after)


def _verdict(differences: tuple[float, ...], *, accepted: bool) -> Verdict:
    reason = f"{math.fsum(differences):+.2f} on {len(differences)} cases" if differences else "no case has both scores"
    return Verdict(accepted=accepted, reason=reason, differences=differences)
