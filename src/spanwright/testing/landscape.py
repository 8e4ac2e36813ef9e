"""A subject without agents or models: texts that hold rules, cases that need some of them, and a truth in closed form.

It runs in virtual time and costs microseconds, so that an engine can be tried in hundreds of whole runs. All randomness
is a hash of what is tried, never of when.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import cast

import anyio

from spanwright.core.candidate import Candidate, Component, Kind
from spanwright.core.case import Case, Splits
from spanwright.core.context import ReflectionContext
from spanwright.core.goal import Goal, Sense
from spanwright.core.proposal import Proposal, Reflection, Refusal, RefusalReason
from spanwright.core.score import Score
from spanwright.core.trace import ModelCall, Trace
from spanwright.core.usage import Usage
from spanwright.errors import WorldFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Landscape:
    """A world: `components` texts, each of which can state `rules` rules; a case needs `needs` of them all."""

    seed: int = 0
    components: int = 4
    rules: int = 3
    needs: int = 2
    followed: float = 0.9
    """The probability that a stated rule is followed."""
    unstated: float = 0.1
    """The probability that any other rule is: with `needs=1` scores are binary, and this is the seed's mean."""
    latency: float = 1.0
    """Median seconds of a rollout; one in a hundred takes ten times as long."""
    reflection_latency: float = 10.0
    outage: float = 0.0
    """The probability that the world fails a rollout or a reflection."""
    refusals: float = 0.1
    """The probability that a reflection is of no use."""
    padding: int = 0
    """Words of no use that a reflection adds with each rule: they cost tokens, and follow no rule better."""
    repeatable: bool = False
    """Whether equal questions get equal answers, as from a provider that is given a seed."""

    def draw(self, *label: object) -> float:
        """Return a number in [0, 1), the same for equal labels."""
        digest = blake2b("|".join(map(str, (self.seed, *label))).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def texts(self) -> Mapping[str, str]:
        """Return the seed's texts: nothing is stated."""
        return {f"world/text{place}": "" for place in range(self.components)}

    def splits(self, *, train: int, validation: int, test: int) -> Splits:
        """Return cases; `inputs` names the rules that a case needs."""
        cases = [self._case(number) for number in range(train + validation + test)]
        return Splits(
            train=tuple(cases[:train]),
            validation=tuple(cases[train : train + validation]),
            test=tuple(cases[train + validation :]),
        )

    def _case(self, number: int) -> Case:
        total = self.components * self.rules
        ranked = sorted(range(total), key=lambda rule: self.draw("need", number, rule))
        return Case(id=f"case-{number}", inputs=tuple(sorted(ranked[: self.needs])))

    def follows(self, candidate: Candidate, rule: int) -> float:
        """Return the probability that `candidate` follows a rule."""
        stated = str(rule) in candidate.texts[f"world/text{rule // self.rules}"].split()
        return self.followed if stated else self.unstated

    def truth(self, candidate: Candidate, cases: Sequence[Case]) -> float:
        """Return the expected mean score of `candidate` on `cases`."""
        return sum(self._expected(candidate, case) for case in cases) / len(cases)

    def prospect(self, candidate: Candidate) -> float:
        """Return the expected score of `candidate` on a case yet to be drawn: any case needs any rules."""
        rules = range(self.components * self.rules)
        return sum(self.follows(candidate, rule) for rule in rules) / len(rules)

    def _expected(self, candidate: Candidate, case: Case) -> float:
        needed = _needed(case)
        return sum(self.follows(candidate, rule) for rule in needed) / len(needed)

    def tokens(self, candidate: Candidate, *label: object) -> int:
        """Return what a rollout takes: a word is a token, and so is whatever else there is to say."""
        words = sum(len(text.split()) for text in candidate.texts.values())
        return 20 + words + int(10 * self.draw("tokens", *label))

    def wait(self, median: float, *label: object) -> float:
        """Return a latency in seconds, heavy-tailed."""
        straggler = 10.0 if self.draw("straggler", *label) < 0.01 else 1.0
        return median * straggler * (0.3 + 1.4 * self.draw("latency", *label))


_PADDING = "please"
_USD = 1e-5
"""The price of a token."""


@dataclass(slots=True)
class LandscapeRecording:
    """The trace of a rollout in the making."""

    id: str = ""
    trace: Trace = field(default_factory=Trace)


@dataclass(slots=True)
class LandscapeRecorder:
    """Records one priced model call for each rollout of a subject that was told of it."""

    _current: ContextVar[LandscapeRecording] = field(default_factory=lambda: ContextVar("recording"))

    @asynccontextmanager
    async def recording(self, baggage: Mapping[str, str]) -> AsyncGenerator[LandscapeRecording, None]:
        """Record what is charged in the block."""
        recording = LandscapeRecording()
        before = self._current.set(recording)
        try:
            yield recording
        finally:
            self._current.reset(before)

    def charge(self, tokens: int) -> None:
        """Put a model call on the present recording."""
        usage = Usage(requests=1, input_tokens=tokens, usd=tokens * _USD)
        self._current.get().trace = Trace(model_calls=(ModelCall(span_id="0", usage=usage),))


@dataclass(slots=True)
class LandscapeSubject:
    """The subject of a landscape. `calls` counts what was really run: the truth that a ledger must agree with."""

    world: Landscape
    calls: int = 0
    running: int = 0
    most_running: int = 0
    recorder: LandscapeRecorder | None = None
    """Is told what each rollout takes."""
    _served: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    async def components(self) -> Sequence[Component]:
        """Return the texts."""
        return tuple(
            Component(id=id, kind=Kind.TEXT, agent="world", text=text) for id, text in self.world.texts().items()
        )

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Return the rules that were not followed. Raises WorldFailed in an outage."""
        self.calls += 1
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        serving = self._served[candidate.id, case.id] = self._served.get((candidate.id, case.id), 0) + 1
        label = (candidate.id, case.id, 0 if self.world.repeatable else serving)
        try:
            await anyio.sleep(self.world.wait(self.world.latency, *label))
        finally:
            self.running -= 1
        if self.recorder is not None:
            self.recorder.charge(self.world.tokens(candidate, *label))
        if self.world.draw("outage", *label) < self.world.outage:
            raise WorldFailed("model", "the landscape is down")
        missed = [
            rule
            for rule in _needed(case)
            if self.world.draw("slip", *label, rule) >= self.world.follows(candidate, rule)
        ]
        return tuple(missed)

    def fingerprints(self) -> Mapping[str, str]:
        """Return the world's seed."""
        return {"landscape": str(self.world.seed)}


async def landscape_evaluator(case: Case, output: object, trace: Trace) -> Score:
    """Score the share of the needed rules that were followed."""
    missed = len(cast("tuple[int, ...]", output))
    return Score(value=1 - missed / len(_needed(case)), feedback=f"missed rules: {output}")


@dataclass(slots=True)
class LandscapeReflector:
    """Writes down one or two of the rules that the failing examples missed, and sometimes something useless."""

    world: Landscape
    calls: int = 0
    _asked: Counter[tuple[str | int, ...]] = field(default_factory=Counter[tuple[str | int, ...]])

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer from the context's examples alone."""
        self.calls += 1
        asked = [example.observed.rollout for example in context.examples]
        label = (context.parent.id, *(each.key.case if self.world.repeatable else each.number for each in asked))
        self._asked[label] += 1
        asking = self._asked[label]
        await anyio.sleep(self.world.wait(self.world.reflection_latency, "reflection", *label))
        # An outage passes: a question that failed is not one that fails whenever it is asked.
        if self.world.draw("reflection outage", *label, asking) < self.world.outage:
            raise WorldFailed("model", "the landscape is down")
        if self.world.draw("refusal", *label) < self.world.refusals:
            return Reflection(result=Refusal(reason=RefusalReason.MALFORMED, detail="of no use"))
        return Reflection(result=self._proposal(context))

    def _proposal(self, context: ReflectionContext) -> Proposal | Refusal:
        offered = {component.id for component in context.components}
        if shorter := self._shorter(context):
            return Proposal(parents=(context.parent.id,), edits=shorter, diagnosis="the texts are long")
        edits: dict[str, str] = {}
        for example in context.examples:
            for rule in _missed(example.observed.output):
                component = f"world/text{rule // self.world.rules}"
                text = edits.get(component, context.parent.texts.get(component, ""))
                if component in offered and str(rule) not in text.split():
                    edits[component] = " ".join(f"{text} {rule}".split() + self.world.padding * [_PADDING])
        if not edits:
            return Refusal(reason=RefusalReason.UNCHANGED, detail="nothing to add")
        return Proposal(parents=(context.parent.id,), edits=edits, diagnosis="rules were missed")

    def _shorter(self, context: ReflectionContext) -> Mapping[str, str]:
        """Return texts without padding, now and then, if tokens or money are to be saved; else nothing."""
        texts = {component.id: context.parent.texts[component.id] for component in context.components}
        padded = {id: text for id, text in texts.items() if _PADDING in text}
        if not any(_saves(goal) for goal in context.goals) or self.world.draw("save", context.attempt) < 0.5:
            return {}
        return {id: " ".join(word for word in text.split() if word != _PADDING) for id, text in padded.items()}


def _saves(goal: Goal) -> bool:
    return goal.sense is Sense.LESS and goal.figure in {"cost", "tokens"}


def _needed(case: Case) -> tuple[int, ...]:
    return cast("tuple[int, ...]", case.inputs)


def _missed(output: str) -> list[int]:
    return [int(word) for word in output.replace("(", " ").replace(")", " ").replace(",", " ").split()]
