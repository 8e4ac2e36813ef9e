"""The prompts for texts that are measured as they stand: to improve one, and to write the first one."""

from collections.abc import Sequence

from spanwright.core.candidate import Component
from spanwright.core.context import ReflectionContext
from spanwright.core.tokens import tokens
from spanwright.reflection.components import beginnings, others
from spanwright.reflection.examples import happened
from spanwright.reflection.history import lessons_so_far, tried_before
from spanwright.reflection.other_version import other_version
from spanwright.reflection.prompt import Words, composing
from spanwright.reflection.prose import prose

_OTHERS, _START, _LESSONS, _TRIED, _OTHER_VERSION = 0.1, 0.1, 0.08, 0.25, 0.4
_GOAL_TOKENS = 4_000
"""A goal with its background is all that is known of a problem, so it may be long."""


def _evidence(context: ReflectionContext, offered: Sequence[Component], room: int) -> list[str]:
    """Return nobody at work, then what stands between the texts and the request; the examples take what is left."""
    ids = {each.id for each in offered}
    unoffered = (*(each for each in context.components if each.id not in ids), *context.others)
    start = beginnings(offered, context.parent, int(room * _START))
    rest = others(unoffered, context.parent, int(room * _OTHERS))
    lessons = lessons_so_far(context.lessons, int(room * _LESSONS))
    tried = tried_before(context.tried, context.parent.texts, int(room * _TRIED))
    other = other_version(context.partner, context.parent, offered, context.examples, int(room * _OTHER_VERSION))
    fixed = (start, rest, other, lessons, tried)
    left = room - sum(tokens(f"{each}\n\n") for each in fixed if each)
    focus = tuple(each.id for each in offered)
    shown = happened(context.examples, left, focus, context.goals, opening=prose("evaluated"))
    return ["", start, rest, shown, other, lessons, tried]


def _nothing_yet(context: ReflectionContext, offered: Sequence[Component], room: int) -> list[str]:
    return [""]


compose_artifact = composing(
    Words(system="reflect_artifact", request="request_artifact", stuck="stuck_artifact", goal_tokens=_GOAL_TOKENS),
    _evidence,
)
compose_draft = composing(
    Words(system="draft_artifact", request="request_draft", goal_tokens=_GOAL_TOKENS), _nothing_yet
)
