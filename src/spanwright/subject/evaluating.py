"""Calling a user's `evaluate`: what it takes, what it may answer, and what that means as a score with feedback."""

import inspect
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

from anyio import get_cancelled_exc_class, to_thread
from anyio.lowlevel import checkpoint_if_cancelled

from spanwright.core.candidate import ComponentId
from spanwright.core.rollout import Outcome
from spanwright.core.score import Score
from spanwright.core.trace import Image
from spanwright.errors import CandidateFailed, UsageError, UserBug
from spanwright.telemetry.given import as_text

LONGEST_FEEDBACK, _LONGEST_OUTPUT = 20_000, 100_000
"""Characters that are kept of what an evaluation tells, and of what came out."""
_MOST_IMAGES, _LARGEST_IMAGE = 4, 2_800_000
"""Pictures that are kept of one evaluation, and characters of one in base64."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What `evaluate` may return where a number does not say enough."""

    score: float | Score
    """Higher is better. A Score has named objectives, feedback, and in `blame` what concerns a single text."""
    output: object = None
    """What came out: of each case the best one is in the result. A text as it is, anything else as JSON."""
    info: Mapping[str, object] = field(default_factory=dict[str, object])
    """What else the reflector should read, under names of your own."""
    images: Sequence[Image] = ()
    """What the reflector should see, where its model can: a plot, a rendered page. At most four, of two megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """One of the best earlier results of a case, for an evaluation that begins where another one ended."""

    texts: Mapping[str, str]
    score: float
    output: str
    """What `Evaluated.output` was, as text."""


Answer: TypeAlias = float | Score | Evaluated
Evaluate: TypeAlias = Callable[..., Answer | Awaitable[Answer]]
"""`evaluate(text)` or `evaluate(text, case)`, sync or async, and `earlier=` where it has a parameter of that name.

`text` is a mapping of texts by name where the seed is one. A sync function runs in a worker thread.
"""

EARLIER = "earlier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How an `evaluate` is called."""

    evaluate: Evaluate
    takes_case: bool
    takes_earlier: bool

    @classmethod
    def of(cls, evaluate: object, *, has_cases: bool) -> "Call":
        """Read it from the function's parameters. Raises UsageError where it cannot be called with what there is."""
        if not callable(evaluate):
            raise UsageError(f"evaluate={evaluate!r} cannot be called", "Give a function of a text")
        function = cast("Evaluate", evaluate)
        try:
            signature = inspect.signature(evaluate)
        except (TypeError, ValueError):  # a builtin that tells nothing of itself
            return cls(evaluate=function, takes_case=has_cases, takes_earlier=False)
        takes_earlier = EARLIER in signature.parameters
        try:
            signature.bind(*("text", "case")[: 2 if has_cases else 1], **({EARLIER: ()} if takes_earlier else {}))
        except TypeError as error:
            wanted = "a text and a case" if has_cases else "a text alone, for there are no cases"
            wanted += ", and earlier= by name" if takes_earlier else ""
            raise UsageError(
                f"evaluate{signature} cannot be called with {wanted}",
                "Let it take (text, case) where there are cases, else (text)",
            ) from error
        return cls(evaluate=function, takes_case=has_cases, takes_earlier=takes_earlier)

    async def __call__(self, text: str | Mapping[str, str], case: object, earlier: Sequence[Earlier]) -> object:
        """Return what it answers. Raises CandidateFailed where it wants to end the process, or cancels itself."""
        try:
            return await self._answer(text, case, earlier)
        except SystemExit as error:
            raise CandidateFailed("program", f"SystemExit: {error.code}", signature="evaluate SystemExit") from error
        except get_cancelled_exc_class() as error:
            await checkpoint_if_cancelled()  # raises where it was the run that cancelled it
            raise CandidateFailed("program", "it cancelled itself", signature="evaluate cancelled") from error

    async def _answer(self, text: str | Mapping[str, str], case: object, earlier: Sequence[Earlier]) -> object:
        given = (text, case) if self.takes_case else (text,)
        more = {EARLIER: tuple(earlier)} if self.takes_earlier else {}
        if inspect.iscoroutinefunction(self.evaluate) or inspect.iscoroutinefunction(
            getattr(self.evaluate, "__call__", None)  # noqa: B004  (of an object whose call is async)
        ):
            return await cast("Awaitable[object]", self.evaluate(*given, **more))
        # Whoever cancels the run does not wait for code that cannot be cancelled.
        answer = await to_thread.run_sync(lambda: self.evaluate(*given, **more), abandon_on_cancel=True)
        return await cast("Awaitable[object]", answer) if inspect.isawaitable(answer) else answer


def outcome_of(answer: object, printed: str, texts: Sequence[ComponentId]) -> Outcome:
    """Return what an answer means. Raises CandidateFailed for a figure that is not finite, UserBug for no answer."""
    given = answer if isinstance(answer, Evaluated) else Evaluated(score=cast("float", answer))
    score = _score(given.score, texts)
    for name, figure in {"score": score.value, **score.objectives}.items():
        if not math.isfinite(figure):
            raise CandidateFailed("evaluation", f"the {name} was {figure}\n{printed}".strip(), signature="not finite")
    told = [score.feedback, *(f"{name}: {as_text(value)}" for name, value in given.info.items())]
    told += [f"It printed:\n{printed}"] if printed else []
    feedback = shortened("\n".join(each for each in told if each), LONGEST_FEEDBACK)
    output = "" if given.output is None else shortened(as_text(given.output), _LONGEST_OUTPUT)
    images = tuple(given.images)[:_MOST_IMAGES]
    if any(len(each.data) > _LARGEST_IMAGE for each in images):
        raise UserBug("evaluate", "it shows a picture of more than two megabytes", remedy="Make it smaller")
    return Outcome(output=output, score=replace(score, feedback=feedback), images=images)


def _score(given: object, texts: Sequence[ComponentId]) -> Score:
    if isinstance(given, bool | int | float) or hasattr(given, "__float__"):
        return Score(value=float(cast("Any", given)))
    if not isinstance(given, Score):
        kind = type(given).__name__
        raise UserBug("evaluate", f"it returned {kind}, not a number, a Score or an Evaluated")
    if strange := given.blame.keys() - set(texts):
        raise UserBug("evaluate", f"its score blames {min(strange)!r}, which is none of {', '.join(texts)}")
    for name, why in {"feedback": given.feedback or "", **given.blame}.items():
        if not isinstance(why, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserBug("evaluate", f"its score says of {name!r} {type(why).__name__}, not a text")
    return given


def shortened(text: str, longest: int) -> str:
    """Return a text in about so many characters: its middle is left out."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]} [... {len(text) - 2 * half} characters ...] {text[-half:]}"
