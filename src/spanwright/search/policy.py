"""A policy: every decision of a search, as pure functions of what the pool shows, and the settings they read.

The engine asks; the policy answers and remembers nothing: equal views and equal random streams give equal answers.
Any rule can be swapped for a function of one's own. Which rules the default takes, and why, was measured in 110,000
simulated runs; GEPA's own rules stay available as `Policy.gepa()`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Unpack

from spanwright.core.candidate import Candidate, CandidateId, ComponentId
from spanwright.core.context import ScoredText, TriedEdit
from spanwright.core.events import Escape, Estimator, StopReason
from spanwright.core.goal import Goal
from spanwright.core.proposal import Draft, Lesson, Verdict
from spanwright.core.rollout import Purpose
from spanwright.errors import UsageError
from spanwright.search import finals, interrupted, limits, regressions
from spanwright.search.components import Blamed, ComponentRule, round_robin
from spanwright.search.crossing import CrossoverRule
from spanwright.search.drafts import DraftRule
from spanwright.search.escape import EscapeRule, parent_rule
from spanwright.search.fronts import FromFront, archived
from spanwright.search.gate import GateRule, strict
from spanwright.search.grafting import GraftRule, on_the_best
from spanwright.search.lessons import MOST
from spanwright.search.minibatch import MinibatchRule, batches_in_an_epoch, epoch_shuffled
from spanwright.search.parents import Mixed, ParentRule, Thompson, original, pareto
from spanwright.search.race import RaceRule, archived_blocks, blocks
from spanwright.search.randomness import shuffled
from spanwright.search.rounds import Rounds
from spanwright.search.settings import PolicySettings, Schedule, said
from spanwright.search.stopping import StopRule, Target
from spanwright.search.view import TRIED, Cell, PoolView

_SMALL_BUDGET = 100
"""Rollouts below which nothing is kept for the finals: the search needs them more."""

_LEAST_RESERVE, _LARGEST_SHARE = 75, 0.25
"""Rollouts that the finals take at least, of a quarter of the budget at most: fewer show only what is hard to miss."""

_CELLS_OF_A_FINALIST = 32
"""Rollouts for each finalist where no budget says how many there are."""

_ENOUGH = frozenset(
    {
        StopReason.TARGET,
        StopReason.PATIENCE,
        StopReason.NOTHING_TO_LEARN,
        StopReason.FRUITLESS,
        StopReason.COUNT,
        StopReason.RULE,
    }
)
"""Reasons to end a search that leave a budget over, which the finals must not burn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How to search. Made by `Policy.default()`, `Policy.gepa()` or `Policy.best_of_n()`, each with overrides."""

    name: str = "default"
    """Named in every result."""
    seed: int = 0
    """Keys all random streams of a run."""
    schedule: Schedule = "steady"
    max_in_flight: int = 24
    """Attempts in flight at most. Width buys time and costs depth: more slots than these are best left idle."""
    first_in_flight: int = 2
    """Attempts in flight at the start, and at least."""
    rollouts_per_step: int | None = 60
    """For each so many rollouts that were spent one attempt may be in flight; None: as many as allowed from the start.

    Early on the next attempt should build on what this one finds; late little is found, and breadth is nearly free.
    """
    late: float | None = 2.0
    """An attempt that takes so many times as long as the median one is late: another one may begin in its place, and
    the end of the search does not wait for it. None: none ever is. Under the ordered schedule, and in rounds, none is.
    """
    slots_per_attempt: float = 1.25
    """Rollouts that can run at once, for each attempt in flight."""
    edits: int | None = 3
    """Components that one reflection may edit, of those that `component_rule` offers; None: all of them."""
    minibatch_size: int = 3
    tries: int = 1
    """How often the parent is tried on each case of the minibatch: of one that scores now high, now low, the reflector
    sees both.
    """
    block: int | None = 8
    """Validation cases that a member is measured on at a time; None: all of them."""
    finalist_count: int = 6
    """Members that are measured again at the end; none where it is 0."""
    final_share: float = 0.18
    """The share of the rollouts that is kept for that."""
    confidence: float | None = 0.975
    """How sure it must be that the winner beats the seed; otherwise the seed is returned, however lucky another was.

    None: the best mean wins, as in gepa 0.1.
    """
    perfect: float | None = 1.0
    """The best possible score: a minibatch of such teaches nothing. None where no score is known to be the best."""
    perfect_in_a_row: int = 10
    """The search ends after so many minibatches with nothing to learn, but not before an epoch of them."""
    target: float | None = None
    """The search ends when the incumbent's estimate has reached this score and rests on enough cells."""
    patience: int | None = None
    """The search ends when so many attempts brought no new incumbent."""
    fruitless: int = 30
    """The search ends after so many refused and abandoned attempts in a row: they cost no rollouts."""
    stop: StopRule | None = None
    """Ends the search for further reasons: `Target`, `Patience`, `AtMost`, `AnyOf`, `AllOf`, or a function."""
    rounds: Rounds | None = None
    """Attempts in rounds of P parents x N proposals, of which those are admitted whom its rule chooses: gepa's P x N.

    One round at a time: its attempts go side by side, or under the ordered schedule one after the other. It needs a
    gate. None: attempts one by one.
    """
    second_chances: bool = False
    """Whether a child that a gate turned down may be tried again, as gepa does; else it is a duplicate."""
    exact: bool = False
    """Whether a text always scores the same on a case: then nothing is measured twice, not for a minibatch either."""
    memory: bool = True
    """Whether a reflection is shown lessons and earlier edits."""
    scores: int = 0
    """Earlier texts of each component that a reflection is shown with their scores, for reflectors that read them."""
    most_lessons: int = MOST
    """Lessons that it is shown of a component; 0: none."""
    most_tried: int = TRIED
    """Earlier edits that it is shown; 0: none."""
    near_duplicates: bool = False
    """Whether a child is tried that says the same as an earlier candidate in other clothes."""
    estimator: Estimator = Estimator.LINEAGE
    """How members are judged by all decisions of the search; `target` and what is reported go by plain means."""
    escape_rule: EscapeRule | None = None
    """What to do otherwise on a plateau; None: nothing."""
    contrast: bool = True
    """Whether it is shown, beside a failure, the best try of the same training case that any member has had."""
    parent_rule: ParentRule = field(default_factory=Thompson)
    draft_rule: DraftRule | None = None
    """What an attempt may try in place of a reflection; None: every attempt reflects."""
    crossover_rule: CrossoverRule | None = None
    """Whom a reflection may cross the parent with: that one is tried on the minibatch, too. None: nobody."""
    graft_rule: GraftRule | None = on_the_best
    """Where an edit lands if others have made progress meanwhile; None: on the parent that it was written for."""
    minibatch_rule: MinibatchRule = epoch_shuffled
    component_rule: ComponentRule = field(default_factory=Blamed)
    gate_rule: GateRule | None = None
    """None: a child is admitted as it is, and earns its validation cells."""
    race_rule: RaceRule = blocks

    def __post_init__(self) -> None:
        counts = {
            "max_in_flight": self.max_in_flight,
            "first_in_flight": self.first_in_flight,
            "slots_per_attempt": self.slots_per_attempt,
            "minibatch_size": self.minibatch_size,
            "tries": self.tries,
            "block": 1 if self.block is None else self.block,
            "rollouts_per_step": 1 if self.rollouts_per_step is None else self.rollouts_per_step,
            "fruitless": self.fruitless,
            "edits": 1 if self.edits is None else self.edits,
        }
        for setting, count in counts.items():
            if count < 1:
                raise UsageError(f"{setting}={count} of a policy is not positive", "Give 1 or more")
        if self.late is not None and not self.late >= 1:
            raise UsageError(f"late={self.late} of a policy calls half of all attempts late", "Give 1 or more, or None")
        if not 0 <= self.final_share < 1:
            raise UsageError(f"final_share={self.final_share} of a policy is no share", "Give 0 to 1, without 1")
        if self.confidence is not None and not 0 <= self.confidence < 1:
            raise UsageError(f"confidence={self.confidence} of a policy is no probability", "Give 0 to 1, without 1")
        if self.rounds is not None and self.gate_rule is None:
            raise UsageError("A policy with rounds has no gate to choose by", "Give `gate_rule=strict`, or no rounds")

    @classmethod
    def default(cls, **overrides: Unpack[PolicySettings]) -> "Policy":
        """Return the policy that paid most: several components in an edit, lessons, a small first bet on a child."""
        return cls(**overrides)

    @classmethod
    def gepa(cls, **overrides: Unpack[PolicySettings]) -> "Policy":
        """Return GEPA's own rules (arXiv 2507.19457, as in gepa 0.1): one attempt at a time unless overridden.

        Rollouts that are too few for another attempt re-measure the best two, where gepa overshoots its budget.
        """
        rules = cls(
            name="gepa",
            schedule="ordered",
            rollouts_per_step=None,
            block=None,
            finalist_count=2,
            final_share=0.0,
            edits=None,
            second_chances=True,
            memory=False,
            near_duplicates=True,
            estimator=Estimator.MEAN,
            contrast=False,
            parent_rule=pareto,
            graft_rule=None,
            component_rule=round_robin,
            gate_rule=strict,
        )
        return replace(rules, **overrides)

    @classmethod
    def best_of_n(cls, **overrides: Unpack[PolicySettings]) -> "Policy":
        """Return a control: the default, but every child is the seed's, so that nothing builds on what was found."""
        return replace(cls(name="best-of-n", parent_rule=original, graft_rule=None), **overrides)

    def wanting(self, goals: Sequence[Goal]) -> "Policy":
        """Return the policy for goals: where its rules are the default's, trade-offs breed and are measured, too.

        Half of the parents are then drawn from the archive. What says the same
        in fewer words is tried: it may be the cheaper one.
        """
        rules = PolicySettings(near_duplicates=True) if goals else PolicySettings()
        if goals and self.parent_rule == Thompson():
            rules["parent_rule"] = Mixed(first=FromFront(frontier=archived, pruned=False))
        if goals and self.race_rule is blocks:
            rules["race_rule"] = archived_blocks
        return replace(self, **rules)

    @property
    def gated(self) -> bool:
        """Whether a child must pass a gate before it is admitted."""
        return self.gate_rule is not None

    @property
    def tries_of_a_case(self) -> int:
        """How often a minibatch has each of its cases: once where scores never vary, whatever `tries` says."""
        return 1 if self.exact else self.tries

    @property
    def minibatch_rollouts(self) -> int:
        """Rollouts of one candidate on a minibatch, at most."""
        return self.minibatch_size * self.tries_of_a_case

    @property
    def attempt_rollouts(self) -> int:
        """Rollouts of an attempt at most, its child's validation aside: a minibatch, and a gate, which tries once."""
        return self.minibatch_rollouts + (self.minibatch_size if self.gated else 0)

    @property
    def fingerprint(self) -> str:
        """All settings as text: what must be equal when a run is resumed."""
        return said(self)

    # An attempt

    def escape(self, view: PoolView, rng: Random) -> Escape | None:
        """Choose what the next attempt does otherwise than usual, if anything."""
        return None if self.escape_rule is None else self.escape_rule(view, rng)

    def parent(self, view: PoolView, rng: Random, escape: Escape | None = None) -> CandidateId:
        """Choose the member to improve; where nothing is measured twice, its nearest ancestor that was measured."""
        chosen = parent_rule(escape, self.parent_rule)(view, rng)
        if not self.exact:
            return chosen
        return next((each for each in view.lineage(chosen) if view.own(each)), chosen)

    def partner(self, view: PoolView, parent: CandidateId, rng: Random) -> CandidateId | None:
        """Choose whom to cross the parent with, if anybody."""
        return None if self.crossover_rule is None else self.crossover_rule(view, parent, rng)

    def draft(self, view: PoolView) -> Draft | None:
        """Return what the next attempt tries without a reflection. Raises UsageError for a bar of other cases."""
        if self.draft_rule is None:
            return None
        # The stream is keyed by the attempt, so that a resumed run draws the same.
        draft = self.draft_rule(view, Random(f"{self.seed}/{view.next_attempt}/draft"))
        if draft is not None and (strange := draft.bar.keys() - {*view.train, *view.validation}):
            raise UsageError(
                f"The bar of a draft names {min(strange)!r}, which is no case to train or to validate on",
                "Let `draft_rule` take its cases from view.train and view.validation",
            )
        return draft

    def minibatch(self, view: PoolView, parent: CandidateId, attempt: int) -> tuple[str, ...]:
        """Choose the training cases to look at."""
        return self.minibatch_rule(view, parent, attempt=attempt, size=self.minibatch_size, seed=self.seed)

    def components(
        self, view: PoolView, parent: CandidateId, blames: Mapping[ComponentId, float], rng: Random
    ) -> tuple[ComponentId, ...]:
        """Choose the components to edit; `blames` is summed over the failures of the minibatch."""
        return self.component_rule(view, parent, blames, rng)

    def lessons(self, view: PoolView, parent: CandidateId, components: Sequence[ComponentId]) -> tuple[Lesson, ...]:
        """Return what the reflection shall know of earlier failures."""
        return view.lessons(parent, components, self.most_lessons) if self.memory else ()

    def beside(self, view: PoolView, case: str, score: float) -> int | None:
        """Return the number of the rollout that a failure of a training case is to be shown beside, if there is one."""
        failed = self.perfect is None or score < self.perfect
        return view.better(case, score) if self.contrast and failed else None

    def home(self, view: PoolView, parent: CandidateId, edited: Collection[ComponentId]) -> CandidateId:
        """Return the member that edits of some components of `parent` are applied to."""
        return parent if self.graft_rule is None or self.gated else self.graft_rule(view, parent, edited)

    def tried(self, view: PoolView, parent: CandidateId, components: Sequence[ComponentId]) -> tuple[TriedEdit, ...]:
        """Return what the reflection shall know of earlier edits."""
        return view.tried(parent, components, self.most_tried) if self.memory else ()

    def repeats(self, view: PoolView, child: Candidate) -> CandidateId | None:
        """Return the candidate that says already what `child` says, where that is a reason not to try it."""
        return None if self.near_duplicates else view.twin(child)

    def is_known(self, view: PoolView, child: CandidateId) -> bool:
        """Return whether a child was tried before and need not be again."""
        return view.is_member(child) or (child in view and not self.second_chances)

    def scored(self, view: PoolView, components: Sequence[ComponentId]) -> tuple[ScoredText, ...]:
        """Return what the reflection shall know of how earlier texts scored."""
        return view.scored(components, self.scores) if self.scores else ()

    def gate(self, before: Mapping[str, float], after: Mapping[str, float]) -> Verdict:
        """Judge a child by its parent's scores on the minibatch and its own."""
        if self.gate_rule is None:
            return Verdict(accepted=True, reason="admitted without a gate")
        return self.gate_rule(before, after)

    def in_flight(self, spent: int, concurrency: int) -> int:
        """Return how many attempts to have in flight after `spent` rollouts, `concurrency` at once."""
        if self.schedule == "ordered" or self.rounds is not None:
            return 1
        most = min(self.max_in_flight, int(concurrency / self.slots_per_attempt))
        if self.rollouts_per_step is not None:
            most = min(most, max(self.first_in_flight, spent // self.rollouts_per_step))
        return max(1, most)

    # Validation

    def commitment(self, view: PoolView) -> int:
        """Return how many rollouts a newly admitted child is owed."""
        cases = len(view.validation)
        return cases if self.block is None else min(self.block, cases)

    def next_block(self, view: PoolView, candidate: CandidateId) -> tuple[Cell, ...]:
        """Return the validation cells to measure next for a member; none when it was measured enough."""
        block = self.block or len(view.validation)
        cases = self.race_rule(view, candidate, block=block, order=self._order(view))
        return tuple((case, view.next_repeat(candidate, case)) for case in cases)

    def top_up(self, view: PoolView) -> CandidateId | None:
        """Return the member to measure one block further before the next attempt: the incumbent, if it deserves it.

        What a crash interrupted is finished, and not done a second time for the same attempt.
        """
        begun = view.top_up
        if begun is None or begun.attempt != view.next_attempt:
            member = view.incumbent
        elif view.own(begun.member) % (self.block or len(view.validation)) or interrupted.lost(view, begun):
            member = begun.member
        else:
            return None
        under_way = any(view.flying(member, case) for case in view.validation)
        return member if not under_way and self.next_block(view, member) else None

    def unfinished(self, view: PoolView) -> tuple[CandidateId, ...]:
        """Return the members whose validation a crash or a stop interrupted, in the order of their admission."""
        if self.schedule == "ordered":
            members = interrupted.latest(view)
        else:
            owed = self.commitment(view)
            cut_short = {each.key.candidate for each in view.lost_lately if each.purpose is Purpose.VALIDATION}
            members = tuple(
                member
                for member, own in zip(view.members, view.owns.tolist(), strict=True)
                if own < owed or member in cut_short
            )
        return tuple(member for member in members if self.next_block(view, member))

    # The end

    def reserve(self, budget: int | None, tested: int = 0) -> int:
        """Return how many of `budget` rollouts to keep for the finals, where the test split takes `tested` of them."""
        if budget is None or budget - tested < _SMALL_BUDGET or not self.finalist_count or not self.final_share:
            return 0
        rollouts = budget - tested
        return int(max(self.final_share * rollouts, min(_LARGEST_SHARE * rollouts, _LEAST_RESERVE)))

    def final_pairs(self, reserve: int) -> int:
        """Return in how many pairs of rollouts the finals compare their leader with the seed, of so many rollouts."""
        among = finals.affordable_finalists(max(1, self.finalist_count), reserve)
        if self.confidence is None or among <= 2:
            return reserve // among
        heats = int(finals.HEATS_SHARE * reserve) // among
        return heats + (reserve - heats * among) // 2

    def finalists(self, view: PoolView) -> tuple[CandidateId, ...]:
        """Return the best members by estimate, the best first, where there are goals the archive's, and the seed.

        Where little is kept for the finals they are fewer: it takes many rollouts to tell any two apart. Not so with
        goals: then all of them are a choice that the user is given.
        """
        at_most = max(1, self.finalist_count)
        if view.goals:
            return limits.finalists(view, at_most)
        reserve = self.reserve(view.budget.rollouts, view.test_rollouts)
        return finals.finalists(view, finals.affordable_finalists(at_most, reserve) if reserve else at_most)

    def final_least(self, finalists: Sequence[CandidateId]) -> int:
        """Return how many rollouts the finals take where there is no budget of rollouts."""
        return _CELLS_OF_A_FINALIST * len(finalists) if self.finalist_count else 0

    def final_cells(
        self, view: PoolView, finalists: Sequence[CandidateId], rollouts: int
    ) -> tuple[tuple[CandidateId, Cell], ...]:
        """Return what to measure next, with so many rollouts left: unseen validation cases, training cases, repeats.

        First all finalists alike, with a half of the finals; then those whom `narrowed` leaves. Two need no first
        half. A search that ended before its budget did leaves the rest unspent, but for what was kept for the finals.
        """
        if not self.finalist_count:
            return ()
        budget = view.budget.rollouts
        if view.search_ended_by in _ENOUGH and budget is not None:
            kept = int(self.final_share * budget)  # of a small budget, too: the search needs no more of it
            rollouts = min(rollouts, max(0, kept - view.final_rollouts))
        measured = finalists if view.contenders is None else view.contenders
        heats = view.contenders is None and self.narrows(finalists)
        if heats:
            rollouts = max(0, int(finals.HEATS_SHARE * (view.final_rollouts + rollouts)) - view.final_rollouts)
        if len(measured) < 2:
            return ()
        order = tuple(dict.fromkeys((*self._order(view), *shuffled(view.train, f"{self.seed}/train"))))
        # With goals the seed is one of those that are offered, with figures as good as theirs.
        plan = finals.Plan(spares_seed=self.confidence is not None and not view.goals, whole_cases=heats)
        if self.exact:
            return finals.unmeasured(view, measured, rollouts, order=order)
        return finals.final_cells(view, measured, rollouts, order=order, plan=plan)

    def narrows(self, finalists: Sequence[CandidateId]) -> bool:
        """Return whether the finals have two parts: not where there are only two to compare, or no seed to beat."""
        return self.confidence is not None and len(finalists) > 2

    def narrowed(self, view: PoolView, finalists: Sequence[CandidateId]) -> tuple[CandidateId, ...]:
        """Return whom to measure further, once all finalists were measured alike."""
        allowed = limits.may_win(view, finalists)
        among = [each for each in finalists if each in allowed or each == view.seed]
        return finals.narrowed(view, among if len(among) > 1 else finalists)

    def winner(self, view: PoolView, finalists: Sequence[CandidateId]) -> CandidateId:
        """Return the finalist with the best mean over what all of them know, if it surely beats the seed; or the seed.

        Of equals, the earliest. Only those are asked for who keep the limits that goals set, as long as one does; a
        seed that breaks them need not be beaten. Nobody wins with an edit that a guard watches and that is shown to
        harm the cases that use it.
        """
        allowed = regressions.unharmful(view, limits.may_win(view, finalists))
        if self.confidence is None:
            return finals.best(view, allowed or (view.seed,))
        left = finalists if view.contenders is None else view.contenders
        rivals = [each for each in left if each != view.seed and each in allowed] or [
            each for each in allowed if each != view.seed
        ]
        if not rivals:
            return view.seed
        leader = finals.best(view, rivals)
        open_yet = view.seed in left and view.seed in allowed
        beaten = not open_yet or finals.beats_seed(view, leader, finalists, confidence=self.confidence)
        return leader if beaten else view.seed

    def should_stop(self, view: PoolView) -> StopReason | None:
        """Return why the search should end now, if it should."""
        if view.empty or view.finalists is not None:
            return None
        epoch = batches_in_an_epoch(len(view.train), min(self.minibatch_size, len(view.train)))
        reasons = {
            StopReason.TARGET: self._reached_target(view),
            StopReason.NOTHING_TO_LEARN: view.perfect >= max(epoch, self.perfect_in_a_row) or self._at_ceiling(view),
            StopReason.FRUITLESS: view.fruitless >= self.fruitless,
            StopReason.PATIENCE: self.patience is not None and view.since_new_incumbent >= self.patience,
        }
        found = next((reason for reason, holds in reasons.items() if holds), None)
        return self.stop(view) if found is None and self.stop is not None else found

    def _at_ceiling(self, view: PoolView) -> bool:
        """Return whether the seed has the best possible score on every validation case: nothing could beat it."""
        if self.perfect is None or view.own(view.seed) < len(view.validation):
            return False
        return (view.estimate(view.seed) or 0.0) >= self.perfect

    def _reached_target(self, view: PoolView) -> bool:
        return self.target is not None and Target(score=self.target, cells=self.commitment(view))(view) is not None

    def _order(self, view: PoolView) -> tuple[str, ...]:
        """Return the one random order in which all members meet the validation cases: so differences are paired."""
        return shuffled(view.validation, f"{self.seed}/validation")
