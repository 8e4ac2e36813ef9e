"""The public lexicon: how ordinary English states a convention, for reading and for writing.

It knows kinds of directives ("the unit of an amount", "call X before Y") and their phrasings; it knows no task, no tool
and no truth. Both simulated models use it, anybody may read it, and a text that states something wrong reads as well as
one that is right. The phrasings are data: `lexicon.toml`, `lexicon_search.toml`,
`lexicon_summary.toml`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files
from typing import Final, TypeAlias, cast

Slots: TypeAlias = tuple[tuple[str, str], ...]
Table: TypeAlias = Mapping[str, object]

MISREAD_RATE: Final = 0.02
"""The share of sentences that no simulated model understands; which ones is a function of the sentence alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """A convention as a text states it, right or wrong."""

    kind: str
    slots: Slots = ()
    about: str = ""
    """The words that narrow it to a tool, a parameter or a topic ("refund"); empty where it is said of everything."""
    source: str = field(default="", compare=False)
    """The sentence that states it."""

    def slot(self, name: str) -> str:
        """Return the slot's value, empty where the text does not give one."""
        return next((value for key, value in self.slots if key == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence of a text, with the words that its heading or its opening ("For refunds, ...") put over it."""

    text: str
    about: str = ""
    topic: str = ""
    """What it opens with ("For lost parcels, ..."): it narrows directives that name no topic of their own."""
    following: str = ""
    """The next sentence: conditions are often told in two ("At most $100. Pass larger ones on.")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One way to state a directive: an expression, and the slots that it sets without capturing them."""

    expression: re.Pattern[str]
    constants: Slots = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One way to write a directive, for those that have the `needed` slots."""

    text: str
    needed: tuple[str, ...] = ()
    given: Slots = ()

    def fits(self, slots: Mapping[str, str]) -> bool:
        """Say whether a directive with these slots can be said so; what has no place in the template is left unsaid."""
        return all(slots.get(name) for name in self.needed) and all(
            slots.get(name) == value for name, value in self.given
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectiveKind:
    """A kind of directive with its phrasings."""

    name: str
    says: str
    """What such a directive settles, in a few words."""
    reads: tuple[Pattern, ...]
    writes: tuple[Template, ...]
    unless: re.Pattern[str] | None = None
    """Sentences that look alike but say something else."""
    extras: tuple[tuple[str, re.Pattern[str]], ...] = ()
    """Slots to look for anywhere in a sentence of this kind."""
    each: tuple[tuple[str, re.Pattern[str]], ...] = ()
    """The words for each value of the slot `item`: one directive for each that the sentence names."""
    guesses: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Values that somebody without evidence would try."""
    spans: int = 1
    """How many sentences such a directive may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """Where sentences end, and how they begin."""

    stop: re.Pattern[str]
    calling: re.Pattern[str]
    """"When calling `refund`, ..." and "amount: ...": what follows is a sentence by itself."""
    topic: re.Pattern[str]
    """"For refunds, ...": part of the sentence."""


class Lexicon:
    """Reads and writes directives. Immutable; `PUBLIC` is the one that ships."""

    def __init__(self, *, kinds: Mapping[str, DirectiveKind], openings: Openings, junk: tuple[str, ...] = ()) -> None:
        self.kinds: Final = kinds
        self.junk: Final = junk
        self._openings: Final = openings
        # Texts are edited a sentence at a time: most sentences of a new text were read before.
        self._stated: Final = lru_cache(maxsize=32_768)(self._directives)

    @classmethod
    def parse(cls, text: str) -> "Lexicon":
        """Build a lexicon from TOML."""
        document = tomllib.loads(text)
        macros = cast("Mapping[str, str]", document["macros"])
        kinds = {name: _kind(name, cast("Table", table), macros) for name, table in document["kinds"].items()}
        openings = Openings(**{name: _compiled(document[name], macros) for name in ("stop", "calling", "topic")})
        return cls(kinds=kinds, openings=openings, junk=tuple(cast("list[str]", document.get("junk", []))))

    def read(self, text: str) -> tuple[Directive, ...]:
        """Return every directive that `text` states, in order, without duplicates."""
        found: dict[Directive, None] = {}
        for statement in self.statements(text):
            for directive in self._stated(statement):
                found.setdefault(directive)
        return tuple(found)

    def _directives(self, statement: Statement) -> tuple[Directive, ...]:
        return tuple(directive for kind in self.kinds.values() for directive in _read(kind, statement))

    def statements(self, text: str) -> tuple[Statement, ...]:
        """Split a text into sentences as a reader of Markdown would."""
        pieces = [
            (piece.strip(), heading)
            for line, heading in _lines(text)
            for piece in self._openings.stop.split(line)
            if piece.strip()
        ]
        after = [piece for piece, _ in pieces[1:]] + [""]
        return tuple(
            self._statement(piece, head, following) for (piece, head), following in zip(pieces, after, strict=False)
        )

    def write(self, directive: Directive, *, variant: float = 0.0) -> str:
        """Say `directive` in one of its phrasings; `variant` in [0, 1) chooses which.

        Raises ValueError where no phrasing fits its slots.
        """
        slots = dict(directive.slots)
        fitting = [template for template in self.kinds[directive.kind].writes if template.fits(slots)]
        most = max((len(template.needed) for template in fitting), default=-1)
        fullest = [template for template in fitting if len(template.needed) == most]
        if not fullest:
            raise ValueError(f"no phrasing of {directive.kind!r} fits the slots {sorted(slots)}")
        sentence = fullest[int(variant * len(fullest))].text.format_map(slots)
        if directive.about:
            opening = sentence if sentence[:2].isupper() else sentence[0].lower() + sentence[1:]
            return f"When calling `{directive.about}`, {opening}"
        return sentence

    def _statement(self, sentence: str, heading: str, following: str) -> Statement:
        calling = self._openings.calling.match(sentence)
        body = sentence if calling is None else sentence[calling.end() :]
        about = heading if calling is None else next(group for group in calling.groups() if group)
        topic = self._openings.topic.match(body)
        return Statement(
            text=body, about=about.strip(), topic="" if topic is None else topic[1].strip(), following=following
        )


def understood(kind: str, sentence: str) -> bool:
    """Say whether simulated models understand this sentence as a directive of this kind: most they do, always alike."""
    digest = blake2b(f"{kind}\x1f{sentence.casefold()}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 >= MISREAD_RATE


def _read(kind: DirectiveKind, statement: Statement) -> Iterator[Directive]:
    together = f"{statement.text.rstrip('.')}; {statement.following}"
    joined = kind.spans > 1 and _GOES_ON.match(statement.following)
    found = tuple(_matches(kind, together if joined else statement.text, statement))
    if found and understood(kind.name, statement.text):
        yield from found


def _matches(kind: DirectiveKind, sentence: str, statement: Statement) -> Iterator[Directive]:
    if kind.unless is not None and kind.unless.search(sentence):
        return
    for pattern in kind.reads:
        match = pattern.expression.search(sentence)
        if match is None:
            continue
        captured = {name: value for name, value in match.groupdict().items() if value and not name.startswith("_")}
        narrowed = captured.pop("about", "") or ("" if captured.keys() & {"topic", "meaning"} else statement.topic)
        about = statement.about or narrowed
        for name, expression in kind.extras:
            extra = expression.search(sentence)
            if extra is not None:
                captured.setdefault(name, next(group for group in extra.groups() if group))
        slots = {**dict(pattern.constants), **{name: _normal(name, value) for name, value in captured.items()}}
        if not kind.each:
            yield Directive(kind=kind.name, slots=tuple(sorted(slots.items())), about=about, source=sentence)
            return
        for item, words in kind.each:
            if words.search(sentence):
                named = {**slots, "item": item}
                yield Directive(kind=kind.name, slots=tuple(sorted(named.items())), about=about, source=sentence)
        return


def _normal(slot: str, value: str) -> str:
    """Write a slot's value in the one form in which equal values are equal."""
    value = value.strip(" .,;:")
    if slot == "param":
        return value.lower()
    if slot == "amount":
        number = float(re.sub(r"[^\d.]", "", value).rstrip("."))
        return f"{number / 100 if 'cent' in value.lower() else number:.2f}"
    if slot == "codes":
        return ", ".join(
            code for code in re.split(r"\s*(?:[,|/]|\bor\b|\band\b)\s*", value, flags=re.IGNORECASE) if code
        )
    if slot == "example":
        return re.sub(r"N{3,}|X{3,}|#{3,}", lambda run: "1" * len(run[0]), value.replace(" ", ""))
    return _LEADING.sub("", value)


_GOES_ON: Final = re.compile(
    r"(?:after that|afterwards|later|otherwise|if not|else|in (?:that|this|such)|larger|bigger|higher|older|anything|"
    r"then|above|beyond|more)\b",
    re.IGNORECASE,
)
_LEADING: Final = re.compile(
    r"^(?:(?:the|an?|any|all|every|to|about|handle|answer|questions|requests) |"
    r"(?:customers?|users?|someone|somebody|people|they) (?:asks?|wants?|needs?|says?|reports?|writes?)"
    r"(?: (?:about|for|to|that))? |(?:items?|orders?|parcels?|products?) (?:is|are|was|were|has|have) )+",
    re.IGNORECASE,
)
_HEADING: Final = re.compile(r"^\s*(?:#{1,6}\s+(?P<marked>.+?)\s*#*|(?P<colon>[\w ]{2,30}):)\s*$")
_BULLET: Final = re.compile(r"^\s*(?:[-+•*]|\d{1,2}[.)])\s+")
_DECORATION: Final = re.compile(r"[*`\"“”]|(?<!\w)['‘’]|['‘’](?!\w)")
_ABBREVIATION: Final = re.compile(r"\b([ei])\.\s?([ge])\.,?", re.IGNORECASE)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield the lines without decoration, each with the heading that it stands under."""
    heading, persistent = "", False
    for raw in text.splitlines():
        heading = heading if persistent or raw.strip() else ""
        line = _DECORATION.sub("", _BULLET.sub("", raw)).replace("→", "->").strip()
        line = _ABBREVIATION.sub(r"\1\2", line)
        found = _HEADING.match(line)
        if found is None:
            yield line, heading
        else:
            heading, persistent = (found["marked"] or found["colon"]).rstrip(":").strip(), bool(found["marked"])


def _compiled(expression: object, macros: Mapping[str, str]) -> re.Pattern[str]:
    expanded = str(expression)
    while "<<" in expanded:
        expanded = re.sub(r"<<(\w+)>>", lambda match: f"(?:{macros[match[1]]})", expanded)
    return re.compile(expanded, re.IGNORECASE)


def _kind(name: str, table: Table, macros: Mapping[str, str]) -> DirectiveKind:
    def named(key: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
        patterns = cast("Mapping[str, str]", table.get(key, {}))
        return tuple((slot, _compiled(pattern, macros)) for slot, pattern in patterns.items())

    guesses = cast("Mapping[str, list[str]]", table["guesses"])
    return DirectiveKind(
        name=name,
        says=str(table["says"]),
        reads=tuple(_pattern(row, macros) for row in cast("list[Mapping[str, str]]", table["reads"])),
        writes=tuple(template for row in cast("list[Table]", table["writes"]) for template in _templates(row)),
        unless=_compiled(table["unless"], macros) if "unless" in table else None,
        extras=named("extras"),
        each=named("each"),
        guesses=tuple((key, tuple(values)) for key, values in guesses.items()),
        spans=int(str(table.get("spans", 1))),
    )


def _pattern(row: Mapping[str, str], macros: Mapping[str, str]) -> Pattern:
    constants = tuple(sorted((key, value) for key, value in row.items() if key != "says"))
    return Pattern(expression=_compiled(row["says"], macros), constants=constants)


def _templates(row: Table) -> Iterator[Template]:
    given = tuple(sorted((key, str(value)) for key, value in row.items() if key != "say"))
    for text in cast("list[str]", row["say"]):
        yield Template(text=text, needed=tuple(re.findall(r"\{(\w+)\}", text)), given=given)


_PUBLIC_FILES: Final = ("lexicon.toml", "lexicon_search.toml", "lexicon_summary.toml")
PUBLIC: Final = Lexicon.parse(
    "\n".join(
        files("spanwright.testing.simulated").joinpath(name).read_text(encoding="utf-8") for name in _PUBLIC_FILES
    )
)


@lru_cache(maxsize=4_096)  # the same texts come back in every request, the same lessons in every prompt
def read(text: str) -> tuple[Directive, ...]:
    """Return every directive that `text` states by the public lexicon."""
    return PUBLIC.read(text)


def write(directive: Directive, *, variant: float = 0.0) -> str:
    """Say `directive` in one of the public lexicon's phrasings."""
    return PUBLIC.write(directive, variant=variant)
