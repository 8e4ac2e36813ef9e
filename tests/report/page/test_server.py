"""The live page's server: who may ask, what is answered, and that nothing but annotations is ever written."""

import json
from collections.abc import Iterator

import anyio
import httpx
import pytest
from page_runs import Told
from starlette.testclient import TestClient

from spanwright.errors import UsageError
from spanwright.report.page import Watched, live_app, showing
from spanwright.report.page.packing import unpacked
from spanwright.store import SqliteStore
from spanwright.telemetry.receiver import Place

TOKEN = "a token"
AUTHORIZED = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def evening(store: SqliteStore) -> SqliteStore:
    run = Told()
    async with store.run(run.name) as journal:
        run.whole(journal)
    return store


@pytest.fixture
def client(evening: SqliteStore) -> Iterator[TestClient]:
    app = live_app(
        Watched(store=evening, named="kept.sqlite", command=lambda run: f"begin {run}"), TOKEN, frozenset({"here:1"})
    )
    with TestClient(app, base_url="http://here:1", headers=AUTHORIZED) as client:
        yield client


def test_the_runs_of_the_store_are_listed(client: TestClient):
    (run,) = client.get("/api/runs").json()

    assert ("evening", "ended") == (run["name"], run["status"])


def test_a_run_is_answered_as_its_page(client: TestClient):
    page = unpacked(client.get("/api/page", params={"run": "evening"}).content)

    assert "evening" == page.head.run
    assert "begin evening" == page.reproduction.command
    assert "spanwright show evening --store kept.sqlite" == page.reproduction.commands[0][0]


def test_a_rollout_is_answered_with_its_trace(client: TestClient):
    trace = client.get("/api/rollout", params={"run": "evening", "number": 1}).json()

    assert "the question" in {entry["text"] for entry in trace["entries"]}


@pytest.mark.parametrize(
    "path", ["/", "/api/runs", "/api/page?run=evening", "/api/rollout?run=evening&number=1", "/api/events?run=evening"]
)
@pytest.mark.parametrize(
    "given", [{}, {"authorization": "Bearer another"}, {"authorization": "Bearer \u00e4".encode()}]
)
def test_nothing_is_told_to_whoever_has_not_the_token(client: TestClient, path: str, given: dict[str, str]):
    del client.headers["authorization"]
    answer = client.get(path, headers=given)

    assert 401 == answer.status_code
    assert "token" in answer.json()["error"]
    assert "evening" not in answer.text


def test_a_page_of_another_name_gets_nothing_though_it_leads_here(client: TestClient):
    answer = client.get("/api/runs", headers={"host": "evil.example:1"})

    assert 421 == answer.status_code
    assert "evening" not in answer.text


def test_the_token_may_stand_in_the_address(client: TestClient):
    del client.headers["authorization"]

    assert "<title>Spanwright</title>" in client.get("/", params={"token": TOKEN}).text


@pytest.mark.parametrize("path", ["/", "/api/runs", "/api/page"])
def test_every_answer_is_under_the_policy(client: TestClient, path: str):
    headers = client.get(path).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "no-store" == headers["cache-control"]
    assert "no-referrer" == headers["referrer-policy"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/page?run=none", "there is no run 'none'"),
        ("/api/page", "the request names no run"),
        ("/api/rollout?run=evening&number=x", "'x' is no number of a rollout"),
        ("/api/rollout?run=evening&number=99999", "kept nothing of rollout 99999"),
        ("/api/events?run=none", "there is no run 'none'"),
    ],
)
def test_what_cannot_be_answered_is_told(client: TestClient, path: str, said: str):
    answer = client.get(path)

    assert 400 == answer.status_code
    assert said in answer.json()["error"]


def test_an_annotation_is_kept_and_shown(client: TestClient, evening: SqliteStore):
    answer = client.post("/api/annotations", json={"run": "evening", "rollout": 7, "text": "It never asked."})

    assert 201 == answer.status_code
    assert ["It never asked."] == [each.text for each in evening.reader.annotations("evening")]
    assert "It never asked." == client.get("/api/page", params={"run": "evening"}).json()["annotations"][0]["text"]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"content": b"{}", "headers": {"content-type": "text/plain"}}, "sent as application/json"),
        ({"json": {"run": "evening"}}, "cannot be read"),
        ({"json": {"run": "evening", "rollout": 7, "text": " "}}, "cannot be kept"),
        ({"json": {"run": "evening", "rollout": 999, "text": "Well."}}, "no finished rollout 999"),
        ({"json": {"run": "evening", "rollout": 7, "text": "x" * 100_000}}, "too long"),
    ],
)
def test_an_annotation_that_cannot_be_kept_is_refused(
    client: TestClient, evening: SqliteStore, sent: dict[str, object], said: str
):
    answer = client.post("/api/annotations", **sent)

    assert 400 == answer.status_code
    assert said in answer.json()["error"]
    assert () == evening.reader.annotations("evening")


def test_nobody_writes_an_annotation_without_the_token(client: TestClient, evening: SqliteStore):
    del client.headers["authorization"]
    answer = client.post("/api/annotations", json={"run": "evening", "rollout": 7, "text": "Well."})

    assert 401 == answer.status_code
    assert () == evening.reader.annotations("evening")


async def test_who_watches_a_run_hears_of_its_news(store: SqliteStore):
    run = Told()
    async with store.run(run.name) as journal, showing(Watched(store=store), Place()) as address:
        run.begin(journal)
        await journal.durable()
        url = httpx.URL(address).copy_with(path="/api/events").copy_merge_params({"run": run.name})
        with anyio.fail_after(30):
            async with httpx.AsyncClient(timeout=30) as client, client.stream("GET", url) as events:
                lines = events.aiter_lines()
                assert ": here" == await anext(lines)
                run.search(journal)
                await journal.durable()
                told = await first(lines)

    assert "running" == json.loads(told.removeprefix("data: "))["status"]


async def test_what_came_between_a_page_and_who_follows_it_is_news(store: SqliteStore):
    run = Told()
    async with store.run(run.name) as journal, showing(Watched(store=store), Place()) as address:
        run.begin(journal)
        await journal.durable()
        with anyio.fail_after(30):
            async with httpx.AsyncClient(timeout=30) as client:
                asked = httpx.URL(address).copy_merge_params({"run": run.name})
                known = (await client.get(asked.copy_with(path="/api/page"))).headers["x-known"]
                run.search(journal)
                await journal.durable()
                url = asked.copy_with(path="/api/events").copy_merge_params({"known": known})
                async with client.stream("GET", url) as events:
                    told = await first(events.aiter_lines())

    assert len(run.events) == json.loads(told.removeprefix("data: "))["events"]


async def test_an_open_page_does_not_keep_the_command_from_ending(
    evening: SqliteStore, caplog: pytest.LogCaptureFixture
):
    async with httpx.AsyncClient(timeout=30) as client:
        async with showing(Watched(store=evening), Place()) as address:
            url = httpx.URL(address).copy_with(path="/api/events").copy_merge_params({"run": "evening"})
            events = await client.send(client.build_request("GET", url), stream=True)
            lines = events.aiter_lines()
            assert ": here" == await anext(lines)
        assert [] == [line async for line in lines if line]

    assert [] == [each for each in caplog.records if each.name.startswith("uvicorn")]


async def first(lines) -> str:
    async for line in lines:
        if line.startswith("data:"):
            return line
    raise AssertionError("the stream ended")


async def test_the_page_is_for_this_machine_alone(store: SqliteStore):
    with pytest.raises(UsageError, match="can be reached by others"):
        async with showing(Watched(store=store), Place(host="0.0.0.0")):  # noqa: S104
            pass


async def test_looking_at_a_store_changes_nothing_in_it(evening: SqliteStore):
    before = evening.path.read_bytes()
    with TestClient(
        live_app(Watched(store=evening), TOKEN, frozenset({"here:1"})), base_url="http://here:1", headers=AUTHORIZED
    ) as client:
        for path in ("/", "/api/runs", "/api/page?run=evening", "/api/rollout?run=evening&number=3"):
            assert 200 == client.get(path).status_code

    assert before == evening.path.read_bytes()
