"""The cases of a world, drawn from its seed: what a customer writes, and which rules serving him needs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Final, TypeVar

from spanwright.core.case import Case, Splits
from spanwright.testing.worlds.plan import Plan, Rule
from spanwright.testing.worlds.surface import REPLY, Request, Wish, value_for, written

T = TypeVar("T")

_FIRST_NUMBER: Final = 10_000
"""Numbers of requests have five digits, those of values four: neither is ever taken for the other."""
_FAULTY_WEIGHT: Final = 4.0
"""How much oftener cases need what a faulty text is about, where most texts are sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a case is judged by: one rule, or, without one, that the tool of a wish was used."""

    tool: str
    rule: Rule | None = None


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is known of a case behind the scenes."""

    case: Case
    request: Request
    needs: tuple[Need, ...]
    pairs: tuple[tuple[int, int], ...] = ()
    """Places of needs that count together."""
    text: str
    """The request as the customer wrote it."""

    def wanted(self, rule: Rule) -> str:
        """Return what has to be written for a rule that the case needs."""
        return self._wanted[rule.key]

    @cached_property
    def _wanted(self) -> Mapping[tuple[str, str], str]:
        values = {(tool, aspect): value for tool, wish in self._served for aspect, value in wish.values}
        rules = (need.rule for need in self.needs if need.rule is not None and need.tool)
        return {rule.key: written(rule.kind, rule.slots, values[rule.key]) for rule in rules}

    @property
    def _served(self) -> Sequence[tuple[str, Wish]]:
        """The wishes with the tools that serve them: both are in the order of the tools' names."""
        return tuple(zip(sorted(self.tools), self.request.wishes, strict=False))

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that its wishes need, without repetition."""
        return tuple(dict.fromkeys(need.tool for need in self.needs if need.tool))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many cases each split has."""

    train: int = 60
    validation: int = 40
    test: int = 100


def drawn_tasks(plan: Plan, seed: int, sizes: Sizes) -> tuple[Splits, Mapping[str, Task]]:
    """Draw the cases of all splits from one distribution."""
    drawn = Random(f"{plan.family.name}/{seed}/cases")
    total = sizes.train + sizes.validation + sizes.test
    numbers = drawn.sample(range(_FIRST_NUMBER, 10 * _FIRST_NUMBER), total)
    needs = _needs(plan, drawn)
    tasks = [_task(plan, number, next(needs), drawn) for number in numbers]
    cases = tuple(task.case for task in tasks)
    splits = Splits(
        train=cases[: sizes.train],
        validation=cases[sizes.train : sizes.train + sizes.validation],
        test=cases[sizes.train + sizes.validation :],
    )
    return splits, {task.case.id: task for task in tasks}


def _needs(plan: Plan, drawn: Random) -> Iterator[Sequence[Need]]:
    least, most = plan.family.needs
    if plan.scoring == "pairs":
        weights = [drawn.uniform(0.5, 1.5) for _ in plan.pairs]
        while True:
            pairs = _some(plan.pairs, weights, drawn.randint(max(1, least // 2), max(1, most // 2)), drawn)
            yield [Need(tool=rule.tool, rule=rule) for pair in pairs for rule in pair]
    ruled = {rule.tool for rule in plan.rules}
    known = [Need(tool=rule.tool, rule=rule) for rule in plan.rules]
    known += [Need(tool=tool.name) for tool in plan.tools if tool.name not in ruled]
    weights = [drawn.uniform(0.5, 1.5) * (_FAULTY_WEIGHT if _is_faulty(need, plan) else 1) for need in known]
    while True:
        some = _some(known, weights, drawn.randint(least, most), drawn)
        if any(need.tool for need in some):
            yield some


def _is_faulty(need: Need, plan: Plan) -> bool:
    tool = next((tool for tool in plan.tools if tool.name == need.tool), None)
    if tool is None:
        return False
    return tool.id in plan.faulty or (need.rule is not None and plan.home(need.rule) in plan.faulty)


def _some(known: Sequence[T], weights: Sequence[float], count: int, drawn: Random) -> list[T]:
    """Draw different ones by weight."""
    ranked = sorted(range(len(known)), key=lambda place: -(drawn.random() ** (1 / weights[place])))
    return [known[place] for place in ranked[:count]]


def _task(plan: Plan, number: int, needs: Sequence[Need], drawn: Random) -> Task:
    served: dict[str, list[tuple[str, str]]] = {}
    for need in needs:
        values = served.setdefault(need.tool, [])
        if need.rule is not None:
            values.append((need.rule.aspect, value_for(need.rule.kind, drawn.randrange(9_000)) if need.tool else ""))
    phrases = {tool.name: tool.phrase for tool in plan.tools}
    wishes = tuple(
        Wish(phrase=phrases[tool] if tool else REPLY, values=tuple(values))
        for tool, values in sorted(served.items(), key=lambda item: (not item[0], item[0]))
    )
    request = Request(number=str(number), wishes=wishes, illegible=drawn.random() < plan.family.unsolvable)
    case = Case(id=f"request-{number}", inputs=request.text)
    paired = plan.scoring == "pairs"
    pairs = tuple((place, place + 1) for place in range(0, len(needs) - 1, 2)) if paired else ()
    return Task(case=case, request=request, needs=tuple(needs), pairs=pairs, text=request.text)
