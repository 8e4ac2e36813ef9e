"""The prompts for texts that are measured as they stand: to improve one, whole or by patches, and to write a first."""

from collections.abc import Sequence
from dataclasses import replace

from spanwright.core.candidate import Component
from spanwright.core.context import ReflectionContext
from spanwright.core.refiner import without_refiner
from spanwright.core.rollout import Observed
from spanwright.core.tokens import tokens
from spanwright.reflection.components import beginnings, others
from spanwright.reflection.examples import happened
from spanwright.reflection.history import lessons_so_far, tried_before
from spanwright.reflection.other_version import other_version
from spanwright.reflection.patches import patchable
from spanwright.reflection.prompt import Composer, Prompt, Rung, Words, composing
from spanwright.reflection.prose import prose
from spanwright.reflection.templates import Briefs

_OTHERS, _START, _LESSONS, _TRIED, _OTHER_VERSION = 0.1, 0.1, 0.08, 0.25, 0.4
GOAL_TOKENS = 4_000
"""A goal with its background is all that is known of a problem, so it may be long."""
_LONG = 8_000
"""Characters of all texts on offer from which on a model is asked for what changes, where nobody says otherwise."""


def evaluated(context: ReflectionContext, offered: Sequence[Component], room: int) -> list[str]:
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
    examples = [replace(each, observed=_own(each.observed)) for each in context.examples]
    shown = happened(examples, left, focus, context.goals, opening=prose("evaluated"))
    return ["", start, rest, shown, other, lessons, tried]


def _own(observed: Observed) -> Observed:
    """Return a try without what a refiner was asked in it: the feedback tells what came of that."""
    return replace(observed, trace=without_refiner(observed.trace))


def _nothing_yet(context: ReflectionContext, offered: Sequence[Component], room: int) -> list[str]:
    return [""]


compose_artifact = composing(
    Words(system="reflect_artifact", request="request_artifact", stuck="stuck_artifact", goal_tokens=GOAL_TOKENS),
    evaluated,
)
compose_patches = composing(
    Words(
        system="reflect_patches",
        request="request_patches",
        stuck="stuck_artifact",
        goal_tokens=GOAL_TOKENS,
        patches=True,
    ),
    evaluated,
)


def composer_of(
    *, patches: bool | None, whole: Composer = compose_artifact, patched: Composer = compose_patches
) -> Composer:
    """Return what asks for whole texts or for patches; None asks for patches of long texts.

    Texts that no patch can change are asked for whole.
    """

    def made(context: ReflectionContext, allowance: int, rung: Rung, briefs: Briefs) -> Prompt:
        texts = [context.parent.texts[each.id] for each in context.components]
        wished = sum(map(len, texts)) > _LONG if patches is None else patches
        chosen = patched if wished and any(map(patchable, texts)) else whole
        return chosen(context, allowance, rung, briefs)

    return made


compose_draft = composing(
    Words(system="draft_artifact", request="request_draft", goal_tokens=GOAL_TOKENS), _nothing_yet
)
