"""How a request is served: the model's calls, the tools' answers, and the words at the end.

`live` does it in process. An agent over a wire does it with the same parts: `called` and `answered` on the side of the
model, `Environment` on that of the tools.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from spanwright.testing.simulated.wire import Draws
from spanwright.testing.worlds.mind import Mind
from spanwright.testing.worlds.plan import Plan, Rule
from spanwright.testing.worlds.surface import REPLY, Request, Wish, written
from spanwright.testing.worlds.telling import LOOK_UP, Deed

SORRY: Final = "I am sorry, I could not serve this request."
_STATED: Final = re.compile(r" It states: ([^.]*)\.")
_FILLER: Final = "entry checked and found to be in order, filed under its number, nothing else was noted by the clerk; "


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What an agent did about a request, in process or over a wire, as anybody sees it from outside."""

    deeds: tuple[Deed, ...] = ()
    answer: str

    @property
    def gave_up(self) -> bool:
        """Whether nothing was done."""
        return self.answer.startswith(SORRY)

    @property
    def stated(self) -> frozenset[str]:
        """What the answer states."""
        found = _STATED.search(self.answer)
        return frozenset(found[1].split(", ")) if found else frozenset()

    def taken(self, request: Request) -> Mapping[str, Deed]:
        """Return what was done for each wish, by its phrase: they are served in their order."""
        works = [deed for deed in self.deeds if deed.tool != LOOK_UP]
        phrases = [wish.phrase for wish in request.wishes if is_work(wish)]
        return dict(zip(phrases, works, strict=False))


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the tools do when they are called: they keep to the rules of the world, and refuse what breaks one."""

    plan: Plan
    statements: Mapping[Rule, str]
    _looked_up: dict[str, tuple[Deed, ...]] = field(default_factory=dict[str, tuple[Deed, ...]])

    def phrase(self, tool: str) -> str:
        """Return the wish that a tool serves."""
        return self._phrases[tool]

    @cached_property
    def _phrases(self) -> Mapping[str, str]:
        return {tool.name: tool.phrase for tool in self.plan.tools}

    def answer(self, request: Request, wish: Wish, tool: str, arguments: Mapping[str, object]) -> tuple[str, bool]:
        """Return what a tool says to a call that serves a wish, and whether it refused."""
        values = dict(wish.values)
        for aspect, said in arguments.items():
            rule = self.plan.by_key.get((tool, aspect))
            if rule is not None and rule.told and said != written(rule.kind, rule.slots, values.get(aspect, "")):
                return f"Refused, {aspect}: {self.statements[rule]}", True
        return f"Request {request.number}: done, {self.phrase(tool)}.", False

    def look_ups(self, number: str) -> tuple[Deed, ...]:
        """Return the look-ups that serving a request begins with."""
        known = self._looked_up.get(number)
        if known is None:
            least, most = self.plan.family.turns
            count = least + int(Draws(key=number).uniform("turns") * (most - least + 1)) if most else 0
            known = self._looked_up[number] = tuple(
                self.look_up(f"{number}{place:02d}", place) for place in range(count)
            )
        return known

    def look_up(self, entry: str, place: int) -> Deed:
        """Return one look-up and its result."""
        bulk = (_FILLER * (self.plan.family.bulk // len(_FILLER) + 1))[: self.plan.family.bulk]
        return Deed(place=place, tool=LOOK_UP, arguments={"entry": int(entry)}, result=f"Entry {entry}: {bulk}")


def served(mind: Mind, request: Request, serving: str) -> Draws:
    """Return the draws of one serving of a request to a model with these texts before it."""
    return Draws(key=f"{mind.digest}|{request.number}|{serving}")


def live(mind: Mind, environment: Environment, request: Request, task: str, draws: Draws) -> Lived:
    """Let the model serve a request, which is written in `task`: every wish with one call, then an answer."""
    if mind.gives_up(request, draws):
        return Lived(answer=apology(draws))
    deeds = list(environment.look_ups(request.number))
    for wish in request.wishes:
        if is_work(wish):
            tool, arguments = called(mind, wish, task, draws)
            result, refused = environment.answer(request, wish, tool, arguments)
            deeds.append(Deed(place=len(deeds), tool=tool, arguments=arguments, result=result, refused=refused))
    return Lived(deeds=tuple(deeds), answer=answered(mind, request, task, draws))


def called(mind: Mind, wish: Wish, task: str, draws: Draws) -> tuple[str, Mapping[str, str]]:
    """Return the call by which the model serves a wish."""
    tool = mind.choose(wish, draws)
    filled = mind.fill(tool, wish, task, draws)
    return tool, {each.aspect: written(each.kind, each.slots or (), each.value) for each in filled}


def answered(mind: Mind, request: Request, task: str, draws: Draws) -> str:
    """Return the words in which the model answers."""
    replies = (each for wish in request.wishes if not is_work(wish) for each in mind.fill("", wish, task, draws))
    stated = ", ".join(each.aspect for each in replies if each.slots is not None)
    said = f" It states: {stated}." if stated else ""
    return f"Request {request.number} is served.{said} {_reference(draws)}"


def apology(draws: Draws) -> str:
    """Return the words in which the model gives up."""
    return f"{SORRY} {_reference(draws)}"


def _reference(draws: Draws) -> str:
    return f"Reference {int(draws.uniform('reference') * 16**8):08x}."


def is_work(wish: Wish) -> bool:
    """Say whether a wish is served by a tool, not by the words of the answer."""
    return wish.phrase != REPLY
