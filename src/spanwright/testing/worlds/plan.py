"""The truth of a world, drawn from its seed: tools, rules, the seed's texts and the texts that state every rule."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from random import Random
from typing import Final

from spanwright.core.candidate import Component, ComponentId, Kind
from spanwright.testing.simulated.lexicon import Directive, Lexicon, Slots
from spanwright.testing.worlds.families import Family, Scoring
from spanwright.testing.worlds.habits import Values, habit
from spanwright.testing.worlds.surface import NOUNS, VERBS, aspect_of

AGENT: Final = "clerk"
INSTRUCTIONS: Final = f"{AGENT}/instructions"
_GREETING: Final = "You serve requests with the tools that you have."
_OPAQUE: Final = "Case operation."
_HIDDEN: Final = "op_"
_PHRASINGS: Final = 8
"""So many phrasings of a directive are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A convention that holds in a world."""

    number: int
    kind: str
    slots: Slots
    tool: str = ""
    """Empty for what an answer has to state."""
    aspect: str
    told: bool
    """Whether the tool's refusal states it."""

    @property
    def key(self) -> tuple[str, str]:
        """The tool and the aspect: what a request asks for by its words."""
        return (self.tool, self.aspect)

    def kept_by(self, directive: Directive) -> bool:
        """Say whether doing what `directive` says keeps this rule."""
        return all(directive.slot(name) == value for name, value in self.slots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool of a world."""

    name: str
    phrase: str
    """What it does, in a customer's words."""
    description: str
    """What the seed says of it."""
    aspects: tuple[str, ...] = ()
    """Its parameters."""

    @property
    def id(self) -> ComponentId:
        return f"{AGENT}/tool:{self.name}"


class Phrasebook:
    """The kinds of directives with which worlds can be made: those that a reader of the lexicon understands."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon: Final = lexicon
        self.values: Final[Values] = {
            name: known for name in sorted(lexicon.kinds) if len(known := tuple(self._known(name))) > 1
        }

    @cached_property
    def replies(self) -> tuple[str, ...]:
        """The kinds of which each value is a rule of its own, for answers."""
        return tuple(name for name in self.values if self.lexicon.kinds[name].each)

    @cached_property
    def conventions(self) -> tuple[str, ...]:
        """The kinds that say how something is done, one way or another."""
        return tuple(
            name
            for name, values in self.values.items()
            if name not in self.replies and all("topic" not in dict(slots) for slots in values)
        )

    def say(self, kind: str, slots: Slots, *, aspect: str = "", about: str = "", start: float = 0.0) -> str:
        """State a convention in words that are understood; '' where no phrasing is. `start` chooses the first tried."""
        directive = Directive(kind=kind, slots=_named(slots, aspect), about=about)
        for step in range(_PHRASINGS):
            try:
                text = self.lexicon.write(directive, variant=(start + step / _PHRASINGS) % 1)
            except ValueError:
                directive = Directive(kind=kind, slots=slots, about=about)
                continue
            if any(found.kind == kind and _holds(found, slots) for found in self.lexicon.read(text)):
                return text
        return ""

    def use(self, phrase: str, *, tool: str = "") -> str:
        """Say what a tool is for, by its name or where it is described; '' where the lexicon has no words for it."""
        if "use" not in self.lexicon.kinds:
            return ""
        slots = (("tool", tool), ("topic", phrase)) if tool else (("topic", phrase),)
        return self.lexicon.write(Directive(kind="use", slots=slots))

    def _known(self, kind: str) -> Iterator[Slots]:
        guesses = self.lexicon.kinds[kind].guesses
        for values in product(*(values for _, values in guesses)):
            slots = tuple(sorted(zip((name for name, _ in guesses), values, strict=True)))
            if slots and self.say(kind, slots, aspect=aspect_of(kind)):
                yield slots


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is true in a world, and how it begins."""

    family: Family
    scoring: Scoring
    flips: float
    spread: float
    tools: tuple[Tool, ...]
    rules: tuple[Rule, ...]
    components: tuple[Component, ...]
    oracle: Mapping[ComponentId, str]
    pairs: tuple[tuple[Rule, Rule], ...]

    @cached_property
    def faulty(self) -> frozenset[ComponentId]:
        """The components whose seed text misleads or tells nothing: a good text would say something else."""
        if not self.family.parameters:
            return frozenset()
        return frozenset(each.id for each in self.components if each.text != self.oracle[each.id])

    @cached_property
    def by_key(self) -> Mapping[tuple[str, str], Rule]:
        """The rules by tool and aspect."""
        return {rule.key: rule for rule in self.rules}

    @cached_property
    def by_phrase(self) -> Mapping[str, Tool]:
        """The tool that serves a wish."""
        return {tool.phrase: tool for tool in self.tools}

    def home(self, rule: Rule) -> ComponentId:
        """Return the component in which a rule belongs."""
        if self.family.single or not rule.tool:
            return INSTRUCTIONS
        place = f"{AGENT}/tool:{rule.tool}"
        return f"{place}/{rule.aspect}" if self.family.parameters else place


def planned(family: Family, seed: int, book: Phrasebook) -> Plan:
    """Draw a world of a family."""
    drawn = Random(f"{family.name}/{seed}/plan")
    even = seed % 2 == 0
    both = bool(family.flips and family.spread)
    tools = _tools(family, drawn)
    rules = (*_rules(family, tools, book, drawn), *_replies(family, book, drawn))
    tools = tuple(_with_aspects(tool, rules) for tool in tools)
    draft = _Draft(family=family, tools=tools, rules=rules, book=book, stream=f"{family.name}/{seed}/texts")
    return Plan(
        family=family,
        scoring=family.scoring[0 if even else -1],
        flips=family.flips if even or not both else 0.0,
        spread=family.spread if not even or not both else 0.0,
        tools=tools,
        rules=rules,
        components=tuple(draft.components()),
        oracle=draft.oracle(),
        pairs=tuple(_pairs(rules, drawn)),
    )


def _tools(family: Family, drawn: Random) -> tuple[Tool, ...]:
    nouns = drawn.sample(NOUNS, family.tools)
    phrases = [(drawn.choice(VERBS), noun) for noun in nouns]
    faulty = [_phrase(verb, noun) for verb, noun in phrases[: family.opaque]]
    tools: list[Tool] = []
    for place, (verb, noun) in enumerate(phrases):
        phrase = _phrase(verb, noun)
        hidden = place < family.opaque
        misleads = family.opaque <= place < family.opaque + family.misleading
        said = _OPAQUE if hidden else f"{phrase.capitalize()}."
        if misleads:
            said = f"{faulty[place % len(faulty)].capitalize()}."
        tools.append(
            Tool(name=f"{_HIDDEN}{place + 11}" if hidden else f"{verb}_{noun}", phrase=phrase, description=said)
        )
    return tuple(sorted(tools, key=lambda tool: tool.name))


def _phrase(verb: str, noun: str) -> str:
    return f"{verb} {'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _rules(family: Family, tools: Sequence[Tool], book: Phrasebook, drawn: Random) -> Iterator[Rule]:
    """Yield rules of tools, of as different kinds as there are; a tool has at most one rule of a kind."""
    each = min(-(-family.rules // len(tools)), len(book.conventions))
    places = [tool.name for tool in tools for _ in range(each)]
    drawn.shuffle(places)
    taken: set[tuple[str, str]] = set()
    for number, tool in enumerate(places[: family.rules]):
        kind = drawn.choice([kind for kind in book.conventions if (tool, kind) not in taken])
        taken.add((tool, kind))
        aspect = aspect_of(kind)
        likely = habit(kind, (tool, aspect), book.values).likely
        others = [slots for slots in book.values[kind] if slots != likely]
        slots = likely if drawn.random() < family.habitual else drawn.choice(others)
        told = drawn.random() < family.told
        yield Rule(number=number, kind=kind, slots=slots, tool=tool, aspect=aspect, told=told)


def _replies(family: Family, book: Phrasebook, drawn: Random) -> Iterator[Rule]:
    kinds = [(kind, slots) for kind in book.replies for slots in book.values[kind]]
    for number, (kind, slots) in enumerate(drawn.sample(kinds, min(family.replies, len(kinds)))):
        yield Rule(number=family.rules + number, kind=kind, slots=slots, aspect=dict(slots)["item"], told=False)


def _with_aspects(tool: Tool, rules: Sequence[Rule]) -> Tool:
    aspects = tuple(sorted(rule.aspect for rule in rules if rule.tool == tool.name))
    return Tool(name=tool.name, phrase=tool.phrase, description=tool.description, aspects=aspects)


def _pairs(rules: Sequence[Rule], drawn: Random) -> Iterator[tuple[Rule, Rule]]:
    """Yield rules two by two, of different tools where that can be."""
    left = list(rules)
    drawn.shuffle(left)
    while len(left) > 1:
        one = left.pop()
        other = next((rule for rule in left if rule.tool != one.tool), left[0])
        left.remove(other)
        yield one, other


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """Writes the texts of a world."""

    family: Family
    tools: tuple[Tool, ...]
    rules: tuple[Rule, ...]
    book: Phrasebook
    stream: str

    def components(self) -> Iterator[Component]:
        said = self._seed()
        yield _component(INSTRUCTIONS, Kind.INSTRUCTIONS, said)
        if self.family.single:
            return
        for tool in self.tools:
            yield _component(tool.id, Kind.TOOL, said)
            if self.family.parameters:
                for aspect in tool.aspects:
                    yield _component(f"{tool.id}/{aspect}", Kind.PARAMETER, said)

    def oracle(self) -> Mapping[ComponentId, str]:
        """Return the texts that state every rule, each where it belongs, and nothing else."""
        texts = self._bare({tool.name: self._honest(tool) for tool in self.tools})
        for rule in self.rules:
            self._state(texts, rule, rule.slots)
        return {component.id: texts[component.id] for component in self.components()}

    def _seed(self) -> Mapping[ComponentId, str]:
        drawn = Random(self.stream)
        texts = self._bare({tool.name: tool.description for tool in self.tools})
        faulty = self._faulty_docs(drawn)
        for rule in self.rules:
            chance = drawn.random()
            wrong = rule in faulty or chance < self.family.misstated
            if wrong:
                others = [slots for slots in self.book.values[rule.kind] if slots != rule.slots]
                self._state(texts, rule, drawn.choice(others))
            elif chance < self.family.misstated + self.family.stated:
                self._state(texts, rule, rule.slots)
        return texts

    def _faulty_docs(self, drawn: Random) -> Sequence[Rule]:
        """Return the rules of which sound-looking docs say the opposite: with the hidden tools, eight faults in all."""
        if not self.family.parameters:
            return ()
        return drawn.sample(self.rules, min(len(self.rules), 8 - self.family.opaque - self.family.misleading))

    def _bare(self, said: Mapping[str, str]) -> dict[ComponentId, str]:
        texts = {INSTRUCTIONS: _GREETING}
        for tool in self.tools:
            texts[tool.id] = said[tool.name]
            texts.update({f"{tool.id}/{aspect}": "" for aspect in tool.aspects})
        return texts

    def _honest(self, tool: Tool) -> str:
        """Return a description that does not mislead; a name that tells nothing needs a sentence that does."""
        said = f"{tool.phrase.capitalize()}."
        return f"{said}\n{self.book.use(tool.phrase)}".strip() if tool.name.startswith(_HIDDEN) else said

    def _state(self, texts: dict[ComponentId, str], rule: Rule, slots: Slots) -> None:
        single = self.family.single or not rule.tool
        place = INSTRUCTIONS if single else f"{AGENT}/tool:{rule.tool}"
        if not single and self.family.parameters:
            place = f"{place}/{rule.aspect}"
        about = rule.tool if single else ""
        start = rule.number / 7 % 1
        said = self.book.say(rule.kind, slots, aspect=rule.aspect, about=about, start=start)
        texts[place] = f"{texts[place]}\n{said}".strip()


def _component(id: ComponentId, kind: Kind, texts: Mapping[ComponentId, str]) -> Component:
    return Component(id=id, kind=kind, agent=AGENT, text=texts[id])


def _named(slots: Slots, aspect: str) -> Slots:
    return tuple(sorted((*slots, ("param", aspect)))) if aspect else slots


def _holds(found: Directive, slots: Slots) -> bool:
    return all(found.slot(name) == value for name, value in slots)
