"""A world: texts to optimize, cases to try them on, what comes of each try, and what a set of texts is truly worth.

`play` is one rollout in microseconds, for any optimizer: everything random in it is a hash of the world, the salt, what
the model would see, and how often it was served that before. The truth stays behind: a play tells what a user's
evaluator would, and `truth` is for those who compare optimizers, never for one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from statistics import NormalDist, fmean
from typing import Final

from spanwright.core.candidate import Component, ComponentId
from spanwright.core.case import Case, Splits
from spanwright.core.trace import Trace
from spanwright.testing.simulated.lexicon import PUBLIC, Lexicon
from spanwright.testing.simulated.reading import ParameterReading, Reading, Text, ToolReading
from spanwright.testing.simulated.reflecting.profile import MEDIUM, Profile
from spanwright.testing.simulated.wire import ChatMessage, ChatRequest, Draws
from spanwright.testing.simulated.words import stems
from spanwright.testing.worlds.cases import Need, Sizes, Task, drawn_tasks
from spanwright.testing.worlds.families import FAMILIES, Family
from spanwright.testing.worlds.living import Environment, Lived, live, served
from spanwright.testing.worlds.mind import Mind
from spanwright.testing.worlds.plan import INSTRUCTIONS, Phrasebook, Plan, Rule, planned
from spanwright.testing.worlds.reflecting import WorldReflector
from spanwright.testing.worlds.surface import REPLY
from spanwright.testing.worlds.telling import Deed, Offer, told

REFLECTION: Final = "sim-world-reflect"
"""The reflection model's name on the wire."""
_NORMAL: Final = NormalDist()
_ACCEPTABLE: Final = 0.5
_RIGHT_NAME: Final = 0.8
"""How often an evaluator that names a component names the one at fault."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Played:
    """One rollout, as far as its world tells. Its `repr` is the output, as an engine would show it."""

    score: float
    feedback: str
    output: str
    blame: Mapping[ComponentId, str]
    """Components that the evaluator names, with its reason; some of them wrongly."""
    deeds: tuple[Deed, ...]
    _told: Callable[[], Trace]

    @cached_property
    def trace(self) -> Trace:
        """The trace, as spans of a real agent would tell it."""
        return self._told()

    def __repr__(self) -> str:
        return self.output


class World:
    """One world. Made by `make_world`; everything about it is fixed by family, seed, salt and lexicon."""

    def __init__(
        self, family: Family, seed: int, *, salt: int, sizes: Sizes, book: Phrasebook, profile: Profile | None
    ) -> None:
        self.family: Final = family
        self.reflector: Final = WorldReflector(book.lexicon, profile)
        self.seed: Final = seed
        self.salt: Final = salt
        self.lexicon: Final = book.lexicon
        self._book: Final = book
        self._plan: Final[Plan] = planned(family, seed, book)
        self.splits: Final[Splits]
        self.splits, self._tasks = drawn_tasks(self._plan, seed, sizes)
        self._statements: Final = {rule: self._statement(rule) for rule in self._plan.rules}
        self._mind: Final = lru_cache(maxsize=256)(self._read)
        self._text: Final = lru_cache(maxsize=8_192)(self._read_text)

    @property
    def name(self) -> str:
        """The family and the seed."""
        return f"{self.family.name}-{self.seed}"

    @property
    def components(self) -> tuple[Component, ...]:
        """The texts that may be edited, as the seed has them."""
        return self._plan.components

    @property
    def seed_texts(self) -> Mapping[ComponentId, str]:
        """The seed's texts by component."""
        return {component.id: component.text for component in self._plan.components}

    @property
    def oracle(self) -> Mapping[ComponentId, str]:
        """The texts that state every rule where it belongs, and nothing else. No optimizer may see them."""
        return self._plan.oracle

    def play(self, texts: Mapping[ComponentId, str], case: Case, serving: int) -> Played:
        """Try texts on a case. `serving` counts how often these texts were tried on this case before, from 0."""
        known, mind, offer = self._tasks[case.id], *self._mind(self._key(texts))
        draws = served(mind, known.request, str(serving))
        return self.judged(case, live(mind, self.environment, known.request, known.text, draws), offer)

    def judged(self, case: Case, lived: Lived, offer: Offer) -> Played:
        """Score what an agent did, and say what was wrong with it. A judge's noise is a function of what it sees."""
        known = self._tasks[case.id]
        taken, stated = lived.taken(known.request), lived.stated
        kept = [not lived.gave_up and self._kept(need, known, taken, stated) for need in known.needs]
        draws = Draws(key=f"judge|{self.salt}|{self.name}|{lived.answer}")
        score = self._noisy(self._score(known, kept), draws)
        broken = [need for need, keeps in zip(known.needs, kept, strict=True) if not keeps]
        return Played(
            score=score,
            feedback=self._feedback(known, lived, broken, score, draws),
            output=lived.answer,
            blame={} if lived.gave_up else self._blame(broken, draws),
            deeds=lived.deeds,
            _told=lambda: told(offer, known.text, lived.deeds, lived.answer, id=trace_id(draws)),
        )

    def truth(self, texts: Mapping[ComponentId, str], cases: Sequence[Case] | None = None) -> float:
        """Return the expected true score of texts on cases, by default those of the test split, in closed form."""
        mind, _ = self._mind(self._key(texts))
        return fmean(self._expected(mind, self._tasks[case.id]) for case in (cases or self.splits.test))

    def expected(self, texts: Mapping[ComponentId, str], case: Case) -> float:
        """Return the expected score of one case as the judge gives it, noise included."""
        true = self.truth(texts, (case,))
        return true + self._plan.flips * (1 - 2 * true)

    def reflect(self, prompt: str, serving: int) -> str:
        """Answer a reflection prompt as the reflection model does, in the form that the prompt asks for."""
        request = ChatRequest(model=REFLECTION, messages=(ChatMessage(role="user", content=prompt),))
        return self.reflector.reply(request, self.reflection_draws(prompt, serving)).text

    def reflection_draws(self, prompt: str, serving: int) -> Draws:
        """Return the draws of one reflection: a function of the salt, the prompt and how often it was asked before."""
        digest = blake2b(prompt.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return Draws(key=f"reflection|{self.salt}|{digest}|{serving}")

    @cached_property
    def environment(self) -> Environment:
        """What the tools know."""
        return Environment(plan=self._plan, statements=self._statements)

    def mind(self, texts: Mapping[ComponentId, str]) -> tuple[Mind, Offer]:
        """Return the model with texts before it, and what its requests carry."""
        return self._mind(self._key(texts))

    def _key(self, texts: Mapping[ComponentId, str]) -> tuple[str, ...]:
        return tuple(texts[component.id] for component in self._plan.components)

    def _read(self, key: tuple[str, ...]) -> tuple[Mind, Offer]:
        """Read texts as the model does."""
        texts = {component.id: text for component, text in zip(self._plan.components, key, strict=True)}
        offer = Offer.of(texts, self._plan.tools, look_up=bool(self.family.turns[1]))
        replies = {
            dict(slots)["item"]: (kind, slots) for kind in self._book.replies for slots in self._book.values[kind]
        }
        digest = blake2b(digest_size=12)
        for piece in (str(self.salt), self.family.name, str(self.seed), *key):
            digest.update(f"{len(piece)}|{piece}".encode("utf-8", "surrogatepass"))
        mind = Mind(reading=self._reading(texts), values=self._book.values, replies=replies, digest=digest.hexdigest())
        return mind, offer

    def _reading(self, texts: Mapping[ComponentId, str]) -> Reading:
        instructions = self._text(texts.get(INSTRUCTIONS, ""))
        tools = tuple(self._tool_reading(tool.id, texts) for tool in self._plan.tools)
        return Reading(
            instructions=instructions,
            tools=tools,
            outputs=(),
            task="",
            habits=self.family.habits,
            kinds=instructions.kinds.union(*(tool.kinds for tool in tools)),
        )

    def _tool_reading(self, id: ComponentId, texts: Mapping[ComponentId, str]) -> ToolReading:
        tool = next(tool for tool in self._plan.tools if tool.id == id)
        said = self._text(texts.get(id, tool.description))
        docs = tuple(
            ParameterReading(name=aspect, doc=self._text(texts.get(f"{id}/{aspect}", ""))) for aspect in tool.aspects
        )
        return ToolReading(
            name=tool.name,
            description=said,
            parameters=docs,
            words=said.words + sum(each.doc.words for each in docs),
            kinds=said.kinds.union(*(each.doc.kinds for each in docs)),
        )

    def _read_text(self, text: str) -> Text:
        found = self.lexicon.read(text)
        kinds = frozenset(each.kind for each in found)
        return Text(text=text, directives=found, stems=stems(text), words=len(text.split()), kinds=kinds)

    def _statement(self, rule: Rule) -> str:
        """Return how the world words a rule: as its people do, not as its texts do."""
        return self._book.say(rule.kind, rule.slots, aspect=rule.aspect, start=rule.number * 0.37 % 1)

    def _kept(self, need: Need, known: Task, taken: Mapping[str, Deed], stated: frozenset[str]) -> bool:
        rule = need.rule
        if rule is not None and not rule.tool:
            return rule.aspect in stated
        deed = taken.get(self.environment.phrase(need.tool))
        if deed is None or deed.tool != need.tool:
            return False
        return rule is None or deed.arguments.get(rule.aspect) == known.wanted(rule)

    def _score(self, known: Task, kept: Sequence[bool]) -> float:
        match self._plan.scoring:
            case "share":
                return sum(kept) / len(kept)
            case "all":
                return float(all(kept))
            case "pairs":
                return fmean(kept[one] and kept[other] for one, other in known.pairs)

    def _expected(self, mind: Mind, known: Task) -> float:
        task = known.text
        wishes = {wish.phrase: wish for wish in known.request.wishes}
        taken = {tool: mind.choice_chance(wishes[self.environment.phrase(tool)], tool) for tool in known.tools}
        keeps = [1.0 if need.rule is None else mind.keeping_chance(need.rule, task) for need in known.needs]

        def together(places: Sequence[int]) -> float:
            """Return how likely these needs are met at once: each with its tool, which is taken once."""
            likely = 1.0
            for tool in {known.needs[place].tool for place in places}:
                likely *= taken.get(tool, 1.0)
            for place in places:
                likely *= keeps[place]
            return likely

        match self._plan.scoring:
            case "share":
                value = fmean(together((place,)) for place in range(len(keeps)))
            case "all":
                value = together(range(len(keeps)))
            case "pairs":
                value = fmean(together(pair) for pair in known.pairs)
        return (1 - mind.gives_up_chance(known.request)) * value

    def _noisy(self, true: float, draws: Draws) -> float:
        if self._plan.flips and draws.chance(self._plan.flips, "flip"):
            return 1 - true
        if self._plan.spread:
            return true + self._plan.spread * _NORMAL.inv_cdf(max(draws.uniform("spread"), 1e-12))
        return true

    def _feedback(self, known: Task, lived: Lived, broken: Sequence[Need], score: float, draws: Draws) -> str:
        request = known.request
        if lived.gave_up:
            return f"Request {request.number}: nothing was done."
        taken = lived.taken(request)
        lines = [
            self._complaint(request.number, need, taken, clear=draws.chance(self.family.clear, "clear", place))
            for place, need in enumerate(broken)
        ]
        if not lines:
            return "" if score > _ACCEPTABLE else f"Request {request.number}: the answer is not acceptable."
        return "\n".join(lines)

    def _complaint(self, number: str, need: Need, taken: Mapping[str, Deed], *, clear: bool) -> str:
        rule = need.rule
        where = f"Request {number}, {need.tool or REPLY}"
        statement = f" {self._statements[rule]}" if rule is not None and clear else ""
        if rule is not None and not rule.tool:
            return f"{where}:{statement or ' something is missing.'}"
        phrase = self.environment.phrase(need.tool)
        deed = taken.get(phrase)
        if deed is None or deed.tool != need.tool:
            return f"{where}: was not called.{f' {self._book.use(phrase, tool=need.tool)}' if clear else ''}"
        if rule is None or rule.told:
            return f"{where}: was refused."
        return f"{where}, {rule.aspect}: {deed.arguments.get(rule.aspect)!r} is wrong.{statement}"

    def _blame(self, broken: Sequence[Need], draws: Draws) -> Mapping[ComponentId, str]:
        named: dict[ComponentId, str] = {}
        for number, need in enumerate(broken):
            if draws.chance(self.family.hint, "hint", number):
                right = draws.chance(_RIGHT_NAME, "right", number)
                named[self._home(need) if right else draws.choice(self.components, "wrong", number).id] = (
                    "a rule broken"
                )
        return named

    def _home(self, need: Need) -> ComponentId:
        if need.rule is not None:
            return self._plan.home(need.rule)
        return INSTRUCTIONS if self.family.single else f"{INSTRUCTIONS.partition('/')[0]}/tool:{need.tool}"


def trace_id(draws: Draws) -> str:
    """Return 32 hexadecimal digits that name a play."""
    return blake2b(draws.key.encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=8)  # a phrasebook is a second of reading, and a function of its lexicon
def phrasebook(lexicon: Lexicon) -> Phrasebook:
    """Return the phrasebook of a lexicon."""
    return Phrasebook(lexicon)


def make_world(
    family: str | Family,
    seed: int,
    *,
    salt: int = 0,
    sizes: Sizes | None = None,
    profile: Profile | None = MEDIUM,
    lexicon: Lexicon = PUBLIC,
) -> World:
    """Make a world of a family, by its name in `FAMILIES` or by a `Family` of your own.

    `salt` changes every draw of plays and reflections, and nothing else. `profile` is how good the reflection model is;
    None mutes it. Raises KeyError for a name that is none.
    """
    spec = FAMILIES[family] if isinstance(family, str) else family
    book = phrasebook(lexicon)
    return World(spec, seed, salt=salt, sizes=sizes or Sizes(), book=book, profile=profile)
