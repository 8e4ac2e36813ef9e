"""Pages in a real browser: no errors, nothing wider than the screen, nothing that keeps a person out, quick when huge.

They need Chromium and Playwright, which `make test-browser` asks for; it is told where by SPANWRIGHT_CHROMIUM.
"""

import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from page_runs import ATTACKS, LONG, Told, hostile, huge, plain

from spanwright.core.events import RunEnded, StopReason
from spanwright.core.rollout import Purpose
from spanwright.core.usage import Usage
from spanwright.report.page import Watched, html_of, page_of_run, showing, write_private
from spanwright.report.page.document import static_document
from spanwright.report.page.packing import packed
from spanwright.store import MemoryStore, SqliteStore
from spanwright.telemetry.receiver import Place

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
WIDTHS = (1280, 390)
SCHEMES = ("light", "dark")
QUICK = 3.0
"""Seconds in which two thousand candidates on three hundred cases are to stand on the screen."""
DRAWN = "main:not(:has(#section-reproduction .body:empty)) h1"
"""Once the last section is there, if the page has any: they come one after another. A selector, because the page's
Content-Security-Policy forbids what Playwright does to wait for a function: it evaluates a string."""
SERIOUS = {"serious", "critical"}


class Tab:
    """A browser's page that must not complain."""

    def __init__(self, page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))

    def _said(self, message) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    async def open(self, address: str) -> None:
        await self.page.goto(address)
        await self.page.wait_for_selector(DRAWN)
        await self.page.wait_for_timeout(250)  # for what is drawn after the first frame

    async def text(self, selector: str = "main") -> str:
        return await self.page.locator(selector).evaluate("element => element.textContent")

    async def width(self) -> int:
        return await self.page.evaluate("document.documentElement.scrollWidth")

    async def worked(self) -> float:
        """Return the seconds for which the page's process has kept a processor busy."""
        session = await self.page.context.new_cdp_session(self.page)
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        metrics = (await session.send("Performance.getMetrics"))["metrics"]
        return next(each["value"] for each in metrics if each["name"] == "ProcessTime")

    async def faults(self) -> list[str]:
        from axe_playwright_python.async_playwright import Axe  # noqa: PLC0415  (installed by make test-browser alone)

        # What is out of sight is not laid out, and would be passed over.
        await self.page.evaluate(
            "document.querySelectorAll('main > section').forEach(each => (each.style.contentVisibility = 'visible'))"
        )
        found = (await Axe().run(self.page)).response["violations"]
        return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in SERIOUS]


Tabs = Callable[..., AbstractAsyncContextManager[Tab]]


@pytest.fixture
def tab() -> Tabs:
    @asynccontextmanager
    async def opened(width: int = 1280, scheme: str = "light") -> AsyncGenerator[Tab]:
        from playwright.async_api import async_playwright  # noqa: PLC0415  (likewise)

        chromium = os.environ.get("SPANWRIGHT_CHROMIUM")
        assert chromium, "SPANWRIGHT_CHROMIUM names no browser: say make test-browser"
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = await browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            yield Tab(page)
            await browser.close()

    return opened


async def written(folder: Path, text=plain) -> str:
    store, run = MemoryStore(), Told(text=text)
    async with store.run(run.name) as journal:
        run.whole(journal)
    store.annotate(run.name, run.remark())
    path = folder / "report.html"
    write_private(path, html_of(store.reader, page_of_run(store.reader, run.name)))
    return path.as_uri()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_report_is_drawn_without_complaint_and_open_to_everybody(
    tab: Tabs, tmp_path: Path, width: int, scheme: str
):
    address = await written(tmp_path)
    async with tab(width, scheme) as here:
        await here.open(address)

        assert "Better, beyond chance" in await here.text("h1")
        assert width == await here.width()
        assert [] == await here.faults()
        await here.page.evaluate("location.hash = 'rollout=7'")
        await here.page.wait_for_selector("dialog .entry")
        assert "the annotation" in await here.text("dialog")
        assert [] == await here.faults()
        await here.page.get_by_role("button", name="time line").click()
        await here.page.locator(".span.tool").first.click()
        assert "the exception" in await here.text(".span-details")
        assert [] == await here.faults()
        assert [] == here.complaints


@pytest.mark.parametrize("width", WIDTHS)
async def test_hostile_texts_are_shown_as_texts_everywhere(tab: Tabs, tmp_path: Path, width: int):
    address = await written(tmp_path, hostile)
    async with tab(width) as here:
        await here.open(address)
        await here.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        await here.page.wait_for_timeout(100)
        shown = await here.text()
        for place in ("diagnosis", "rationale", "message", "reason", "tool edit", "policy", "settings"):
            assert hostile(place) in shown, place
        assert hostile("Verdict") in shown
        await here.page.evaluate("location.hash = 'rollout=7'")
        await here.page.wait_for_selector("dialog .entry")
        shown = await here.text("dialog")
        for place in ("feedback", "blame", "output", "question", "arguments", "thought", "answer", "annotation"):
            assert hostile(place) in shown, place
        assert "Show all 100,000 characters" in shown
        await here.page.get_by_role("button", name="Show all 100,000 characters").first.click()
        assert LONG in await here.text("dialog")
        await here.page.get_by_role("button", name="time line").click()
        await here.page.locator(".span.tool").first.click()
        shown = await here.text("dialog")
        for place in ("tool span", "attribute", "value", "exception"):
            assert hostile(place) in shown, place

        assert width == await here.width()
        assert await here.page.evaluate("window.attacked === undefined")
        assert 0 == await here.page.locator("#app :is(img, iframe, script, object, embed, a:not([href^='#']))").count()
        assert [] == here.complaints


@pytest.mark.parametrize("width", WIDTHS)
async def test_two_thousand_candidates_on_three_hundred_cases_are_drawn_quickly(tab: Tabs, tmp_path: Path, width: int):
    path = tmp_path / "huge.html"
    write_private(path, static_document("huge", packed(huge()), {}, 0).html)
    async with tab(width) as here:
        began = time.perf_counter()
        await here.page.goto(path.as_uri(), wait_until="commit")
        await here.page.wait_for_selector("#section-heat canvas[height]")  # it has one when it was painted
        await here.page.wait_for_selector("#section-reproduction dl", state="attached")
        took = time.perf_counter() - began

        # By the processor's time: what else the machine does is not the page's fault.
        assert await here.worked() < QUICK, f"{took:.2f} s passed"
        assert 1500 == await here.page.locator(".node").count()
        await here.page.get_by_label("with those that were turned down").check()
        assert 2000 == await here.page.locator(".node").count()
        assert [] == here.complaints


async def test_the_tree_and_the_map_are_walked_with_the_keyboard(tab: Tabs, tmp_path: Path):
    address = await written(tmp_path)
    async with tab() as here:
        await here.open(address)
        keys = here.page.keyboard
        await here.page.locator(".node.winner").focus()
        await keys.press("ArrowLeft")
        assert "Candidate 1" in await here.text(".panel h3")
        assert "politely." in await here.text(".panel .difference")
        await here.page.locator("#section-heat canvas").focus()
        await keys.press("ArrowRight")
        await keys.press("ArrowDown")
        assert "the validation" in await here.text("#section-heat .told")
        await keys.press("Enter")
        await here.page.wait_for_selector("dialog[open] .entry")
        await keys.press("Escape")
        await here.page.wait_for_selector("dialog:not([open])", state="attached")

        assert "" == await here.page.evaluate("location.hash.slice(1)")
        assert [] == here.complaints


async def test_the_map_is_sorted_and_the_course_is_shown_against_money(tab: Tabs, tmp_path: Path):
    address = await written(tmp_path)
    async with tab() as here:
        await here.open(address)
        await here.page.get_by_label("Rows").select_option("birth")
        await here.page.locator("#section-heat select").first.select_option("test")
        assert "2 candidates and 6 cases" in await here.page.locator("#section-heat canvas").get_attribute("aria-label")
        await here.page.get_by_role("button", name="dollars").click()
        assert "true" == await here.page.get_by_role("button", name="dollars").get_attribute("aria-pressed")
        assert "$" in await here.page.locator("#section-course .plot").get_attribute("aria-label")
        assert [] == here.complaints


async def test_problems_at_hand_on_a_tiny_scale_are_told_apart_and_nothing_is_said_of_chance(tab: Tabs, tmp_path: Path):
    store, run = MemoryStore(), Told(learnt=0.0000025)
    run.train, run.test = run.validation[:1], ()
    run.validation = run.train
    async with store.run(run.name) as journal:
        run.begin(journal)
        child = run.evolve(journal, run.seed, {run.instructions: "Help, politely."})
        run.number += 1  # every seventh one fails, the third before all
        run.roll(journal, child, run.validation[0], Purpose.VALIDATION, 0.0000071)
        run.tell(journal, RunEnded(reason=StopReason.BUDGET, winner=child.id, usage=Usage(), at=run.now))
    write_private(tmp_path / "report.html", html_of(store.reader, page_of_run(store.reader, run.name)))
    async with tab() as here:
        await here.open((tmp_path / "report.html").as_uri())

        assert "A better text" == await here.text("h1")
        assert "One case: no interval." in await here.text("figcaption")
        assert "0.0000071" in await here.text(".whisker.winner")
        assert [] == here.complaints


async def test_a_live_page_says_when_nothing_is_heard_of_its_server(tab: Tabs, store: SqliteStore):
    run = Told()
    async with store.run(run.name) as journal:
        run.begin(journal)
    async with tab() as here:
        async with live(store) as address:
            await here.open(address)
            await here.page.get_by_role("button", name="evening").click()
            await here.page.wait_for_selector(DRAWN)
            assert "" == await here.text(".silence")
        await here.page.get_by_text("No connection to the server").wait_for(timeout=20_000)


async def test_the_list_of_runs_grows_while_it_is_looked_at_and_keeps_what_was_chosen(tab: Tabs, store: SqliteStore):
    async with store.run("evening") as journal:
        Told().whole(journal)
    async with live(store) as address, tab() as here:
        await here.open(address)
        await here.page.get_by_label("Compare evening").check()
        async with store.run("morning") as journal:
            Told(name="morning").begin(journal)
        await here.page.get_by_role("button", name="morning").wait_for(timeout=20_000)

        assert await here.page.get_by_label("Compare evening").is_checked()
        assert [] == here.complaints


async def test_texts_that_have_little_in_common_are_compared_by_lines(tab: Tabs, tmp_path: Path):
    store, run = MemoryStore(), Told()
    before = "Help the customer.\nOrder references must be written as A-1111.\nAlways mention the date."
    after = "Help the customer.\nWhen calling update, escalate to depot the shipped ones.\nUse ISO 8601."
    async with store.run(run.name) as journal:
        run.begin(journal)
        first = run.evolve(journal, run.seed, {run.tool: before})
        run.evolve(journal, first, {run.tool: after})
    write_private(tmp_path / "report.html", html_of(store.reader, page_of_run(store.reader, run.name)))
    async with tab() as here:
        await here.open((tmp_path / "report.html").as_uri())
        await here.page.locator(".node .dot").nth(2).click()

        assert 1 == await here.page.locator(".panel .difference del").count()
        assert before.partition("\n")[2] == await here.text(".panel .difference del")


async def test_a_run_that_was_interrupted_says_how_it_goes_on(tab: Tabs, tmp_path: Path):
    store, run = MemoryStore(), Told()
    async with store.run(run.name) as journal:
        run.begin(journal)
        run.search(journal)
    write_private(tmp_path / "report.html", html_of(store.reader, page_of_run(store.reader, run.name)))
    async with tab() as here:
        await here.open((tmp_path / "report.html").as_uri())

        assert "It stopped before its end. Go on with spanwright resume evening" in await here.text(".hero")
        assert [] == await here.faults()
        assert [] == here.complaints


async def test_where_nothing_beat_the_seed_it_is_shown_once(tab: Tabs, tmp_path: Path):
    store, run = MemoryStore(), Told()
    async with store.run(run.name) as journal:
        run.begin(journal)
        run.tell(journal, RunEnded(reason=StopReason.FRUITLESS, winner=run.seed.id, usage=Usage(), at=run.now))
    write_private(tmp_path / "report.html", html_of(store.reader, page_of_run(store.reader, run.name)))
    async with tab() as here:
        await here.open((tmp_path / "report.html").as_uri())

        assert "Nothing beat the seed" == await here.text("h1")
        assert 0 == await here.page.locator(".whisker.winner").count()
        assert [] == here.complaints


@asynccontextmanager
async def live(store: SqliteStore) -> AsyncGenerator[str]:
    async with showing(Watched(store=store), Place()) as address:
        yield address


@pytest.mark.parametrize("width", WIDTHS)
async def test_the_live_page_lists_runs_and_compares_two(tab: Tabs, store: SqliteStore, width: int):
    for name, text in (("evening", plain), (f"morning {ATTACKS[1]}", hostile)):
        run = Told(name=name, text=text)
        async with store.run(name) as journal:
            run.whole(journal)
    async with live(store) as address, tab(width) as here:
        await here.open(address)
        assert [] == await here.faults()
        for box in await here.page.get_by_role("checkbox").all():
            await box.check()
        await here.page.get_by_role("button", name="Compare two").click()
        await here.page.wait_for_selector("main h2")

        assert "Two runs" in await here.text("h1")
        assert f"morning {ATTACKS[1]}" in await here.text()
        assert width == await here.width()
        assert [] == await here.faults()
        assert await here.page.evaluate("window.attacked === undefined")
        assert [] == here.complaints


@pytest.mark.parametrize("width", WIDTHS)
async def test_the_live_page_follows_a_run_and_takes_an_annotation(tab: Tabs, store: SqliteStore, width: int):
    run = Told()
    async with live(store) as address, tab(width) as here, store.run(run.name) as journal:
        run.begin(journal)
        await journal.durable()
        await here.open(address)
        await here.page.get_by_role("button", name="evening").click()
        await here.page.get_by_role("heading", name="Nothing has beaten the seed yet").wait_for(timeout=20_000)
        run.search(journal)
        await journal.durable()
        await here.page.get_by_role("heading", name="Better where it was chosen").wait_for(timeout=20_000)

        await here.page.evaluate("location.hash += '&rollout=7'")
        await here.page.wait_for_selector("dialog form")
        assert "later reflections read what you write" in await here.text("dialog")
        assert [] == await here.faults()
        await here.page.get_by_label("What should a reader of this trace know?").fill(f"It never asked. {ATTACKS[0]}")
        await here.page.get_by_role("button", name="Keep").click()
        await here.page.wait_for_selector("dialog blockquote")

        assert f"It never asked. {ATTACKS[0]}" in await here.text("dialog blockquote")
        assert [7] == [each.rollout for each in journal.annotations()]
        await here.page.evaluate("location.hash = location.hash.replace('rollout=7', 'rollout=1')")
        await here.page.get_by_text("no reflection ever reads it").wait_for()
        assert width == await here.width()
        assert [] == here.complaints
