from statistics import median

import anyio
import pytest

from spanwright.testing.simulated.canned import Canned, Dice
from spanwright.testing.simulated.latency import REFLECTION_LAW, TASK_LAW, Latency, LatencyLaw
from spanwright.testing.simulated.log import CallLog
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import in_process
from spanwright.testing.simulated.wire import ChatReply, Draws
from spanwright.testing.virtual import run_virtual


@pytest.mark.parametrize(("law", "middle", "upper"), [(TASK_LAW, 1.2, 2.19), (REFLECTION_LAW, 15.0, 24.7)])
def test_delays_follow_the_law(law, middle, upper):
    first = sorted(law.delay(0, Draws(key=f"{number}")).first for number in range(4000))

    assert pytest.approx(middle, rel=0.05) == median(first)
    assert pytest.approx(upper, rel=0.08) == first[int(4000 * 0.8413)]  # one sigma above the median
    assert first[-1] > 5 * first[int(4000 * 0.98)]


def test_long_answers_take_longer():
    assert pytest.approx(2.0) == TASK_LAW.delay(120, Draws(key="k")).rest


def test_the_first_law_that_fits_the_name_holds():
    draws = Draws(key="k")

    assert REFLECTION_LAW.delay(6, draws) == Latency(scale=1.0).delay("sim-reflect-weak", 6, draws)
    assert TASK_LAW.delay(6, draws) == Latency(scale=1.0).delay("sim-task", 6, draws)
    assert 0.0 == Latency(scale=1.0, laws=()).delay("sim-task", 6, draws).total
    assert 0.0 == Latency().delay("sim-task", 6, draws).total


async def rolls(scale, log):
    app = simulated_app({"sim": Dice()}, salt="s", latency=Latency(scale=scale), log=log)
    client = in_process(app).client.with_options(max_retries=0)
    said = []

    async def roll():
        answer = await client.chat.completions.create(model="sim", messages=[{"role": "user", "content": "roll"}])
        said.append(answer.choices[0].message.content)

    async with anyio.create_task_group() as group:
        for _ in range(30):
            group.start_soon(roll)
    return said, log.page(anyio.current_time())


def test_the_log_knows_how_busy_the_server_was():
    _, page = run_virtual(rolls(1.0, CallLog()))
    spans = [call.ended - call.started for call in page.calls]
    shortest = min(spans)

    assert 30 == page.max_in_flight
    assert pytest.approx(sum(spans)) == page.busy()
    assert pytest.approx(30 * shortest) == page.busy(0.0, shortest)
    assert 0.0 == page.busy(max(spans), 1e9)
    assert 0.0 == page.busy(models="other")


def test_answers_are_the_same_at_every_pace():
    fast, _ = run_virtual(rolls(0.0, CallLog()))
    slow, page = run_virtual(rolls(50.0, CallLog()))

    assert set(fast) == set(slow)
    assert page.now > 60


def test_a_stream_begins_early_and_is_written_over_time():
    law = LatencyLaw(median=1.0, sigma=0.0, stragglers=0.0, tokens_per_second=10.0)

    async def main():
        app = simulated_app({"sim": Canned([ChatReply(text="x" * 400)])}, latency=Latency(scale=1.0, laws=(law,)))
        client = in_process(app).client
        stream = await client.chat.completions.create(
            model="sim", messages=[{"role": "user", "content": "go"}], stream=True
        )
        async for _ in stream:
            pass
        return anyio.current_time()

    assert pytest.approx(11.0) == run_virtual(main())
