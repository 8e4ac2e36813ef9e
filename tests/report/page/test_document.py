"""The documents around a page: nothing that a text says becomes markup, and nothing but our own script may run."""

import gzip
import hashlib
import json
import re
import stat
from base64 import b64decode, b64encode
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from page_runs import ATTACKS, LONG, Told, hostile, plain

from spanwright.errors import UsageError
from spanwright.report.page import html_of, page_of_run, write_private
from spanwright.report.page.document import live_document, safe, static_document, woven
from spanwright.report.page.packing import unpacked
from spanwright.store import MemoryStore

ASSETS = files("spanwright.report.page") / "assets"
LIBRARIES = {
    "vendor/uplot/uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "vendor/uplot/uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "vendor/jsdiff/diff.min.js": "b51a9d2885f2c090dc97b981027395f7e7e6558a46c75ae3747db267913a89ab",
}


class Elements(HTMLParser):
    """Collects what a browser would find in a document."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.bodies: dict[str, list[str]] = {"script": [], "style": []}
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in self.bodies:
            self.bodies[tag].append("")
            self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.bodies[self._inside][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


async def document(text=plain, most_bytes: int = 10_000_000) -> tuple[str, Elements]:
    store, run = MemoryStore(), Told(text=text)
    async with store.run(run.name) as journal:
        run.whole(journal)
    store.annotate(run.name, run.remark())
    html = html_of(store.reader, page_of_run(store.reader, run.name), most_bytes)
    return html, Elements(html)


def hashed(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


async def test_the_elements_of_a_document_are_the_same_whatever_the_texts_say():
    (_, tame), (_, wild) = await document(), await document(hostile)

    assert [tag for tag, _ in tame.tags] == [tag for tag, _ in wild.tags]
    assert {"html", "head", "meta", "title", "link", "style", "body", "a", "div", "noscript", "script"} == {
        tag for tag, _ in wild.tags
    }


async def test_the_policy_names_every_script_and_style_and_allows_no_connection():
    _, found = await document(hostile)
    policies = [each["content"] for tag, each in found.tags if tag == "meta" and "http-equiv" in each]
    (policy,) = (each for each in policies if each)
    scripts = [body for body in found.bodies["script"] if not body.startswith("{")]

    assert 3 == len(scripts)
    assert all(hashed(body) in policy for body in (*scripts, *found.bodies["style"]))
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy


def test_the_live_document_may_ask_its_own_server_only():
    live = live_document()

    assert "connect-src 'self'" in live.policy
    assert "frame-ancestors 'none'" in live.policy
    assert "http-equiv" not in live.html  # the policy comes as a header there


async def test_the_data_of_a_document_is_the_page():
    html, _ = await document(hostile)
    (data,) = re.findall(r'<script type="application/json" id="page">(.*?)</script>', html)

    assert json.loads(data)["head"]["run"] == "evening"
    assert unpacked(data).candidates[1].diagnosis == hostile("diagnosis")


async def test_a_document_holds_the_trace_of_each_rollout_uncut():
    html, _ = await document(hostile)
    (data,) = re.findall(r'<script type="application/json" id="traces">(.*?)</script>', html)
    traces = json.loads(data)
    first = json.loads(gzip.decompress(b64decode(traces["packed"]["1"])))

    assert 0 == traces["leftOut"]
    assert LONG in {entry["text"] for entry in first["entries"]}
    assert hostile("question") in {entry["text"] for entry in first["entries"]}
    assert [0, 1, 1] == [bar["depth"] for bar in first["bars"]]


async def test_where_traces_do_not_fit_those_that_are_asked_for_first_are_kept():
    html, _ = await document(hostile, most_bytes=4_000)
    (data,) = re.findall(r'<script type="application/json" id="traces">(.*?)</script>', html)
    traces = json.loads(data)

    assert traces["leftOut"] > 0
    assert "7" in traces["packed"]  # a person wrote about it


@pytest.mark.parametrize("text", [*ATTACKS, "\u2028\u2029", "&lt;"])
def test_no_json_can_leave_its_element(text: str):
    written = safe(json.dumps({"text": text}, ensure_ascii=False))

    assert not set("<>&\u2028\u2029") & set(written)
    assert {"text": text} == json.loads(written)


def test_a_title_is_a_text():
    html = static_document("</title><script>window.attacked = 1</script>", b"{}", {}, 0).html

    assert 5 == len(Elements(html).bodies["script"])


def test_nothing_of_ours_makes_markup_out_of_text():
    script = woven()

    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", script)
    assert "import " not in script
    assert "export " not in script


def test_each_module_comes_after_those_that_it_imports():
    script = woven()
    at = {name: script.index(f"const module_{name} = ") for name in re.findall(r"const module_(\w+) = ", script)}
    used = [(found.start(), found[1]) for found in re.finditer(r"} = module_(\w+);", script)]

    assert {path.name.removesuffix(".js") for path in ASSETS.iterdir() if path.name.endswith(".js")} == set(at)
    assert used
    assert all(at[name] < place for place, name in used)


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_libraries_of_others_are_as_their_authors_published_them(name: str):
    digest = hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()

    assert LIBRARIES[name] == digest
    assert (ASSETS / name.rpartition("/")[0] / "LICENSE").read_text()


def test_a_report_is_its_owner_s_alone_and_whole(tmp_path: Path):
    path = tmp_path / "report.html"
    path.write_text("before")
    path.chmod(0o644)
    write_private(path, "after \ud83d")  # half of an emoji, as a token limit may leave it

    assert "after ?" == path.read_text()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert [path] == list(tmp_path.iterdir())


def test_a_report_in_a_folder_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="there is no folder"):
        write_private(tmp_path / "nowhere" / "report.html", "text")
