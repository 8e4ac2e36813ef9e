"""The live page: the same document, over a store that is only read. One thing is written, a person's annotation.

It is for one person at one machine: whoever asks must bear the token, and must have asked for this very host, so that
no other web page can reach it through the reader's browser. Nothing is remembered but what was read of the runs.
"""

import json
import math
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio import CapacityLimiter, to_thread
from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from spanwright.core.annotation import LONGEST, Annotation
from spanwright.errors import StoreError, UsageError
from spanwright.report.page.document import live_document
from spanwright.report.page.gathering import Gathering
from spanwright.report.page.packing import packed
from spanwright.report.page.paging import Surroundings, page_of
from spanwright.report.page.traces import TRACE, trace_page
from spanwright.store import Reader, RunSummary, SqliteStore, Status
from spanwright.telemetry.receiver import Place, listening, serving

PULSE = 0.5
"""Seconds between two looks for news while somebody watches."""
REST = 4.0
"""So many times as long as the last page took to make, the next one waits: a large run must not eat the machine."""
_QUIET = 15.0
"""Seconds without news after which a sign of life is given."""
_KNOWN = "X-Known"
"""The header in which a page says what it shows: whoever follows the run from there on misses nothing."""
_LARGEST_BODY = 8 * LONGEST
_KEPT = 8
"""Runs whose gathering is kept."""
_RUNS: TypeAdapter[tuple[RunSummary, ...]] = TypeAdapter(tuple[RunSummary, ...])

Answer: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the page sends to have an annotation kept."""

    run: str
    rollout: int
    text: str


_NOTE: TypeAdapter[Note] = TypeAdapter(Note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is shown of which store, and how its runs are named on the command line."""

    store: SqliteStore
    named: str = ""
    """The store, as the command line is told; empty for the default."""
    command: Callable[[str], str] = lambda _: ""
    """How a run was started, as far as that is known."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """How far a run has come: of two that are equal, the pages are."""

    events: int
    annotations: int
    status: str

    @property
    def mark(self) -> str:
        """All of it in a word."""
        return f"{self.events}-{self.annotations}-{self.status}"


class _Runs:
    """What was gathered of the runs that were looked at. One thread at a time reads: a fold has no lock."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._gathered: dict[str, Gathering] = {}
        self._costs: dict[str, float] = {}
        self.turn = CapacityLimiter(1)

    @property
    def reader(self) -> Reader:
        return self._watched.store.reader

    def rest(self, run: str) -> float:
        """Return how long the next page of a run should wait."""
        return REST * self._costs.get(run, 0.0)

    def standing(self, run: str) -> "_Standing":
        """Return what changes whenever there is news of a run."""
        gathering = self._read(run)
        return _Standing(gathering.events, len(self.reader.annotations(run)), self._summary(run).status.value)

    def page(self, run: str) -> "tuple[bytes, _Standing]":
        """Return the page of a run as JSON, and which standing it shows."""
        began = time.perf_counter()
        known = self.standing(run)  # before all else: what comes meanwhile is news
        around = Surroundings(
            running=self._summary(run).status is Status.RUNNING,
            command=self._watched.command(run),
            store=self._watched.named,
            annotations=tuple(self.reader.annotations(run)),
        )
        body = packed(page_of(self._read(run), around))
        self._costs[run] = time.perf_counter() - began
        return body, known

    def _read(self, run: str) -> Gathering:
        gathering = self._gathered.pop(run, None) or Gathering()
        for event in self.reader.events(run, after=gathering.events):
            gathering.apply(event)
        self._gathered[run] = gathering  # the last one looked at is the last one forgotten
        while len(self._gathered) > _KEPT:
            self._gathered.pop(next(iter(self._gathered)))
        return gathering

    def _summary(self, run: str) -> RunSummary:
        found = next((each for each in self.reader.runs() if each.name == run), None)
        if found is None:
            raise UsageError(f"there is no run {run!r}", "The page lists the runs of this store")
        return found


def live_app(watched: Watched, token: str, hosts: frozenset[str], over: anyio.Event | None = None) -> Starlette:
    """Return the app. `hosts` are the names, with the port, by which it may be asked; `over` ends whoever watches."""
    runs = _Runs(watched)
    end = over or anyio.Event()
    document = live_document()

    async def whole(request: Request) -> Response:
        return HTMLResponse(document.html)

    async def listed(request: Request) -> Response:
        found = await to_thread.run_sync(lambda: tuple(runs.reader.runs()) if watched.store.path.exists() else ())
        return _json(_RUNS.dump_json(found))

    async def page(request: Request) -> Response:
        run = _asked(request, "run")
        body, known = await to_thread.run_sync(runs.page, run, limiter=runs.turn)
        answer = _json(body)
        answer.headers[_KNOWN] = known.mark
        return answer

    async def rollout(request: Request) -> Response:
        run, number = _asked(request, "run"), _asked(request, "number")
        if not number.isdecimal():
            raise UsageError(f"{number[:40]!r} is no number of a rollout", "Ask for one that the page lists")
        observed = await to_thread.run_sync(runs.reader.trace, run, int(number[:18]))
        return _json(TRACE.dump_json(trace_page(observed)))

    async def news(request: Request) -> Response:
        run = _asked(request, "run")
        await to_thread.run_sync(runs.standing, run, limiter=runs.turn)  # one that is not there is told at once
        known = request.query_params.get("known", "")
        return StreamingResponse(_news(runs, run, known, end), media_type="text/event-stream")

    async def annotate(request: Request) -> Response:
        note = await _note(request)
        written = Annotation(rollout=note.rollout, text=note.text, at=time.time())
        await to_thread.run_sync(watched.store.annotate, note.run, written)
        return _json(b"{}", 201)

    routes = {"/": whole, "/api/runs": listed, "/api/page": page, "/api/rollout": rollout, "/api/events": news}
    guard = _Guard(token=token, hosts=hosts, policy=document.policy)
    return Starlette(
        routes=[
            *(Route(path, guard.guarded(answer), methods=["GET"]) for path, answer in routes.items()),
            Route("/api/annotations", guard.guarded(annotate), methods=["POST"]),
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Guard:
    """Who may ask, and under which headers they are answered."""

    token: str
    hosts: frozenset[str]
    policy: str

    def guarded(self, answer: Answer) -> Answer:
        """Return `answer` for those only who may ask, with our errors as answers."""

        async def endpoint(request: Request) -> Response:
            response = self._refusal(request)
            if response is None:
                try:
                    response = await answer(request)
                except UsageError as error:
                    response = _error(400, str(error))
                except StoreError as error:
                    response = _error(503, str(error))
            response.headers.update(self._headers)
            return response

        return endpoint

    def _refusal(self, request: Request) -> Response | None:
        if request.headers.get("host", "") not in self.hosts:
            return _error(421, "this page is not served under that name. Open the address that the command printed")
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        given = bearer or request.query_params.get("token", "")
        if not secrets.compare_digest(given.encode("utf-8", "replace"), self.token.encode()):
            return _error(401, "the token is missing or of another page. Open the address that the command printed")
        return None

    @property
    def _headers(self) -> dict[str, str]:
        return {
            "Content-Security-Policy": self.policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
        }


@asynccontextmanager
async def showing(watched: Watched, place: Place) -> AsyncGenerator[str]:
    """Serve the page of a store until the block is left, and give the address to open.

    Raises UsageError for a place that others could reach, or that is not to be had.
    """
    if not _is_loopback(place.host):
        raise UsageError(
            f"the page shows what is in the store, and {place.host} can be reached by others",
            "Listen on 127.0.0.1, and come to it through ssh -L",
        )
    at = place if place.token else replace(place, token=secrets.token_urlsafe(24))
    listener = listening(at, "the page cannot be shown")
    port = listener.getsockname()[1]
    host = f"[{at.host}]" if ":" in at.host else at.host
    hosts = frozenset(f"{name}:{port}" for name in (host, "localhost"))
    over = anyio.Event()
    async with serving(live_app(watched, at.token, hosts, over), listener):
        try:
            yield f"http://{host}:{port}/?token={at.token}"
        finally:
            over.set()  # who watches would keep the server waiting


async def _news(runs: _Runs, run: str, known: str, over: anyio.Event) -> AsyncGenerator[str]:
    """Yield an event whenever there is news beyond the mark that is known, and a sign of life now and then."""
    quiet = math.inf
    while not over.is_set():
        now = await to_thread.run_sync(runs.standing, run, limiter=runs.turn)
        if quiet > _QUIET:
            yield ": here\n\n"
            quiet = 0.0
        if known and now.mark != known:
            yield f"event: changed\ndata: {json.dumps({'events': now.events, 'status': now.status})}\n\n"
            quiet = 0.0
        known = now.mark
        wait = max(PULSE, runs.rest(run))
        quiet += wait
        with anyio.move_on_after(wait):
            await over.wait()


async def _note(request: Request) -> Note:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise UsageError("an annotation is sent as application/json", "Write it on the page")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise UsageError("the annotation is too long", f"Write at most {LONGEST:,} characters")
    try:
        return _NOTE.validate_json(bytes(body))
    except ValidationError as error:
        raise UsageError(
            f"the annotation cannot be read: {error.errors()[0]['msg']}", "Write it on the page"
        ) from error


def _asked(request: Request, name: str) -> str:
    value = request.query_params.get(name, "")
    if not value:
        raise UsageError(f"the request names no {name}", "Ask as the page does")
    return value


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")


def _error(status: int, said: str) -> Response:
    return _json(json.dumps({"error": said}).encode(), status)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def store_at(path: Path) -> SqliteStore:
    """Return the store in a file that is there. Raises UsageError for one that is not."""
    if not path.is_file():
        raise UsageError(f"there is no store {path}", "Optimize something first, or say which")
    return SqliteStore(path)
