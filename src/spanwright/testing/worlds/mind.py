"""The simulated task model of worlds: which tool it takes for a wish, and how it fills an argument.

It applies what texts state by the rules of the other simulated models (`conventions.scopes`), and knows nothing but the
request, the tools with their docs, and English. Each decision is there twice, from the same ingredients: drawn, and as
the probability of an outcome, from which the true score of a candidate follows in closed form.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import Final, TypeAlias

from spanwright.testing.simulated.conventions import Scope, Subject, scopes
from spanwright.testing.simulated.lexicon import Directive, Slots
from spanwright.testing.simulated.reading import Reading, ToolReading
from spanwright.testing.simulated.wire import Draws
from spanwright.testing.simulated.words import stems
from spanwright.testing.worlds.habits import Habit, Values, habit
from spanwright.testing.worlds.plan import Rule
from spanwright.testing.worlds.surface import Request, Wish, aspect_of

GIVES_UP: Final = 0.85
"""How often a request that cannot be read in part is given up."""
_STATES_UNASKED: Final = 0.25
"""How often an answer states what no text asks it to state."""
_WEIGHED: Final = 8
"""Of so many tools, at most, the model considers what texts say that they are for."""
_NAMED, _DESCRIBED, _SAID = 2.0, 1.0, 3.0
"""What a word of a wish in a tool's name counts, one in its description, and a sentence that gives the wish to it."""
_LEAST_SHARE: Final = 0.5
"""Of the words that a topic and a wish have, so many agree where the topic means the wish."""
_CONCRETE: Final = re.compile(r"\d{3,}")
_Place: TypeAlias = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One aspect of a wish, and the way in which the model writes it."""

    aspect: str
    kind: str
    value: str
    slots: Slots | None
    """None for something that an answer does not state."""


@dataclass(slots=True, kw_only=True)
class Mind:
    """The model with one set of texts before it. It remembers what it concluded, which changes speed, never a draw."""

    reading: Reading
    values: Values
    replies: Mapping[str, tuple[str, Slots]]
    """The kind and the value of what answers can state, by its aspect."""
    digest: str = ""
    """The identity of the texts."""
    _kinds: Mapping[str, str] = field(init=False)
    _settles: Mapping[str, frozenset[str]] = field(init=False)
    """The slots that a kind of directive settles; others say where it applies."""
    _aspects: Mapping[str, frozenset[str]] = field(init=False)
    _numbers: tuple[str, ...] = field(init=False)
    """Numbers of requests that some sentence is narrowed to."""
    _places: dict[_Place, tuple[Scope, ...]] = field(default_factory=dict[_Place, tuple[Scope, ...]])
    _habits: dict[tuple[str, str], Habit] = field(default_factory=dict[tuple[str, str], Habit])
    _keeping: dict[_Place, float] = field(default_factory=dict[_Place, float])
    _choices: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    _fits: dict[str, "_Fits"] = field(default_factory=dict[str, "_Fits"])

    def __post_init__(self) -> None:
        self._kinds = {aspect_of(kind): kind for kind in self.values}
        self._settles = {kind: frozenset(dict(ways[0])) for kind, ways in self.values.items()}
        self._aspects = {tool.name: frozenset(each.name for each in tool.parameters) for tool in self.reading.tools}
        self._numbers = tuple(sorted(set(_numbers(self.reading))))

    def gives_up(self, request: Request, draws: Draws) -> bool:
        """Say whether the model serves nothing of a request this time."""
        return draws.chance(self.gives_up_chance(request), "slip")

    def gives_up_chance(self, request: Request) -> float:
        """Return how likely that is."""
        return GIVES_UP if request.illegible else self.reading.habits.slip

    def choose(self, wish: Wish, draws: Draws) -> str:
        """Return the name of the tool that is taken for a wish."""
        fits = self._fit(wish.phrase)
        heeded = tuple(draws.chance(chance, "use", wish.phrase, name) for name, chance in fits.uncertain)
        ties = fits.best(heeded)
        return ties[0] if len(ties) == 1 else draws.choice(ties, "tool", wish.phrase)

    def choice_chance(self, wish: Wish, tool: str) -> float:
        """Return how likely `tool` is taken for a wish."""
        known = self._choices.get((wish.phrase, tool))
        if known is None:
            known = self._choices[wish.phrase, tool] = self._choice_chance(self._fit(wish.phrase), tool)
        return known

    def _choice_chance(self, fits: "_Fits", tool: str) -> float:
        total = 0.0
        for heeded in product((False, True), repeat=len(fits.uncertain)):
            likely = prod(c if h else 1 - c for h, (_, c) in zip(heeded, fits.uncertain, strict=True))
            ties = fits.best(heeded)
            total += likely / len(ties) if tool in ties else 0.0
        return total

    def fill(self, tool: str, wish: Wish, task: str, draws: Draws) -> tuple[Filled, ...]:
        """Fill the arguments that a wish's tool has; for the wish of an answer `tool` is empty."""
        has = self._aspects.get(tool)
        return tuple(
            self._filled(tool, aspect, value, task, draws)
            for aspect, value in wish.values
            if has is None or aspect in has
        )

    def _filled(self, tool: str, aspect: str, value: str, task: str, draws: Draws) -> Filled:
        if not tool:
            kind, slots = self.replies[aspect]
            stated = applied(self._where(tool, aspect, task), kind, (tool, aspect), draws) is not None
            stated = stated or draws.chance(_STATES_UNASKED, "habit", kind, aspect)
            return Filled(aspect=aspect, kind=kind, value=value, slots=slots if stated else None)
        kind = self._kinds[aspect]
        directive = applied(self._where(tool, aspect, task), kind, (tool, aspect), draws)
        if directive is None:
            return Filled(
                aspect=aspect, kind=kind, value=value, slots=self._habit(tool, aspect).draw(draws, tool, aspect)
            )
        settles = self._settles[kind]
        slots = tuple(slot for slot in directive.slots if slot[0] in settles)
        return Filled(aspect=aspect, kind=kind, value=value, slots=slots)

    def keeping_chance(self, rule: Rule, task: str) -> float:
        """Return how likely a rule is kept, where its tool was taken."""
        place = (rule.tool, rule.aspect, self._meant(task))
        known = self._keeping.get(place)
        if known is None:
            known = self._keeping[place] = self._keeping_chance(rule, task)
        return known

    def _keeping_chance(self, rule: Rule, task: str) -> float:
        left, kept, tool, aspect = 1.0, 0.0, rule.tool, rule.aspect
        for scope in self._where(tool, aspect, task):
            if scope.directives:
                share = sum(map(rule.kept_by, scope.directives)) / len(scope.directives)
                kept += left * scope.strength * share
                left *= 1 - scope.strength
        if not tool:
            return kept + left * _STATES_UNASKED
        return kept + left * self._habit(tool, aspect).chance(rule.slots)

    def _habit(self, tool: str, aspect: str) -> Habit:
        known = self._habits.get((tool, aspect))
        if known is None:
            known = self._habits[tool, aspect] = habit(self._kinds[aspect], (tool, aspect), self.values)
        return known

    def _where(self, tool: str, aspect: str, task: str) -> tuple[Scope, ...]:
        """Return the places that say how an aspect is filled, those included that say it for this one task."""
        meant = self._meant(task)
        known = self._places.get((tool, aspect, meant))
        if known is None:
            known = self._places[tool, aspect, meant] = tuple(self._places_of(tool, aspect, " ".join(meant)))
        return known

    def _meant(self, task: str) -> tuple[str, ...]:
        return tuple(number for number in self._numbers if number in task) if self._numbers else ()

    def _places_of(self, tool: str, aspect: str, task: str) -> Iterator[Scope]:
        read = replace(self.reading, task=task)
        if not tool:
            kind, slots = self.replies[aspect]
            return scopes(kind, read, Subject(), lambda said: all(said.slot(n) == v for n, v in slots))
        reading = read.tool(tool)
        assert reading is not None, "a tool that was chosen is one that is offered"
        parameter = next(each for each in reading.parameters if each.name == aspect)
        return scopes(self._kinds[aspect], read, Subject(tool=reading, parameter=parameter))

    def _fit(self, phrase: str) -> "_Fits":
        known = self._fits.get(phrase)
        if known is None:
            known = self._fits[phrase] = _fits(phrase, self.reading)
        return known


def applied(places: Sequence[Scope], kind: str, key: tuple[str, str], draws: Draws) -> Directive | None:
    """Return the directive that is applied this time: what `conventions.obeyed` draws, from places that are known."""
    label = "/".join(key)
    for scope in places:
        if scope.directives and draws.chance(scope.strength, "obey", kind, scope.name, label):
            return draws.choice(scope.directives, "which", kind, scope.name, label)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fits:
    """How well each tool fits a wish, and which sentences may add to it."""

    certain: Mapping[str, float]
    uncertain: tuple[tuple[str, float], ...]
    """Tools of which some text says that they are for it, each with the probability that the text is heeded."""
    ties: dict[tuple[bool, ...], tuple[str, ...]] = field(default_factory=dict[tuple[bool, ...], tuple[str, ...]])

    def best(self, heeded: tuple[bool, ...]) -> tuple[str, ...]:
        """Return the tools that fit best where these of the uncertain sentences are heeded."""
        known = self.ties.get(heeded)
        if known is None:
            said = {name for (name, _), heeds in zip(self.uncertain, heeded, strict=True) if heeds}
            fits = {name: fit + _SAID * (name in said) for name, fit in self.certain.items()}
            most = max(fits.values())
            known = self.ties[heeded] = tuple(name for name, fit in fits.items() if fit > most - 0.01)
        return known


def _fits(phrase: str, reading: Reading) -> _Fits:
    wish = stems(phrase)
    certain = {
        tool.name: _NAMED * len(stems(tool.name) & wish) + _DESCRIBED * len(tool.description.stems & wish)
        for tool in reading.tools
    }
    # Few sentences say what a tool is for, and fewer speak of this wish: the others need not be weighed tool by tool.
    spoken = any(_means(directive, wish) for directive in _stated(reading) if directive.kind == "use")
    said = ((tool.name, _said(tool, wish, reading)) for tool in (reading.tools if spoken else ()))
    uncertain = tuple((name, chance) for name, chance in said if chance)[:_WEIGHED]
    return _Fits(certain=certain, uncertain=uncertain)


def _said(tool: ToolReading, wish: frozenset[str], reading: Reading) -> float:
    """Return how likely the model heeds a sentence that says that this tool is for the wish; 0 where none does."""

    def means(directive: Directive) -> bool:
        if not _means(directive, wish):
            return False
        named = directive.slot("tool")
        return stems(named) == stems(tool.name) if named else directive in tool.description.directives

    found = [scope for scope in scopes("use", reading, Subject(tool=tool), means) if scope.directives]
    return 1 - prod(1 - scope.strength for scope in found)


def _means(directive: Directive, wish: frozenset[str]) -> bool:
    """Say whether the topic of a directive is a wish."""
    topic = stems(directive.slot("topic"))
    return bool(topic) and len(topic & wish) >= _LEAST_SHARE * len(topic | wish)


def _stated(reading: Reading) -> Iterator[Directive]:
    """Yield what all texts state."""
    yield from reading.instructions.directives
    for tool in reading.tools:
        yield from tool.description.directives
        for parameter in tool.parameters:
            yield from parameter.doc.directives


def _numbers(reading: Reading) -> Iterator[str]:
    for directive in _stated(reading):
        yield from _CONCRETE.findall(directive.about)
