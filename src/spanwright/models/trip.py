"""One try of one request: it waits for its turn, has its deadline, and its lane learns how it ended."""

from types import TracebackType
from typing import Final, Self

from pydantic_ai import exceptions as theirs
from pydantic_ai.models import Model
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.models.wrapper import WrapperModel

from spanwright.models.boundary import error_retry_after, is_refused, is_transient, readable
from spanwright.models.clocks import Deadline, waiting, wall_clock
from spanwright.models.pace import Flight
from spanwright.models.traffic import Lane, current_traffic

_STAND_INS: Final = (FunctionModel, TestModel)
"""They answer from code of the user's, whose errors are their own."""


class Trip:
    """Enter it around one try. What it raises in place of an adapter's error says whose failure it is."""

    def __init__(self, model: Model, *, again: bool) -> None:
        self._model = model
        self._again = again
        self._lane: Lane | None = None
        self._flight: Flight | None = None
        self._deadline: Deadline | None = None
        self._open = False

    async def __aenter__(self) -> Self:
        traffic = current_traffic()
        if traffic is not None:
            self._lane = traffic.lane(f"{self._model.system}:{self._model.model_name}")
            with waiting():
                self._flight = await self._lane.take_off()
            self._deadline = Deadline(self._lane.patience(again=self._again), wall_clock(traffic.pulse))
            self._deadline.__enter__()
        return self

    def opened(self) -> None:
        """Take note that a stream is open: how long it is read is the reader's affair."""
        self._open = True
        if self._deadline is not None:
            self._deadline.lift()

    def answered(self, tokens: int) -> None:
        """Take note of the whole answer."""
        if self._lane is not None and self._flight is not None:
            self._lane.answered(self._flight, tokens)
            self._flight = None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        failure: Exception | None = error if isinstance(error, Exception) else None
        if self._deadline is not None:
            self._deadline.__exit__(kind, error, traceback)
            if self._deadline.expired:
                failure = self._cut()
        if failure is not None and failure is error and not self._open and not isinstance(self._model, _STAND_INS):
            failure = readable(failure, self._model.model_name)
        self._note(failure, error)
        if failure is not None and failure is not error:
            raise failure from error

    def _cut(self) -> Exception:
        assert self._lane is not None
        self._lane.cut()
        return theirs.ModelTimeoutError(self._model.model_name, "it took longer than a request may, and was cut")

    def _note(self, failure: Exception | None, error: BaseException | None) -> None:
        """Tell the lane how a try ended that was not answered."""
        if self._lane is None or self._flight is None:
            return
        if failure is not None and is_transient(failure):
            wait = error_retry_after(failure)
            self._lane.failed(self._flight, failure, refused=is_refused(failure), retry_after=wait)
        else:
            self._lane.left(self._flight, alive=failure is not None)
        self._flight = None


def innermost(model: Model) -> Model:
    """Return the model that talks to the provider, without what is wrapped around it."""
    while isinstance(model, WrapperModel):
        model = model.wrapped
    return model
