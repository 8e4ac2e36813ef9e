"""A service as a subject: what it is sent, whose fault its failures are, and one that is optimized from afar."""

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import anyio
import httpx
import pytest
from pydantic_evals import Case as TheirCase
from pydantic_evals import Dataset
from pydantic_evals.evaluators import EqualsExpected
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spanwright import (
    Budget,
    Candidate,
    CandidateFailed,
    Case,
    HttpSubject,
    Kind,
    Listening,
    Proposal,
    Reflection,
    SqliteStore,
    UsageError,
    UserBug,
    WorldFailed,
    optimize,
)
from spanwright.core.trace import Trace
from spanwright.telemetry import SpanRecorder
from spanwright.telemetry.receiver import receiving

CANDIDATE = Candidate(texts={"shout/instructions": "Answer in capitals."})
CASE = Case(id="one", inputs={"word": "hello"})
ANYWHERE = Listening(port=0, quiet=0.0)

Answer = Callable[[Request], Awaitable[Response]]


class Nowhere:
    busy = ""


@pytest.fixture
async def ask() -> AsyncIterator[Callable[..., Awaitable[tuple[object, Trace]]]]:
    """Run the subject once, in a recording, against a service that answers by a function."""

    async def run(answer: Answer, listening: Listening = ANYWHERE) -> tuple[object, Trace]:
        page = Route("/answer", answer, methods=["GET", "POST"])
        with SpanRecorder.attach() as recorder:
            async with receiving(Nowhere(), also=[page]) as service:
                subject = HttpSubject(f"{service.url}/answer", listening=listening)
                async with subject.receiving(recorder.arrivals):
                    async with recorder.recording({"candidate": CANDIDATE.id, "rollout": "7"}) as recording:
                        output = await subject.run(CANDIDATE, CASE)
                    return output, recording.trace

    return run


async def test_a_service_gets_the_case_the_address_of_the_texts_and_the_ids_of_trace_and_rollout(ask):
    seen = {}

    async def answer(request: Request) -> Response:
        seen.update(await request.json(), headers=request.headers)
        async with httpx.AsyncClient() as client:
            seen["fetched"] = (await client.get(seen["candidate"]["url"])).json()
            unknown = await client.get(seen["candidate"]["url"][:-4] + "0000")
            seen["unknown"] = unknown.status_code
        return JSONResponse({"output": ["HELLO"]})

    output, trace = await ask(answer)

    assert ["HELLO"] == output
    assert {"id": "one", "inputs": {"word": "hello"}} == seen["case"]
    assert {"id": CANDIDATE.id, "texts": dict(CANDIDATE.texts)} == seen["fetched"]
    assert 404 == seen["unknown"]
    assert trace.id == seen["headers"]["traceparent"].split("-")[1]
    assert f"spanwright.candidate={CANDIDATE.id}" in seen["headers"]["baggage"]
    assert "spanwright.rollout=7" in seen["headers"]["baggage"]


async def test_a_service_elsewhere_is_told_where_it_finds_us(ask):
    seen = {}

    async def answer(request: Request) -> Response:
        seen.update(await request.json())
        return JSONResponse({"output": ""})

    await ask(answer, Listening(port=0, quiet=0.0, url="http://optimizer:4318/"))

    assert f"http://optimizer:4318/candidates/{CANDIDATE.id}" == seen["candidate"]["url"]


async def test_a_service_that_does_not_answer_in_time_is_the_worlds_fault():
    async def answer(request: Request) -> Response:
        await anyio.sleep_forever()
        return JSONResponse({})

    with SpanRecorder.attach() as recorder:
        async with receiving(Nowhere(), also=[Route("/", answer, methods=["POST"])]) as service:
            subject = HttpSubject(service.url, {}, timeout=0.05, listening=ANYWHERE)
            async with subject.receiving(recorder.arrivals):
                with pytest.raises(WorldFailed, match=r"no answer within 0\.05 seconds"):
                    await subject.run(CANDIDATE, CASE)


async def test_inputs_that_are_no_json_are_the_users_bug():
    with SpanRecorder.attach() as recorder:
        subject = HttpSubject("http://127.0.0.1:1/", {}, listening=ANYWHERE)
        async with subject.receiving(recorder.arrivals):
            with pytest.raises(UserBug, match="the inputs are no JSON"):
                await subject.run(CANDIDATE, Case(id="odd", inputs=object()))


async def test_with_a_token_texts_are_for_those_alone_who_bear_it(ask):
    statuses = []

    async def answer(request: Request) -> Response:
        url = (await request.json())["candidate"]["url"]
        async with httpx.AsyncClient() as client:
            for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer ours"}):
                statuses.append((await client.get(url, headers=header)).status_code)  # noqa: PERF401 - awaited
        return JSONResponse({"output": ""})

    await ask(answer, Listening(port=0, quiet=0.0, token="ours"))

    assert [401, 401, 200] == statuses


@pytest.mark.parametrize(
    ("status", "body", "failure", "message"),
    [
        (200, {"error": "the words are not there", "blame": "candidate"}, CandidateFailed, "the words are not there"),
        (200, {"error": "no stock", "blame": "world"}, WorldFailed, "no stock"),
        (500, {"error": "no such table", "blame": "user"}, UserBug, "no such table"),
        (500, {"error": "of nobody"}, CandidateFailed, "of nobody"),
        (503, {}, WorldFailed, "HTTP 503"),
        (429, {}, WorldFailed, "HTTP 429"),
        (404, {}, UserBug, "HTTP 404"),
        (307, {}, UserBug, "HTTP 307"),
        (200, {"result": "?"}, UserBug, "no output"),
        (200, ["?"], UserBug, "cannot be read"),
        (200, {"output": "", "spans": -1}, UserBug, "cannot be read"),
    ],
)
async def test_the_service_or_else_the_status_says_whose_fault_a_failure_is(ask, status, body, failure, message):
    async def answer(request: Request) -> Response:
        return JSONResponse(body, status, headers={"retry-after": "3"})

    with pytest.raises(failure, match=message) as raised:
        await ask(answer)
    if failure is WorldFailed:
        assert 3.0 == raised.value.retry_after


async def test_a_service_that_is_not_there_is_the_worlds_fault():
    with SpanRecorder.attach() as recorder:
        subject = HttpSubject(f"http://127.0.0.1:{free_port()}/", {}, listening=ANYWHERE)
        async with subject.receiving(recorder.arrivals):
            with pytest.raises(WorldFailed, match="ConnectError"):
                await subject.run(CANDIDATE, CASE)
        with pytest.raises(UsageError, match=r"nothing receives the spans.*Await optimize"):
            await subject.run(CANDIDATE, CASE)
        with pytest.raises(UsageError, match="does not tell its texts"):
            await HttpSubject(f"http://127.0.0.1:{free_port()}/").components()


async def test_a_service_may_tell_its_own_texts():
    async def tell(request: Request) -> Response:
        return JSONResponse({"texts": {"a/instructions": "Hello.", "a/tool:find/city": "A city.", "a/greeting": ""}})

    async with receiving(Nowhere(), also=[Route("/", tell)]) as service:
        components = await HttpSubject(service.url).components()

    assert [
        ("a/greeting", Kind.TEXT, ""),
        ("a/instructions", Kind.INSTRUCTIONS, "Hello."),
        ("a/tool:find/city", Kind.PARAMETER, "A city."),
    ] == [(component.id, component.kind, component.text) for component in components]


def test_an_address_that_is_none_is_refused_at_once():
    with pytest.raises(UsageError, match=r"'localhost:8000' is no address.*http://"):
        HttpSubject("localhost:8000")


SERVICE = """
import socket

import httpx
import uvicorn
from opentelemetry import context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from pydantic_ai import Agent, InstrumentationSettings
from pydantic_ai.capabilities import Instrumentation
from pydantic_ai.messages import ModelResponse, TextPart
from pydantic_ai.models.function import FunctionModel
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

def obey(messages, info):
    word = messages[-1].parts[-1].content
    return ModelResponse(parts=[TextPart(word.upper() if "capitals" in (info.instructions or "") else word)])

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
settings = InstrumentationSettings(tracer_provider=provider)
shout = Agent(FunctionModel(obey), name="shout", capabilities=[Instrumentation(settings=settings)])
texts = {}

async def answer(request):
    asked = await request.json()
    candidate = asked["candidate"]
    if candidate["id"] not in texts:
        async with httpx.AsyncClient() as client:
            fetched = await client.get(candidate["url"], headers={"authorization": "Bearer ours"})
            texts[candidate["id"]] = fetched.json()["texts"]
    attached = context.attach(extract(request.headers))
    try:
        with shout.override(instructions=texts[candidate["id"]]["shout/instructions"]):
            result = await shout.run(asked["case"]["inputs"])
    finally:
        context.detach(attached)
    provider.force_flush()
    return JSONResponse({"output": result.output, "spans": 2})

async def tell(request):
    return JSONResponse({"texts": {"shout/instructions": "Answer."}})

app = Starlette(routes=[Route("/answer", answer, methods=["POST"]), Route("/answer", tell)])
listener = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listener.getsockname()[1]}/answer", flush=True)  # who calls now waits in the listener's queue
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def service(tmp_path) -> Iterator[tuple[str, int]]:
    """Start the service in a process of its own; give its address and the port that it sends spans to."""
    ours = free_port()
    told = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{ours}",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20ours",
    }
    command = [sys.executable, "-c", SERVICE]
    with subprocess.Popen(command, env=os.environ | told, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), ours
        finally:
            process.terminate()


class Capitals:
    def __init__(self) -> None:
        self.contexts = []

    async def reflect(self, context):
        self.contexts.append(context)
        edits = {context.components[0].id: "Answer in capitals."}
        return Reflection(result=Proposal(parents=(context.parent.id,), edits=edits))


async def test_an_agent_in_another_process_is_optimized_by_its_own_spans(service, tmp_path):
    url, port = service
    cases = [TheirCase(name=f"word {n}", inputs=f"word {n}", expected_output=f"WORD {n}") for n in range(60)]
    words = Dataset(name="words", cases=cases, evaluators=[EqualsExpected()])
    reflector = Capitals()
    store = SqliteStore(tmp_path / "store.sqlite")
    result = await optimize(
        HttpSubject(url, listening=Listening(port=port, token="ours")),
        words,
        reflection_model=reflector,
        budget=Budget(rollouts=150),
        store=store,
        run="far",
    )
    trace = store.reader.trace("far", 1).trace

    assert "Answer in capitals." == result.best.texts["shout/instructions"]
    assert ("shout", "Answer.") == (trace.agents[0].name, trace.model_calls[0].instructions)
    assert {"1"} == {span.attributes["spanwright.rollout"] for span in trace.spans}
    assert trace.complete
    assert trace.usage.requests == 1
    assert () == tuple(remark for remark in result.remarks if "span" in remark)
    assert reflector.contexts[0].examples[0].observed.trace.model_calls
