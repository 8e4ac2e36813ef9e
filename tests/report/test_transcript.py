import io
from dataclasses import replace

import pytest

from spanwright.core.proposal import Proposal, Reflection, Refusal, RefusalReason
from spanwright.core.rollout import Blame, Failure, Observed, Purpose, Rollout, RolloutKey
from spanwright.core.score import Score
from spanwright.core.trace import AgentRun, Message, ModelCall, Part, ToolCall, Trace
from spanwright.core.usage import Usage
from spanwright.report import Screen, reflection_transcript, rollout_transcript

SYSTEM = "Help the customer."
ASK = Message(role="user", parts=(Part(kind="text", text="Refund order 17."),))
CALL = Message(role="assistant", parts=(Part(kind="tool_call", text='{"ref": "17"}', tool="refund", call_id="c1"),))
TOLD = Message(role="tool", parts=(Part(kind="tool_result", text="no such order", tool="refund", call_id="c1"),))
ANSWER = Message(role="assistant", parts=(Part(kind="text", text="There is no order 17.\nSorry."),))


@pytest.fixture
def observed():
    trace = Trace(
        id="ab" * 16,
        agents=(AgentRun(span_id="1", name="support", started=0.0, ended=4.0),),
        model_calls=(
            ModelCall(span_id="2", agent="support", instructions=SYSTEM, messages=(ASK,), answer=CALL, started=1.0),
            ModelCall(
                span_id="4",
                agent="support",
                instructions=SYSTEM,
                messages=(ASK, CALL, TOLD),
                answer=ANSWER,
                started=3.0,
            ),
        ),
        tool_calls=(
            ToolCall(span_id="3", agent="support", name="refund", call_id="c1", result="no such order", started=2.0),
        ),
    )
    rollout = Rollout(
        number=7,
        key=RolloutKey(candidate="c0ffee", case="t17"),
        purpose=Purpose.MINIBATCH,
        attempt=3,
        score=Score(value=0.5, feedback="refunds were [], should be [17]", objectives={"EndState": 0.0, "Tone": 1.0}),
        usage=Usage(rollouts=1, requests=2, input_tokens=90, output_tokens=10),
        trace_id="ab" * 16,
        started=0.0,
        ended=4.0,
    )
    return Observed(rollout=rollout, trace=trace, output="There is no order 17.")


def test_a_rollout_is_told_in_order_and_nothing_twice(observed):
    expected = """\
Rollout 7: case t17, candidate c0ffee, minibatch of attempt 3
4 s, 2 requests, 100 tokens, $0.00, trace abababababababababababababababab
agent support
  instructions: Help the customer.
  user: Refund order 17.
  assistant calls refund: {"ref": "17"}
  tool refund answers: no such order
  assistant:
    There is no order 17.
    Sorry.
output: There is no order 17.
score 0.5 (EndState 0, Tone 1)
feedback: refunds were [], should be [17]
"""

    assert expected == rollout_transcript(observed).plain


def test_a_tool_result_is_told_from_the_messages_where_the_tool_left_no_span(observed):
    silent = replace(observed, trace=replace(observed.trace, tool_calls=()))

    assert "  refund answers: no such order" in rollout_transcript(silent).plain


def test_a_failure_names_whose_it_is(observed):
    failure = Failure(boundary="model", blame=Blame.WORLD, message="503 overloaded")
    failed = replace(observed, output="", rollout=replace(observed.rollout, score=None, failure=failure))

    told = rollout_transcript(failed).plain

    assert "failed, world's fault: model: 503 overloaded" in told
    assert "no score" in told


def test_a_trace_that_is_not_whole_says_so(observed):
    partial = replace(observed, trace=replace(observed.trace, truncated=True, complete=False))

    told = rollout_transcript(partial).plain

    assert "The trace is not whole: a span had not ended, parts were dropped by a limit" in told


def test_long_texts_are_cut_and_say_by_how_much(observed):
    told = rollout_transcript(observed, longest=10).plain

    assert "user: Refund ord [... 6 more characters]" in told
    assert "[..." not in rollout_transcript(observed, longest=None).plain


def test_markup_in_a_trace_is_printed_as_it_stands(observed):
    screen = io.StringIO()
    Screen(screen, width=200).print(rollout_transcript(replace(observed, output="[red]not red[/red]")))

    assert "[red]not red[/red]" in screen.getvalue()


def test_a_reflection_shows_prompt_answer_and_outcome():
    proposal = Proposal(parents=("c0ffee",), edits={"support/instructions": "New."})
    usage = Usage(reflections=1, requests=1, input_tokens=90, output_tokens=10)
    reflection = Reflection(result=proposal, prompt="Improve this.", answer="Here.", usage=usage)

    told = reflection_transcript(3, reflection).plain

    assert told.startswith("Attempt 3, the reflector's prompt\nImprove this.\n\n")
    assert "Attempt 3, the reflector's answer\nHere.\n" in told
    assert "proposed new texts for support/instructions" in told


def test_a_refused_reflection_names_the_reason():
    refusal = Refusal(reason=RefusalReason.TOO_LONG, detail="9,000 characters")

    told = reflection_transcript(3, Reflection(result=refusal)).plain

    assert "refused: text too long, 9,000 characters" in told
