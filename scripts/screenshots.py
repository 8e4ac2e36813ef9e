#!/usr/bin/env python3
"""Make the pictures of docs/images from a real run: `make screenshots`.

The demo is run as anybody would run it, its report is written, and the live page of its store is opened in Chromium.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
COLOURS = 64
TALL = {"width": 1280, "height": 1800}  # a section is taken whole, without the bar that stays on top
SECTIONS = {"report-candidates": "tree", "report-cases": "heat", "report-tools": "tools", "report-course": "course"}


def spanwright(*arguments: str) -> str:
    """Run the command line, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "spanwright", *arguments], check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    return done.stdout


@contextmanager
def live(store: Path) -> Iterator[str]:
    """Serve the live page of a store, and give its address."""
    command = [sys.executable, "-m", "spanwright", "ui", str(store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None, "its output was asked for"
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def take(page: Page, name: str, selector: str | None = None) -> None:
    """Write one picture, in few colours: what is flat needs no more, and the repository stays small."""
    path = IMAGES / f"{name}.png"
    page.wait_for_timeout(400)
    target = page if selector is None else page.locator(selector)
    target.screenshot(path=path)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB")


def picture(report: Path, store: Path, run: str) -> None:
    """Take all pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["SPANWRIGHT_CHROMIUM"], args=["--no-sandbox"])
        for name, viewport, scheme in (
            ("report", WIDE, "light"),
            ("report-dark", WIDE, "dark"),
            ("report-phone", NARROW, "light"),
        ):
            page = browser.new_page(viewport=viewport, color_scheme=scheme)
            page.goto(report.as_uri())
            take(page, name)
            if name != "report":
                continue
            page.set_viewport_size(TALL)
            page.reload()
            for picture_name, section in SECTIONS.items():
                take(page, picture_name, f"#section-{section}")
            page.set_viewport_size(WIDE)
            page.locator("#section-tree .panel .try").first.click()
            page.wait_for_selector("dialog .entry")
            take(page, "report-trace")
            page.get_by_role("button", name="time line").click()
            take(page, "report-time-line")
        with live(store) as address:
            page = browser.new_page(viewport=WIDE)
            page.goto(address)
            page.wait_for_selector(".runs")
            page.get_by_role("button", name=re.compile(re.escape(run))).click()
            page.wait_for_selector("#section-tree .panel .try")
            page.locator("#section-tree .panel .try").first.click()
            page.wait_for_selector("dialog form")
            page.get_by_label("What should a reader of this trace know?").fill(
                "Look the order up before promising a refund."
            )
            page.get_by_role("button", name="Keep").click()
            page.wait_for_selector("dialog blockquote")
            take(page, "ui-annotation")
        browser.close()


def main() -> None:
    """Take the pictures of a demo run; `--store FILE` takes them of the latest run in a store that is there."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        given = sys.argv[sys.argv.index("--store") + 1] if "--store" in sys.argv else None
        store = Path(given).resolve() if given else Path(folder) / "store.sqlite"
        if given is None:
            spanwright("demo", "--store", str(store), "--quiet")
        run = spanwright("runs", "--store", str(store)).splitlines()[-1].split()[0]
        report = Path(folder) / "report.html"
        spanwright("report", run, "-o", str(report), "--store", str(store))
        picture(report, store, run)


if __name__ == "__main__":
    main()
