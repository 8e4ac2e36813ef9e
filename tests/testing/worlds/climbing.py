"""A small optimizer for trying worlds: one text at a time, kept where three examples and twenty cases get better."""

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from statistics import fmean

from spanwright.core.case import Case
from spanwright.testing.worlds import Played, World
from spanwright.testing.worlds.recounting import record

PROMPT = "These are the instructions:\n```\n{text}\n```\n\nThese are examples:\n```\n{examples}\n```\nImprove them."
Texts = Mapping[str, str]
Told = Mapping[str, str]
Shown = Callable[[Told, Random], Told]
"""What of a record the reflection model gets to see."""


def everything(told: Told, drawn: Random) -> Told:
    """Show a record as it is."""
    return told


def score_only(told: Told, drawn: Random) -> Told:
    """Show what went in and how good it was."""
    return {name: said for name, said in told.items() if name in ("Text", "Inputs", "Score")}


class Climber:
    """Climbs in a world. `accepted` counts the edits that it kept, `tried` all of them."""

    def __init__(self, world: World, *, shown: Shown = everything, seed: int = 0) -> None:
        self.world = world
        self.shown = shown
        self.drawn = Random(seed)
        self.served: Counter[object] = Counter()
        self.accepted = 0
        self.tried = 0

    def climb(self, texts: Texts, *, attempts: int) -> Texts:
        """Return the best texts that were found."""
        names, best = sorted(texts), self.mean(texts, self.world.splits.validation[:20])
        for attempt in range(attempts):
            name = names[attempt % len(names)]
            cases = self.drawn.sample(self.world.splits.train, 3)
            before = [(case, self.play(texts, case)) for case in cases]
            child = {**texts, name: self.edited(texts, name, before)}
            if child == texts:
                continue
            self.tried += 1
            if self.mean(child, cases) <= fmean(played.score for _, played in before):
                continue
            mean = self.mean(child, self.world.splits.validation[:20])
            if mean >= best:
                texts, best = child, mean
                self.accepted += 1
        return texts

    def play(self, texts: Texts, case: Case) -> Played:
        key = (tuple(sorted(texts.items())), case.id)
        self.served[key] += 1
        return self.world.play(texts, case, self.served[key] - 1)

    def mean(self, texts: Texts, cases: list[Case] | tuple[Case, ...]) -> float:
        return fmean(self.play(texts, case).score for case in cases)

    def edited(self, texts: Texts, name: str, plays: list[tuple[Case, Played]]) -> str:
        records = [
            f"# Example {place + 1}\n" + "".join(f"## {part}\n{said}\n\n" for part, said in told.items())
            for place, (case, played) in enumerate(plays)
            if (told := self.shown(record(name, case, played), self.drawn))
        ]
        prompt = PROMPT.format(text=texts[name], examples="\n".join(records))
        self.served[prompt] += 1
        answer = self.world.reflect(prompt, self.served[prompt] - 1)
        start, end = answer.find("```") + 3, answer.rfind("```")
        return answer[start:end].strip() if start < end else texts[name]
