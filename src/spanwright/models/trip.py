"""One try of one request: it waits for its turn, has its deadline, and its lane learns how it ended."""

from types import TracebackType
from typing import Final, Self

from pydantic_ai import exceptions as theirs
from pydantic_ai.models import Model
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.models.wrapper import WrapperModel

from spanwright.models.boundary import error_retry_after, is_refused, is_transient, readable
from spanwright.models.clocks import Deadline, Pulse, waiting, wall_clock, working_time
from spanwright.models.lanes import Failing, Ticket
from spanwright.models.traffic import Traffic, current_traffic

_STAND_INS: Final = (FunctionModel, TestModel)
"""They answer from code of the user's, whose errors are their own."""


class Trip:
    """Enter it around one try. What it raises in place of an adapter's error says whose failure it is.

    It gets its ticket from the lane of its model, unless it has one.
    """

    def __init__(self, model: Model, *, again: bool = False, ticket: Ticket | None = None) -> None:
        self._model = model
        self._again = again
        self._ticket = ticket
        self._traffic = current_traffic()
        self._deadline: Deadline | None = None
        self._open = False

    @property
    def hedge(self) -> float | None:
        """The seconds after which a second request may be sent beside this one."""
        return None if self._ticket is None else self._ticket.patience.hedge

    async def __aenter__(self) -> Self:
        if self._traffic is not None and self._ticket is None:
            with waiting():
                self._ticket = await self._traffic.way(lane_of(self._model)).take_off(again=self._again)
        if self._ticket is not None:
            self._deadline = Deadline(self._ticket.patience.cut, wall_clock(_pulse(self._traffic)))
            self._deadline.__enter__()
        return self

    def opened(self) -> None:
        """Take note that a stream is open: how long it is read is the reader's affair."""
        self._open = True
        if self._deadline is not None:
            self._deadline.lift()

    def answered(self, tokens: int) -> None:
        """Take note of the whole answer."""
        if self._ticket is not None:
            self._ticket.answered(tokens, keeps_up=_pulse(self._traffic).keeps_up)
            self._ticket = None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        failure: Exception | None = error if isinstance(error, Exception) else None
        cut = False
        if self._deadline is not None:
            self._deadline.__exit__(kind, error, traceback)
            if cut := self._deadline.expired:
                failure = theirs.ModelTimeoutError(
                    self._model.model_name, "it took longer than a request may, and was cut"
                )
        if failure is not None and failure is error and not self._open and not isinstance(self._model, _STAND_INS):
            failure = readable(failure, self._model.model_name)
        self._note(failure, cut=cut)
        if failure is not None and failure is not error:
            raise failure from error

    def _note(self, failure: Exception | None, *, cut: bool) -> None:
        """Tell the lane how a try ended that was not answered."""
        if self._ticket is None:
            return
        if failure is not None and is_transient(failure):
            working = working_time()
            failing = Failing(
                error=str(failure),
                refused=is_refused(failure),
                retry_after=error_retry_after(failure),
                cut=cut,
                about=None if working is None else working.about,
            )
            self._ticket.failed(failing)
        else:
            self._ticket.left(alive=failure is not None)
        self._ticket = None


def innermost(model: Model) -> Model:
    """Return the model that talks to the provider, without what is wrapped around it."""
    while isinstance(model, WrapperModel):
        model = model.wrapped
    return model


def lane_of(model: Model) -> str:
    """Return the name of the lane to a model."""
    return f"{model.system}:{model.model_name}"


def _pulse(traffic: Traffic | None) -> Pulse:
    return Pulse() if traffic is None else traffic.pulse
