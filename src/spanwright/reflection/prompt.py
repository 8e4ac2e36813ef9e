"""The prompt of one reflection: everything that a reflector may know, fitted to an allowance of tokens.

The same context gives the same prompt, byte for byte. It never exceeds its allowance. Texts under edit are never cut:
traces are shortened first, then examples are left out, and at the very last fewer components are offered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice, zip_longest
from typing import TypeAlias

from spanwright.core.candidate import Component
from spanwright.core.context import ReflectionContext
from spanwright.core.tokens import tokens
from spanwright.core.trace import Image
from spanwright.errors import UsageError
from spanwright.reflection.agents import agents
from spanwright.reflection.components import beginnings, editable, others
from spanwright.reflection.evidence import clean, cut, line, marked, quoted
from spanwright.reflection.examples import happened
from spanwright.reflection.goals import wanted
from spanwright.reflection.history import lessons_so_far, tried_before
from spanwright.reflection.other_version import other_version
from spanwright.reflection.prose import filled, prose
from spanwright.reflection.recorded import recorded_before
from spanwright.reflection.templates import Briefs, Templates
from spanwright.reflection.tool_use import tools_so_far

_AGENTS, _OTHERS, _START, _LESSONS, _TRIED, _RECORDED, _TOOLS = 0.05, 0.05, 0.1, 0.1, 0.15, 0.15, 0.1
"""The most of what the fixed parts leave that these sections may take. The examples get the rest."""
_OTHER_VERSION = 0.4
"""The same of a second version's texts, which stand in full or not at all."""
_OBJECTIVE_TOKENS = 200
_TOOLS_TOKENS = 600
"""The most that the section on tools takes, however many there are and however large the allowance."""
_MOST_IMAGES = 6
_NONE = Briefs({})


class Rung(StrEnum):
    """A form of answer, from the strictest to the most forgiving."""

    TOOL = "tool output"
    NATIVE = "native schema"
    PROMPTED = "prompted JSON"
    TAGGED = "tagged text"


_FORMS = {Rung.TOOL: "form_tool", Rung.NATIVE: "form_json", Rung.PROMPTED: "form_json", Rung.TAGGED: "form_tagged"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt in its two parts, and what it offers."""

    system: str
    user: str
    offered: tuple[Component, ...]
    """The components that the prompt shows in full: only these may be edited in the answer."""
    patches: bool = False
    """Whether it asks for SEARCH/REPLACE blocks in tags, whatever form it was to ask for."""
    images: tuple[Image, ...] = ()
    """Pictures that go with it, for models that can see. They are not part of the allowance."""

    @property
    def text(self) -> str:
        """The whole prompt as one text."""
        return f"{self.system}\n\n{self.user}"


def render_prompt(
    context: ReflectionContext, allowance: int, *, rung: Rung = Rung.TOOL, prompts: Templates | None = None
) -> str:
    """Return the prompt that a reflector reads, in at most `allowance` tokens. Raises UsageError as `compose` does."""
    return compose(context, allowance, rung, Briefs(prompts or {})).text


Composer: TypeAlias = Callable[[ReflectionContext, int, Rung, Briefs], Prompt]
"""Makes the prompt for an answer in the form of a rung, in at most so many tokens."""

Evidence: TypeAlias = Callable[[ReflectionContext, Sequence[Component], int], Sequence[str]]
"""Tells in at most so many tokens who is at work, then what stands between the texts and the request."""


def compose(context: ReflectionContext, allowance: int, rung: Rung, briefs: Briefs = _NONE) -> Prompt:
    """Return the prompt for an answer in the form of `rung`, in at most `allowance` tokens.

    Raises UsageError where the allowance cannot hold even one component beside the fixed prose.
    """
    return composing("reflect", _evidence)(context, allowance, rung, briefs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The prose of a kind of prompt: names of files in `prompts/`, and how much room the goal has."""

    system: str
    request: str = "request"
    stuck: str = "stuck"
    goal_tokens: int = _OBJECTIVE_TOKENS
    patches: bool = False
    """Whether the answer is what changes, as blocks in tags."""


def composing(words: str | Words, evidence: Evidence) -> Composer:
    """Return what makes prompts as `compose` does, of the words in `prompts/<words>.md` and of other evidence."""
    said = Words(system=words) if isinstance(words, str) else words

    def made(context: ReflectionContext, allowance: int, rung: Rung, briefs: Briefs = _NONE) -> Prompt:
        return _composed(context, allowance, rung, briefs, words=said, evidence=evidence)

    return made


def _composed(
    context: ReflectionContext, allowance: int, rung: Rung, briefs: Briefs, *, words: Words, evidence: Evidence
) -> Prompt:
    for count in range(len(context.components), 0, -1):
        offered = context.components[:count]
        system, goal = prose(words.system), _goal(context, words.goal_tokens)
        texts = editable(offered, context.parent, briefs)
        closing = _closing(
            offered, context.most_edits, words.request, "form_patches" if words.patches else _FORMS[rung]
        )
        stuck = prose(words.stuck) if context.stuck else ""
        room = allowance - sum(tokens(f"{part}\n\n") for part in (system, goal, texts, stuck, closing))
        if room >= 0:
            cast, *shown = evidence(context, offered, room)
            sections = [goal, cast, texts, *shown, stuck, closing]
            user = marked("\n\n".join(section for section in sections if section))
            images = _images(context)
            return Prompt(system=system, user=user, offered=offered, images=images, patches=words.patches)
    raise UsageError(
        f"a reflection prompt of {allowance} tokens cannot hold a component's text",
        "Give the reflector a larger allowance, or a model with a larger context window",
    )


def _images(context: ReflectionContext) -> tuple[Image, ...]:
    """Return the pictures of the examples, each with its case, the first of each before the second of any."""
    by_example = [
        [
            replace(image, label=f"case {quoted(example.case.id)}: {line(image.label) or 'a picture'}")
            for image in images
        ]
        for example in context.examples
        if (images := example.observed.trace.images)
    ]
    in_turn = (image for turn in zip_longest(*by_example) for image in turn if image is not None)
    return tuple(islice(in_turn, _MOST_IMAGES))


def _goal(context: ReflectionContext, most: int) -> str:
    objective = cut(clean(context.objective).strip(), most)
    shown = "\n\n".join(part for part in (objective, wanted(context.goals)) if part)
    return f"# Goal\n{shown}" if shown else ""


def _closing(offered: Sequence[Component], most: int | None, request: str, form: str) -> str:
    names = ", ".join(quoted(each.id) for each in offered)
    limit = f" {filled('most_edits', {'most': str(most)})}" if most is not None and len(offered) > most else ""
    return f"{filled(request, {'components': names, 'limit': limit})}\n\n{prose(form)}"


def _evidence(context: ReflectionContext, offered: Sequence[Component], room: int) -> list[str]:
    """Return who is at work, and what stands between the texts and the request; the examples take what is left."""
    ids = {each.id for each in offered}
    unoffered = (*(each for each in context.components if each.id not in ids), *context.others)
    start = beginnings(offered, context.parent, int(room * _START))
    rest = others(unoffered, context.parent, int(room * _OTHERS), context.shared)
    cast = agents([example.observed.trace for example in context.examples], int(room * _AGENTS))
    lessons = lessons_so_far(context.lessons, int(room * _LESSONS))
    tried = tried_before(context.tried, context.parent.texts, int(room * _TRIED))
    focus = tuple(each.id for each in offered)
    recorded = recorded_before(context.recorded, int(room * _RECORDED), focus)
    other = other_version(context.partner, context.parent, offered, context.examples, int(room * _OTHER_VERSION))
    tools = tools_so_far(context.examples, min(int(room * _TOOLS), _TOOLS_TOKENS))
    fixed = (cast, start, rest, tools, other, recorded, lessons, tried)
    examples = happened(
        context.examples, room - sum(tokens(f"{each}\n\n") for each in fixed if each), focus, context.goals
    )
    return [cast, start, rest, examples, tools, other, recorded, lessons, tried]
