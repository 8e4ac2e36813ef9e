"""Every error that leaves Spanwright, in one tree.

    SpanwrightError
    |- UsageError (ValueError)         the caller's input: what is wrong, which, what to do; before money is spent
    |- UserBug (RuntimeError)          the user's evaluator, tool or settings fail for every candidate alike
    |- StoreError (OSError)            the store cannot be opened, read or written
    |  `- RunMismatch                  a run is resumed with other cases, evaluators, agents or settings
    |- MalformedOtlp (ValueError)      what should be OpenTelemetry's export format is not
    |- CandidateFailed                 inside a rollout: the candidate's text is to blame; becomes a floor score
    `- WorldFailed                     inside a rollout: the world is to blame; retried, then left without a score
       `- WorldDown                    it has failed for so long that the run pauses, resumable

The last two are raised by a Subject or a Reflector and turned into values by the engine; they never leave `optimize`.
"""

from collections.abc import Sequence

PAGE = "docs/reference/errors.md"
"""Where each error has a section of its own, by its name."""


class SpanwrightError(Exception):
    """The root: catch it to catch everything that Spanwright raises on purpose. A note says where it is explained."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.add_note(f"More about it: {self.page()}")

    @classmethod
    def page(cls) -> str:
        """Return where errors of this class are explained."""
        return f"{PAGE}#{cls.__name__.lower()}"


class UsageError(SpanwrightError, ValueError):
    """The caller's input cannot be used: `what` is wrong, and `remedy` says what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what.rstrip('.')}. {remedy}")
        self.what = what
        self.remedy = remedy


class UserBug(SpanwrightError, RuntimeError):
    """The user's code or settings fail whatever the candidate: the run was drained and what was paid for is kept."""

    def __init__(self, where: str, message: str, *, case: str = "", trace: str = "", remedy: str = "") -> None:
        parts = [f"{where} failed: {message}"]
        if case:
            parts.append(f"on case {case!r}")
        if trace:
            parts.append(f"(rollout trace {trace})")
        tail = remedy or "Fix it and resume the run: finished rollouts are kept"
        super().__init__(f"{' '.join(parts)}. {tail}.")
        self.where = where
        self.message = message
        self.case = case
        self.trace = trace
        self.remedy = remedy


class StoreError(SpanwrightError, OSError):
    """The store, or a file beside it, cannot be opened, read or written: `what`, and in `remedy` what to do."""

    def __init__(self, what: str, remedy: str = "Remove the cause: what was kept before is kept") -> None:
        super().__init__(f"{what.rstrip('.')}. {remedy}")
        self.what = what
        self.remedy = remedy

    @classmethod
    def of_writing(cls, what: object, error: OSError) -> "StoreError":
        """Return the error for a file that cannot be written."""
        remedy = "Check that its folder is there, may be written to, and has space"
        return cls(f"{what} cannot be written: {error.strerror}", remedy)


class RunMismatch(StoreError):
    """A named run was made with something else than what is given now; `differences` lists each."""

    def __init__(self, run: str, differences: Sequence[str]) -> None:
        listed = "; ".join(differences)
        super().__init__(
            f"run {run!r} cannot be resumed, it was made with other settings: {listed}",
            "Restore them, or give another run name",
        )
        self.run = run
        self.differences = tuple(differences)


class MalformedOtlp(SpanwrightError, ValueError):
    """A body or a line that should be OTLP cannot be read: `what` is wrong with it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what.rstrip('.')}. Send what an OpenTelemetry exporter writes, unchanged")
        self.what = what


class CandidateFailed(SpanwrightError):
    """A rollout failed and the candidate's text may be to blame.

    `boundary` names what was crossed ("tool refund", "output", "limit", "program", "model"); `signature` is equal for
    failures of the same kind, so that one that the seed shows in most cases can be told to be the user's bug. A single
    argument is the message.
    """

    def __init__(self, boundary: str, message: str | None = None, *, signature: str = "") -> None:
        boundary, message = _place_of(boundary, message)
        super().__init__(f"{boundary}: {message}")
        self.boundary = boundary
        self.message = message
        self.signature = signature or boundary


class WorldFailed(SpanwrightError):
    """A rollout or a reflection failed and no text is to blame: a rate limit, an outage, a time-out, a lost worker.

    `boundary` names what was crossed; a single argument is the message.
    """

    def __init__(self, boundary: str, message: str | None = None, *, retry_after: float | None = None) -> None:
        boundary, message = _place_of(boundary, message)
        super().__init__(f"{boundary}: {message}")
        self.boundary = boundary
        self.message = message
        self.retry_after = retry_after
        """Seconds to wait that the world asked for; None where it did not say."""


class WorldDown(WorldFailed):
    """A model has not answered for as long as we wait: what needs it is not tried again, and the run pauses."""


def _place_of(boundary: str, message: str | None) -> tuple[str, str]:
    """Return boundary and message; who raises an error with a message alone must not end in a TypeError."""
    return ("program", boundary) if message is None else (boundary, message)
