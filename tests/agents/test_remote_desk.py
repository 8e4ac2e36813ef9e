"""What a service copies to be optimized from elsewhere: it wears, it flushes, it tells whose fault a failure is."""

import socket
from types import SimpleNamespace

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from starlette.responses import JSONResponse
from starlette.routing import Route

from spanwright import Candidate, CandidateFailed, Case, HttpSubject, Listening, WorldFailed
from spanwright.telemetry import SpanRecorder
from spanwright.telemetry.receiver import receiving
from spanwright_agents.remote_desk.evals import tickets
from spanwright_agents.remote_desk.rollouts import Rollouts

CANDIDATE = Candidate(texts={"shout/instructions": "Answer in capitals."})


class Nowhere:
    busy = ""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.fixture
async def rollout():
    """Do one rollout in a service that runs a function with `Rollouts`."""

    async def do(run, token=""):
        ours, provider = free_port(), TracerProvider()
        headers = {"authorization": f"Bearer {token}"} if token else {}
        exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{ours}/v1/traces", headers=headers)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        rollouts, tracer = Rollouts(provider, (ConnectionError,), token), provider.get_tracer("shout")

        async def traced(inputs, texts):
            with tracer.start_as_current_span("invoke_agent shout"), tracer.start_as_current_span("chat"):
                return await run(inputs, texts)

        async def answer(request):
            return JSONResponse(await rollouts.answer(request, traced))

        with SpanRecorder.attach() as recorder:
            async with receiving(Nowhere(), also=[Route("/", answer, methods=["POST"])]) as service:
                subject = HttpSubject(service.url, {}, listening=Listening(port=ours, token=token))
                async with (
                    subject.receiving(recorder.arrivals),
                    recorder.recording({"spanwright.rollout": "7"}) as recording,
                ):
                    output = await subject.run(CANDIDATE, Case(id="one", inputs="hello"))
        provider.shutdown()
        return output, recording.trace, recorder.diagnoses

    return do


async def shout(word, texts):
    return word.upper() if "capitals" in texts["shout/instructions"] else word


@pytest.mark.parametrize("token", ["", "ours"])
async def test_a_rollout_wears_its_candidate_and_all_its_spans_come_back(rollout, token):
    output, trace, diagnoses = await rollout(shout, token)

    assert "HELLO" == output
    assert {"invoke_agent shout", "chat"} == {span.name for span in trace.spans}
    assert {"7"} == {span.attributes["spanwright.rollout"] for span in trace.spans}
    assert [] == [line for line in diagnoses if "arrive" in line or "no span" in line]


@pytest.mark.parametrize(("error", "failure"), [(ConnectionError, WorldFailed), (KeyError, CandidateFailed)])
async def test_it_says_whose_fault_a_failure_is(rollout, error, failure):
    async def fail(word, texts):
        raise error("no such thing")

    with pytest.raises(failure, match="no such thing"):
        await rollout(fail)


def test_its_tickets_are_those_of_the_support_desk_and_judge_json():
    dataset = tickets()
    case = next(case for case in dataset.cases if case.name == "refund-01")
    expected = case.expected_output
    answer = {"reply": f"It is {expected.reply}.", "books": expected.books}
    judged = dataset.evaluators[0].evaluate(SimpleNamespace(output=answer, expected_output=expected))

    assert [True, True] == [each.value for each in judged.values()]
    assert len(dataset.cases) == 160
