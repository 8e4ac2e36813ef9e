"""One ASGI app that speaks OpenAI's chat completions for any number of simulated models.

It is a provider as seen from outside: it keeps no conversation, answers whoever asks, and what it answers depends on
salt, model, request and serving alone. `transport.py` puts it behind a socket or hands it to a client in process.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from typing import TypeVar

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from spanwright.testing.simulated.completion import Completion, complete, halved
from spanwright.testing.simulated.faults import Fault, FaultKind, Moment, drawn_fault, error_of, with_bad_arguments
from spanwright.testing.simulated.latency import Latency
from spanwright.testing.simulated.line import EVENTS, JSON, Line, error_response, json_response
from spanwright.testing.simulated.log import CallLog, OpenCall
from spanwright.testing.simulated.refusals import Refusal
from spanwright.testing.simulated.request import ApiError, Asked, parse_request
from spanwright.testing.simulated.servings import Serving, Servings
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws, SimulatedModel

V = TypeVar("V")

_UNREADABLE = frozenset({FaultKind.RESET, FaultKind.TRUNCATED, FaultKind.EMPTY_CHOICES, FaultKind.WRONG_SCHEMA})
_HUGE = 8_000_000


def simulated_app(
    models: Mapping[str, SimulatedModel],
    *,
    salt: str = "",
    latency: Latency | None = None,
    faults: Sequence[Fault] = (),
    refusals: Mapping[str, Sequence[Refusal]] | None = None,
    log: CallLog | None = None,
) -> Starlette:
    """Return the app. `models` and `refusals` go by model name or glob; an exact name wins, then the first glob.

    Two apps with the same models and salt answer the same requests alike, whatever their latency, faults and load.
    """
    provider = _Provider(
        models=models, salt=salt, latency=latency or Latency(), faults=tuple(faults), refusals=refusals or {}
    )
    calls = CallLog() if log is None else log

    async def log_page(_: Request) -> Response:
        return Response(calls.page(anyio.current_time()).to_json(), media_type=JSON)

    async def model_list(_: Request) -> Response:
        return json_response({"object": "list", "data": [_card(name) for name in models]})

    async def model_card(request: Request) -> Response:
        name = str(request.path_params["name"])
        return json_response(_card(name)) if provider.model(name) else error_response(_unknown(name))

    return Starlette(
        routes=[
            Route("/v1/chat/completions", _ChatCompletions(provider, calls), methods=["POST"]),
            Route("/v1/models", model_list),
            Route("/v1/models/{name:path}", model_card),
            Route("/log", log_page),
        ],
        exception_handlers={HTTPException: _no_such_page},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Provider:
    """What answers: the models, and the laws that they are under."""

    models: Mapping[str, SimulatedModel]
    salt: str
    latency: Latency
    faults: tuple[Fault, ...]
    refusals: Mapping[str, Sequence[Refusal]]

    def model(self, name: str) -> SimulatedModel | None:
        return _lookup(self.models, name)

    def refusal(self, request: ChatRequest) -> ApiError | None:
        """Return the error for a model that is not there, or that refuses what is asked of it."""
        if self.model(request.model) is None:
            return _unknown(request.model)
        rules = _lookup(self.refusals, request.model) or ()
        return next((error for rule in rules if (error := rule(request))), None)

    def draws(self, stream: str, digest: str, count: int) -> Draws:
        """Return one stream's random draws: a function of salt, request (its model included) and count."""
        key = json.dumps([self.salt, stream, digest, count])
        return Draws(key=blake2b(key.encode(), digest_size=16).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One request on its way: what was asked, which serving it is, where it is noted and answered."""

    asked: Asked
    digest: str
    serving: Serving
    call: OpenCall
    line: Line


class _ChatCompletions:
    """The endpoint, as an ASGI app of its own: it has to see the connection while it waits, and to break it."""

    def __init__(self, provider: _Provider, log: CallLog) -> None:
        self._provider = provider
        self._log = log
        self._servings = Servings()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await Request(scope, receive).body()
        except ClientDisconnect:
            return
        line = Line(receive, send)
        asked = parse_request(body)
        if isinstance(asked, ApiError):
            with self._log.call("", "") as call:
                await _refuse(asked, call, line)
        else:
            await self._take(asked, line)

    async def _take(self, asked: Asked, line: Line) -> None:
        """Refuse at the door what no attempt would change; count the arrival of what is let in."""
        digest = asked.chat.digest
        with self._log.call(asked.chat.model, digest) as call:
            if error := self._provider.refusal(asked.chat):
                await _refuse(error, call, line)
                return
            with self._servings.arrival(asked.chat, digest) as serving:
                await self._try(_Attempt(asked=asked, digest=digest, serving=serving, call=call, line=line))

    async def _try(self, attempt: _Attempt) -> None:
        """Fail as the rules say, or let the model answer."""
        draws = self._provider.draws("fault", attempt.digest, attempt.serving.arrival)
        model = attempt.asked.chat.model
        began = self._log.began
        age = 0.0 if began is None else anyio.current_time() - began
        moment = Moment(model=model, age=age, in_flight=self._log.in_flight)
        fault = drawn_fault(self._provider.faults, moment, draws)
        error = error_of(fault, model) if fault else None
        if fault is None or error is None:
            late = fault.seconds if fault is not None and fault.kind is FaultKind.SLOW else 0.0
            if await attempt.line.holds(late):
                await self._serve(attempt, fault.kind if fault else None)
            return
        stays = fault.kind is not FaultKind.HANG or await attempt.line.holds(fault.seconds)
        attempt.call.end("faulted", fault.kind)
        if stays:
            await attempt.line.fail(error)

    async def _serve(self, attempt: _Attempt, spoiled: FaultKind | None) -> None:
        """Let the model answer, take the time that it takes, and deliver while the client is there."""
        reply = self._reply(attempt)
        said = _spoil(reply, spoiled)
        number = attempt.serving.number
        completion = complete(attempt.asked, said, serving=f"{self._provider.salt}/{attempt.digest}/{number}")
        law = self._provider.draws("latency", attempt.digest, number)
        delay = self._provider.latency.delay(attempt.asked.chat.model, completion.output_tokens, law)
        streamed = attempt.asked.chat.stream
        if not await attempt.line.holds(delay.first if streamed else delay.total):
            return
        if spoiled is not None and spoiled in _UNREADABLE:
            attempt.call.end("faulted", spoiled)
            await _deliver_spoiled(attempt, completion, spoiled)
        elif streamed:
            await _stream(attempt, completion, delay.rest, fault=_visible(spoiled, reply, said))
        else:
            _settle(attempt, completion, _visible(spoiled, reply, said))
            body = completion.padded(_HUGE) if spoiled is FaultKind.HUGE else completion.body()
            await attempt.line.begin(JSON, length=len(body))
            await attempt.line.write(body)

    def _reply(self, attempt: _Attempt) -> ChatReply:
        request = attempt.asked.chat
        model = self._provider.model(request.model)
        assert model is not None  # the door has seen to it
        return model.reply(request, self._provider.draws("reply", attempt.digest, attempt.serving.number))


async def _refuse(error: ApiError, call: OpenCall, line: Line) -> None:
    call.end("refused", error.message)
    await line.fail(error)


def _spoil(reply: ChatReply, fault: FaultKind | None) -> ChatReply:
    match fault:
        case FaultKind.LENGTH:
            return halved(reply)
        case FaultKind.BAD_ARGUMENTS:
            return with_bad_arguments(reply)
        case _:
            return reply


def _visible(fault: FaultKind | None, reply: ChatReply, said: ChatReply) -> FaultKind | None:
    """Return the fault unless it found nothing to spoil: then it did not happen, and the answer counts as served."""
    return fault if said != reply else None


def _settle(attempt: _Attempt, completion: Completion, fault: FaultKind | None) -> None:
    """Note the call's end just before the answer's last byte: from then on the client may have all of it."""
    attempt.serving.delivered = fault is None
    attempt.call.end(
        "faulted" if fault else "served",
        fault or "",
        input_tokens=completion.input_tokens,
        output_tokens=completion.output_tokens,
    )


async def _stream(attempt: _Attempt, completion: Completion, seconds: float, *, fault: FaultKind | None) -> None:
    *chunks, last = completion.chunks()
    await attempt.line.begin(EVENTS)
    for chunk in chunks:
        await attempt.line.write(chunk, more=True)
        if not await attempt.line.holds(seconds / len(chunks)):
            return
    _settle(attempt, completion, fault)
    await attempt.line.write(last)


async def _deliver_spoiled(attempt: _Attempt, completion: Completion, fault: FaultKind) -> None:
    """Send an answer that cannot be read: without choices, of another shape, ending in the middle or broken off."""
    streamed = attempt.asked.chat.stream
    if fault in (FaultKind.EMPTY_CHOICES, FaultKind.WRONG_SCHEMA):
        empty = fault is FaultKind.EMPTY_CHOICES
        payload = (completion.without_choices if empty else completion.enveloped)(streamed=streamed)
        await attempt.line.begin(EVENTS if streamed else JSON, length=None if streamed else len(payload))
        await attempt.line.write(payload)
        return
    whole = b"".join(completion.chunks()) if streamed else completion.body()
    half = whole[: len(whole) // 2]
    broken_off = fault is FaultKind.RESET
    announced = len(whole) if broken_off else len(half)
    await attempt.line.begin(EVENTS if streamed else JSON, length=None if streamed else announced)
    await attempt.line.write(half, more=broken_off)
    if broken_off:
        attempt.line.drop()


def _lookup(table: Mapping[str, V], name: str) -> V | None:
    if name in table:
        return table[name]
    return next((value for pattern, value in table.items() if fnmatchcase(name, pattern)), None)


def _card(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "spanwright"}


def _unknown(model: str) -> ApiError:
    return ApiError(
        status=404,
        message=f"The model `{model}` does not exist or you do not have access to it.",
        code="model_not_found",
    )


async def _no_such_page(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return error_response(ApiError(status=status, message=f"Invalid URL ({request.method} {request.url.path})"))
