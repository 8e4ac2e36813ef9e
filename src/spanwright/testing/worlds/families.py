"""The families of worlds: what distinguishes one structure from another, as data that the generator reads.

A family of your own is another `Family`: pass it to `make_world` in place of a name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from spanwright.testing.simulated.reading import Habits

Scoring = Literal["share", "all", "pairs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A structure of worlds. Shares are probabilities of each rule, tool or case."""

    name: str
    says: str
    """What is particular about it."""
    tools: int = 5
    rules: int = 15
    """Rules of tools: how an argument has to be written."""
    replies: int = 3
    """Rules of the instructions: what an answer has to state."""
    needs: tuple[int, int] = (1, 6)
    """How many rules a case needs, at least and at most."""
    scoring: tuple[Scoring, ...] = ("share",)
    """How a case is scored: by the share of its rules, all or nothing, or by pairs that count together. Worlds with
    even and odd seeds take the first and the last."""
    parameters: bool = False
    """Whether the docs of parameters are components as well."""
    single: bool = False
    """Whether the instructions are the only component."""
    habitual: float = 0.25
    """Rules that a model's habit keeps."""
    stated: float = 0.15
    """Rules that the seed states."""
    misstated: float = 0.0
    """Rules of which the seed states the opposite."""
    opaque: int = 0
    """Tools whose name and description tell nothing."""
    misleading: int = 0
    """Tools whose description is that of an opaque one."""
    told: float = 0.4
    """Rules that a tool's refusal states; of the others the feedback tells."""
    clear: float = 0.5
    """How often feedback states the rule that was broken; else it only says where something is wrong."""
    flips: float = 0.0
    """How often a noisy judge turns the score around."""
    spread: float = 0.0
    """The standard deviation of a noisy judge. With both noises, even seeds have the first and odd ones the second."""
    unsolvable: float = 0.06
    """Cases that cannot be read, so that hardly anything helps."""
    turns: tuple[int, int] = (0, 0)
    """Look-ups before the work begins, at least and at most."""
    bulk: int = 0
    """Characters of each look-up's result."""
    hint: float = 0.7
    """How often the evaluator names the component of a broken rule; one name in five is wrong."""
    habits: Habits = field(default_factory=Habits)


RULES: Final = Family(
    name="rules",
    says="many independent rules over several texts, partial scores",
    told=0.2,
    clear=0.35,
    needs=(1, 5),
)
COUPLED: Final = Family(
    name="coupled",
    says="rules that help only in pairs, rules of other tools that a broad statement breaks, little room for words",
    tools=5,
    rules=20,
    replies=0,
    needs=(2, 4),
    scoring=("pairs",),
    habitual=0.45,
    stated=0.2,
    told=0.3,
    habits=Habits(local=0.96, overall=0.9, instruction_capacity=60, local_capacity=45),
)
TOOLS40: Final = Family(
    name="tools40",
    says="forty texts of tools, eight of them faulty; editing a sound one can only harm",
    tools=26,
    rules=14,
    replies=0,
    needs=(1, 3),
    scoring=("share", "all"),
    parameters=True,
    habitual=0.2,
    stated=1.0,
    misstated=0.0,
    opaque=3,
    misleading=1,
    told=0.5,
    clear=0.9,
    habits=Habits(local=0.92, slip=0.08, local_capacity=40),
)
JUDGE: Final = Family(
    name="judge",
    says="all or nothing, by a noisy judge",
    needs=(1, 2),
    clear=0.7,
    scoring=("all",),
    flips=0.15,
    spread=0.25,
)
LONG: Final = Family(
    name="long",
    says="twenty to forty turns before anything goes wrong: too much to read for a reflector",
    tools=5,
    rules=18,
    replies=0,
    told=0.9,
    scoring=("share", "all"),
    needs=(1, 3),
    turns=(20, 40),
    bulk=500,
)
DEFECTIVE: Final = Family(
    name="defective",
    says="a seed that instructs the wrong thing",
    stated=0.1,
    misstated=0.5,
    scoring=("share", "all"),
    needs=(1, 4),
    habitual=0.5,
)
SINGLE: Final = Family(
    name="single",
    says="one text holds everything, and a fifth of the cases cannot be served",
    tools=3,
    rules=9,
    replies=3,
    needs=(1, 2),
    scoring=("all",),
    single=True,
    unsolvable=0.2,
)

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType(
    {family.name: family for family in (RULES, COUPLED, TOOLS40, JUDGE, LONG, DEFECTIVE, SINGLE)}
)
