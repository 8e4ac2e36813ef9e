"""How hard models may be asked and how long things may take: two records that a caller fills in.

What they do is done in `models/`, where requests are sent, and in `engine/`, where rollouts are.
"""

from dataclasses import dataclass, replace

from spanwright.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How hard one model may be asked, by rollouts, judges and reflections together: `Run(limits=[Limits(...)])`.

    Of several that fit a model the first one holds; a model without any is asked as hard as its provider lets us.
    """

    models: str = "*"
    """A glob on `provider:name`, such as "openai:gpt-5*". Each model that fits is limited by itself."""
    in_flight: int | None = None
    """Requests in flight. None finds out: from 20 up while all is well and they are all used, down at each 429."""
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    """Prompts and answers. What a request will take is known only afterwards: a running mean stands in for it."""

    def __post_init__(self) -> None:
        for name in ("in_flight", "requests_per_minute", "tokens_per_minute"):
            limit: float | None = getattr(self, name)
            if limit is not None and not limit >= 1:
                raise UsageError(f"{name}={limit} lets no request through", "Give at least 1, or None for no limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long things may take, in seconds; None is for ever. A run's own deadline is `Budget(seconds=...)`.

    Time that our own event loop was late never counts, and waits for slots, rate limits and backoff do not either.
    """

    model_call: float | None = 600.0
    """One try of a request. It is cut and tried again: the world's failure."""
    straggler: float | None = 10.0
    """A request is cut and sent again, once, when it takes this many times as long as 95 % of its model's answers do,
    and at least half a minute. None: none is cut before `model_call`."""
    hedge: float | None = None
    """A second request is sent beside one that takes this many times as long as 95 % of its model's answers do, and at
    least a second: the first answer counts, the other request is cancelled, and may be billed. None: never."""
    tool_call: float | None = None
    """One call of a tool. The rollout ends with the floor score; where the seed's do as a rule, it is a bug."""
    rollout: float | None = None
    """One try of a rollout. It ends with the floor score: the candidate made it work for too long."""
    validation: float | None = None
    """What is left of a block of validation rollouts, from when half of them have ended. What is still at work then is
    cut and left without a score; it is counted, and its case is tried again with a later block."""
    outage: float = 600.0
    """How long a model, or what else a rollout needs, may be down before the run pauses, resumable."""

    def __post_init__(self) -> None:
        for name in ("model_call", "straggler", "hedge", "tool_call", "rollout", "validation", "outage"):
            limit: float | None = getattr(self, name)
            if limit is not None and not limit > 0:
                raise UsageError(f"{name}={limit} leaves no time", "Give a positive number, or None for no limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How the requests to one model go."""

    answered: int = 0
    refused: int = 0
    """429."""
    failed: int = 0
    """Other failures of the world."""
    cut: int = 0
    """Of these, requests that were cut because they took too long."""
    limit: int = 0
    """Requests that may be in flight now."""
    outages: int = 0
    hedged: int = 0
    """Requests beside which a second one was sent."""
    hedges_won: int = 0
    """Of these, those that the second one answered first."""
    hedges_both: int = 0
    """Of these, those of which both answers came in: both are in the usage. Of the others one was cancelled."""
    waiting: int = 0
    """Requests that wait for their turn now."""
    down: bool = False
    """Whether it does not answer now, and is probed by one request at a time."""

    def __add__(self, later: "Counts") -> "Counts":
        """Return the sums of two processes, with how things are in the later one."""
        return replace(
            later,
            answered=self.answered + later.answered,
            refused=self.refused + later.refused,
            failed=self.failed + later.failed,
            cut=self.cut + later.cut,
            outages=self.outages + later.outages,
            hedged=self.hedged + later.hedged,
            hedges_won=self.hedges_won + later.hedges_won,
            hedges_both=self.hedges_both + later.hedges_both,
        )
