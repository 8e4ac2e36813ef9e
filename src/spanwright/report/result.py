"""`Result`: what a run came to. Built from the run's events alone, so that it is the same whoever asks, and when.

It holds texts and figures. Of the agents it knows no more than where to put a candidate on, and that only if the api
told it with `worn_by`.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from difflib import unified_diff
from os import PathLike
from typing import Literal

from spanwright.core.candidate import Candidate, CandidateId, Component, ComponentId
from spanwright.core.events import Event, StopReason
from spanwright.core.proposal import Learnt
from spanwright.core.refiner import REFINER_PROMPT
from spanwright.core.rollout import Observed
from spanwright.core.usage import Usage
from spanwright.errors import UsageError
from spanwright.report import figures
from spanwright.report.best_of_case import BestOfCase
from spanwright.report.chronicle import Chronicle, Generation
from spanwright.report.comparison import Comparison, compare, on_validation
from spanwright.report.findings import of_seed
from spanwright.report.front import Tradeoff, front_of, tradeoff
from spanwright.report.printed import lines
from spanwright.report.record import measured, to_json
from spanwright.report.summary import markdown
from spanwright.report.tool_report import ToolReport
from spanwright.report.worth import Worth
from spanwright.search import Effect, Expense, effects, passed_over
from spanwright.search.statistics import Interval
from spanwright.subject import Champion, wearing, write_champion
from spanwright.subject.crowning import Wears, crown
from spanwright.subject.patched import WriteBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What `await optimize(...)` returns. `print` it."""

    run: str
    policy: str
    seed: Candidate
    best: Candidate
    """The winner; of a paused run the best so far; the seed itself where nothing beat it."""
    components: tuple[Component, ...]
    """The components that were open to change, with the seed's texts."""
    complete: bool
    """False where the run is paused: it can be resumed."""
    stop_reason: StopReason | None
    """None where the process that ran it was lost."""
    validation: Comparison | None
    """On validation cases. They chose the winner, so they flatter it."""
    test: Comparison | None
    """On test cases, which steered nothing; None without a test split, and before it was scored."""
    usage: Usage
    """What was spent on rollouts and reflections that ended."""
    spending: Mapping[str, Usage]
    """What went into what: rollouts by their purpose, judges, a refiner, reflections. Together they are `usage`."""
    unscored: int
    """Rollouts that the world failed for good, or that were cut: they count for nothing but what they cost."""
    cut: int
    """Of these, rollouts that were cut because nothing else was waited for any longer."""
    set_aside: Mapping[str, str]
    """Cases that the world failed again and again while it answered for others, each with the last failure."""
    failed_reflections: int
    """Reflections that the world failed for good."""
    lost: int
    """Rollouts that were under way when a process was lost: paid for, and done again."""
    proposed: int
    """Children that were judged."""
    accepted: int
    refused: int
    """Answers of the reflection model that could not be used."""
    seconds: float
    """Wall-clock time, of all processes that worked on the run."""
    lineage: tuple[Generation, ...]
    """How the winner came to be, the first change first."""
    worth: Worth = field(default_factory=Worth)
    """What several edits at once, merges, escapes, lessons and blame brought in this run."""
    tools: ToolReport = field(default_factory=ToolReport, repr=False)
    """How tools were used with the seed and the winner: needlessly, not at all, wrongly, one in place of another."""
    learnt: tuple[Learnt, ...] = field(default=(), repr=False)
    """The lessons of the run, for another one to begin with: `Run(lessons_from=result)`."""
    front: tuple[Tradeoff, ...] = ()
    """What there is to choose from, the winner first: candidates that none beats in every way that goals ask for."""
    seed_figures: Tradeoff | None = None
    """The seed in the figures of the front."""
    at_hand: bool = False
    """Whether the cases are themselves what is to be solved: they teach and choose, and there are no others."""
    best_of_cases: tuple[BestOfCase, ...] = ()
    """Of cases that both teach and choose, as in inference-time search, the best try of each, whoever made it."""
    findings: tuple[str, ...] = ()
    """What is odd about the eval set, by the seed's own scores."""
    effects: tuple[Effect, ...] = ()
    """What the winner's edits that a guard watches (`Guard(regression=True)`) do to the cases that use them."""
    expenses: tuple[Expense, ...] = ()
    """What the winner takes in the figures that guards of its edits bound (`Guard(max_more={"tokens": 0.2})`)."""
    passed_over: tuple[tuple[CandidateId, Effect | Expense], ...] = ()
    """Finalists that such guards forbade to win, each with an edit that harms or is too dear."""
    remarks: tuple[str, ...] = field(default=(), compare=False)
    """What else the process that ran it has to say; a result that is read from a store has none."""
    wearables: tuple[Wears, ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def from_events(
        cls,
        events: Iterable[Event],
        *,
        paused_by: StopReason | None = None,
        remarks: Iterable[str] = (),
    ) -> "Result":
        """Build the result of a run from its events. Raises UsageError for a run that has not begun.

        `paused_by` says why a run is not at its end, which its events do not tell.
        """
        chronicle = Chronicle()
        for event in events:
            chronicle.apply(event)
        found = replace(cls.of(chronicle), remarks=tuple(remarks))
        return found if found.complete else replace(found, stop_reason=paused_by)

    @classmethod
    def of(cls, chronicle: Chronicle) -> "Result":
        """Build the result of a run from what was folded of it. Raises UsageError for a run that has not begun."""
        view, started, ended = chronicle.view, chronicle.started, chronicle.ended
        if started is None:
            raise UsageError("the run has no events yet", "Look again when it has started")
        seed = view.candidate(view.seed)
        best = view.candidate(ended.winner if ended else view.incumbent)
        front = front_of(view, best)
        return cls(
            run=started.run,
            policy=started.policy,
            seed=seed,
            best=best,
            components=started.components,
            complete=ended is not None,
            stop_reason=ended.reason if ended else None,
            validation=on_validation(view, best.id),
            test=compare(view.test_scores(seed.id), view.test_scores(best.id)),
            usage=chronicle.usage,
            spending=dict(chronicle.spending),
            unscored=chronicle.unscored,
            cut=chronicle.cut,
            set_aside=dict(view.set_aside),
            failed_reflections=chronicle.failed_reflections,
            lost=chronicle.lost,
            proposed=chronicle.proposed,
            accepted=chronicle.accepted,
            refused=chronicle.refused,
            seconds=chronicle.seconds,
            lineage=chronicle.lineage(best.id),
            worth=chronicle.worth,
            tools=chronicle.tools(best.id),
            learnt=view.learnt,
            front=front,
            at_hand=bool(set(started.train) & set(started.validation)),
            best_of_cases=chronicle.best_of_cases,
            seed_figures=tradeoff(view, seed, tested=front[0].measured_on == "test"),
            findings=tuple(of_seed(view)),
            effects=effects(view, best.id),
            expenses=view.expenses(best.id),
            passed_over=tuple(passed_over(view)),
        )

    @property
    def seed_validation(self) -> float | None:
        """The seed's mean on the validation cases that the winner was tried on, too."""
        return self.validation.seed.mean if self.validation else None

    @property
    def best_validation(self) -> float | None:
        """The winner's mean on the same validation cases."""
        return self.validation.best.mean if self.validation else None

    @property
    def seed_test(self) -> float | None:
        """The seed's mean on the test split; None without one."""
        return self.test.seed.mean if self.test else None

    @property
    def best_test(self) -> float | None:
        """The winner's mean on the test split; None without one."""
        return self.test.best.mean if self.test else None

    @property
    def measured_on(self) -> Literal["test", "validation"]:
        """Which cases `difference` and `improved` go by: the test split's, or where it has no scores validation's."""
        return "test" if self.test else "validation"

    @property
    def difference(self) -> Interval | None:
        """How much better the winner is, with the 95 % interval of the paired difference; None if it is the seed."""
        compared = self.test or self.validation
        return compared.difference if compared and self.best != self.seed else None

    @property
    def improved(self) -> bool:
        """Whether the test split shows that the winner is better than the seed beyond chance: never without one.

        Of problems at hand, whether the winner's mean is the higher one: there is no other case to be good at.
        """
        if self.at_hand:
            return self.difference is not None and self.difference.mean > 0
        return self.test is not None and self.difference is not None and self.difference.low > 0

    @property
    def rollouts(self) -> int:
        """Rollouts that were spent."""
        return self.usage.rollouts

    @property
    def reflections(self) -> int:
        """Reflections that were spent."""
        return self.usage.reflections

    @property
    def components_changed(self) -> tuple[ComponentId, ...]:
        """The components in which the winner differs from the seed."""
        return self.best.changes_from(self.seed)

    def with_outputs(self, observed: Callable[[int], Observed | None]) -> "Result":
        """Return the result with the outputs of the best try of each case, which events do not hold."""
        return replace(self, best_of_cases=tuple(each.with_output(observed) for each in self.best_of_cases))

    @property
    def best_text(self) -> str:
        """The winner's text, where there is one beside a refiner's prompt. Raises UsageError if there are several."""
        texts = [text for id, text in self.best.texts.items() if id != REFINER_PROMPT] or [*self.best.texts.values()]
        if len(texts) != 1:
            raise UsageError(f"the run has {len(texts)} texts", "Look into best.texts")
        return texts[0]

    def worn_by(self, wearables: Iterable[Wears]) -> "Result":
        """Return the result with the agents that `wear` dresses."""
        return replace(self, wearables=tuple(wearables))

    def worn(self) -> AbstractContextManager[None]:
        """Return a context in which the optimized agents wear the winner: `with result.worn(): ...`."""
        return wearing(self.best)

    def wear(self) -> None:
        """Let the optimized agents wear the winner from now on. Raises UsageError for a result without its agents."""
        if not self.wearables:
            raise UsageError(
                f"the result of run {self.run!r} does not know its agents",
                "Save it, and start the agent with optimizable(agent, champion=...)",
            )
        before = {id: text for each in self.wearables if each.base for id, text in each.base.texts.items()}
        crown(self.wearables, {**before, **self.best.texts})

    def save(self, path: str | PathLike[str], *, components: Iterable[ComponentId] | None = None) -> None:
        """Write the winner's texts, of some components or of all, as a file for `optimizable(agent, champion=path)`."""
        kept = frozenset(self.best.texts if components is None else components)
        champion = Champion(
            texts={each: text for each, text in self.best.texts.items() if each in kept},
            seed={each: text for each, text in self.seed.texts.items() if each in kept},
            run=self.run,
            summary=self.headline,
            measured=measured(self),
        )
        write_champion(path, champion)

    def write_back(self, agent: object, *, write: bool = False) -> WriteBack:
        """Return the winner's texts as a patch of the source that `agent` comes from; with `write` apply it.

        `agent` is the decorated agent, factory or program, which a module has to have under a name. Its modules are
        imported twice in a process of its own, which takes seconds: once as they are, and once as they would be.
        Raises UsageError where the source no longer says what the run began with.
        """
        from spanwright.subject.rewriting import reach_of, write_back  # noqa: PLC0415  (few need a parser of source)

        return write_back(reach_of(agent), self.seed.texts, self.best.texts, write=write)

    def diff(self, *, components: Iterable[ComponentId] | None = None) -> str:
        """Return what changed from the seed to the winner as unified diffs, of some components or of all."""
        wanted = self.components_changed if components is None else tuple(components)
        return "\n".join(_difference(each, self.seed.texts[each], self.best.texts[each]) for each in wanted)

    @property
    def headline(self) -> str:
        """What came of the run, in one sentence."""
        if self.best == self.seed:
            return "Nothing beat the seed." if self.complete else "Nothing has beaten the seed so far."
        compared = self.test or self.validation
        if compared is None:
            return "The best candidate so far was not compared with the seed yet."
        if self.at_hand:
            before, after = figures.two_scores(compared.seed.mean, compared.best.mean)
            return f"The best text scores {after}, the seed {before}, on {figures.number(compared.cases, 'case')}."
        change = f"{figures.score(compared.seed.mean)} -> {figures.score(compared.best.mean)}"
        told = f"{change} on {figures.number(compared.cases, f'{self.measured_on} case')}"
        gain = figures.interval(compared.difference, signed=True)
        if self.improved:
            return f"The winner beats the seed: {told}, {gain}."
        if self.test is None:
            return f"The winner was chosen by these cases, so the figure is optimistic: {told}, {gain}."
        return f"Nothing beat the seed beyond chance: {told}, {gain}."

    def __str__(self) -> str:
        return "\n".join(lines(self))

    def to_markdown(self, *, command: str = "", store: str = "") -> str:
        """Return a summary to be pasted into a pull request, with what is long folded.

        `command` and `store` are how the run was started and where it is kept, as the command line is told.
        """
        return markdown(self, command, store)

    def _repr_markdown_(self) -> str:
        """Return what a notebook shows of a cell that ends with a result."""
        return self.to_markdown()

    def to_json(self) -> str:
        """Return the figures as one JSON object, for programs."""
        return to_json(self)


def _difference(component: ComponentId, before: str, after: str) -> str:
    names = (f"{component} (seed)", f"{component} (winner)")
    lines = unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="")
    return "\n".join((*lines, ""))
