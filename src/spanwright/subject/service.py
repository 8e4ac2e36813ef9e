"""An agent that runs in a service, in another process or another language, as a Subject.

Each rollout is one POST. The service fetches the texts of the candidate by the address that comes with the request,
sends its spans by OTLP under the trace id of the `traceparent` header, and answers with its output.
"""

import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from pydantic_core import PydanticSerializationError, to_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spanwright.core.candidate import Candidate, CandidateId, Component, ComponentId, Kind
from spanwright.core.case import Case
from spanwright.errors import UsageError, UserBug, WorldFailed
from spanwright.subject.reply import Answered, answered, described_texts
from spanwright.telemetry import expect_spans, outgoing_headers
from spanwright.telemetry.receiver import Endpoint, Place, receiving
from spanwright.telemetry.sink import Sink

_REMEMBERED = 1_000
"""Candidates whose texts can be fetched: those in flight are among the last ones used."""
_KINDS = {
    "instructions": Kind.INSTRUCTIONS,
    "system_prompt": Kind.SYSTEM_PROMPT,
    "tool": Kind.TOOL,
    "output": Kind.OUTPUT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """How a service's spans and its questions for texts reach us."""

    host: str = "127.0.0.1"
    port: int = 4318
    """The one that OpenTelemetry's exporters send to unless told otherwise; 0 is any that is free."""
    token: str = ""
    """What the service has to bear; on the loopback it may do without."""
    url: str = ""
    """Where the service finds us, if host and port do not say it: `http://optimizer:4318` from a container."""
    quiet: float = 2.0
    """Seconds without a new span after which a rollout's trace is complete, where the service does not say how many
    it has."""


class HttpSubject:
    """A service that tries a candidate on a case at each POST to `url`.

    It is sent `{"case": {"id", "inputs"}, "candidate": {"id", "url"}}` and answers `{"output": ..., "spans": 5}`, where
    `spans`, the number that it has flushed for this request, may be left out. What went wrong it tells as
    `{"error": "...", "blame": "candidate" | "world" | "user"}`; otherwise the HTTP status says whose fault it is.

    `texts` are the seed's, by component id; without them `GET url` is asked for `{"texts": {...}}`. `version` names
    what must be equal when a run is resumed. `timeout` is for one rollout, in seconds.
    """

    def __init__(
        self,
        url: str,
        texts: Mapping[ComponentId, str] | None = None,
        *,
        version: str = "",
        timeout: float = 120.0,
        listening: Listening | None = None,
    ) -> None:
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise UsageError(f"{url!r} is no address of a service", "Write it like http://127.0.0.1:8000/answer")
        self._url = url
        self._texts = texts
        self._version = version
        self._timeout = timeout
        self._listening = listening or Listening()
        self._candidates: OrderedDict[CandidateId, Candidate] = OrderedDict()
        self._open: _Open | None = None

    @asynccontextmanager
    async def receiving(self, sink: Sink) -> AsyncGenerator[Endpoint]:
        """Let `sink` have the service's spans until the block is left; `optimize` does it.

        Raises UsageError where the port cannot be had.
        """
        at = self._listening
        page = Route("/candidates/{id}", self._candidate_page)
        async with (
            receiving(sink, Place(host=at.host, port=at.port, token=at.token), also=[page]) as endpoint,
            httpx.AsyncClient(timeout=self._timeout, limits=httpx.Limits(max_connections=None)) as client,
        ):
            self._open = _Open((at.url or endpoint.url).rstrip("/"), client)
            try:
                yield endpoint
            finally:
                self._open = None

    async def components(self) -> Sequence[Component]:
        """Return a component for each text. Raises UsageError where the service does not tell them."""
        texts = self._texts
        if texts is None:
            async with httpx.AsyncClient(timeout=self._timeout) as client:
                try:
                    texts = described_texts(await client.get(self._url))
                except httpx.HTTPError as error:
                    raise UsageError(
                        f"the service {self._url} does not tell its texts: {type(error).__name__}: {error}",
                        "Start it, or pass texts={component id: text}",
                    ) from error
        return tuple(_component(id, text) for id, text in sorted(texts.items()))

    async def run(self, candidate: Candidate, case: Case) -> object:
        """Try a candidate. Raises WorldFailed, CandidateFailed or UserBug by what the service says."""
        if self._open is None:
            raise UsageError(
                f"nothing receives the spans of the service {self._url}", "Await optimize, or enter subject.receiving"
            )
        self._remember(candidate)
        asked = {
            "case": {"id": case.id, "inputs": case.inputs},
            "candidate": {"id": candidate.id, "url": f"{self._open.url}/candidates/{candidate.id}"},
        }
        try:
            body = to_json(asked)
        except PydanticSerializationError as error:
            raise UserBug("the service", f"the inputs are no JSON: {error}", case=case.id) from error
        reply = await self._reply(self._open.client, body)
        expect_spans(reply.spans, quiet=self._listening.quiet)
        if reply.error is not None:
            raise reply.error
        return reply.output

    async def _reply(self, client: httpx.AsyncClient, body: bytes) -> Answered:
        headers = {"content-type": "application/json", **outgoing_headers()}
        try:
            return answered(await client.post(self._url, content=body, headers=headers))
        except httpx.TimeoutException as error:
            expect_spans(quiet=self._listening.quiet)
            raise WorldFailed("service", f"no answer within {self._timeout:g} seconds") from error
        except httpx.TransportError as error:
            raise WorldFailed("service", f"{type(error).__name__}: {error}") from error
        except httpx.HTTPError as error:
            raise UserBug("the service", f"{type(error).__name__}: {error}") from error

    def fingerprints(self) -> Mapping[str, str]:
        """Return the version that the service was said to have; where it runs may change."""
        return {"service": self._version} if self._version else {}

    def _remember(self, candidate: Candidate) -> None:
        self._candidates[candidate.id] = candidate
        self._candidates.move_to_end(candidate.id)
        if len(self._candidates) > _REMEMBERED:
            self._candidates.popitem(last=False)

    async def _candidate_page(self, request: Request) -> Response:
        given = request.headers.get("authorization", "").encode("utf-8", "replace")
        token = self._listening.token
        if token and not secrets.compare_digest(given, f"Bearer {token}".encode()):
            return JSONResponse({"error": "the request does not bear the token"}, 401)
        candidate = self._candidates.get(str(request.path_params["id"]))
        if candidate is None:
            return JSONResponse({"error": "no rollout of this candidate is under way"}, 404)
        # A candidate's id is a hash of its texts, so they never change.
        lasting = {"cache-control": "private, max-age=31536000, immutable"}
        return JSONResponse({"id": candidate.id, "texts": dict(candidate.texts)}, headers=lasting)


@dataclass(frozen=True, slots=True)
class _Open:
    url: str
    """Where the service finds us."""
    client: httpx.AsyncClient


def _component(id: ComponentId, text: str) -> Component:
    """Return the component of a text: of what kind it is, its address says."""
    agent, _, rest = id.partition("/")
    name, _, below = rest.partition("/")
    kind = _KINDS.get(name.partition(":")[0], Kind.TEXT)
    deeper = {Kind.TOOL: Kind.PARAMETER, Kind.OUTPUT: Kind.OUTPUT_FIELD}
    return Component(id=id, kind=deeper.get(kind, kind) if below else kind, agent=agent, text=text)
