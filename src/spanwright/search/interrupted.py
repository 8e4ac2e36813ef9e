"""What a crash or a stop left unfinished: a resumed run does it, and not a second time."""

from spanwright.core.candidate import CandidateId
from spanwright.core.rollout import Purpose
from spanwright.search.attempts import TopUp
from spanwright.search.race import open_cases
from spanwright.search.view import PoolView


def lost(view: PoolView, begun: TopUp) -> bool:
    """Say whether cells of a top-up were lost with a process and not measured since."""
    cells = {
        each.key.case
        for each in view.lost_lately
        if each.attempt == begun.attempt and each.key.candidate == begun.member and each.purpose is Purpose.VALIDATION
    }
    return bool(cells.intersection(open_cases(view, begun.member, view.validation)))


def latest(view: PoolView) -> tuple[CandidateId, ...]:
    """Return the newest members, if nothing has begun since the attempt, or the round, that made them."""
    begun = view.top_up is not None and view.top_up.attempt == view.next_attempt
    if begun or view.open_attempts or not view.latest_round:
        return ()
    admitted = (each.child.id for each in view.judged_in_round if each.verdict.accepted)
    return tuple(dict.fromkeys(admitted))
