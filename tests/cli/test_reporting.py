"""The commands that show a run in a browser."""

import json
import re
import signal
import stat

import httpx


def test_a_report_is_written_for_its_owner_alone(spanwright, optimized, folder):
    ended = spanwright("report", "first", "-o", "first.html")
    path = folder / "first.html"

    assert 0 == ended.exit_code
    assert "Wrote first.html" in ended.stderr
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert "<title>first · Spanwright</title>" in path.read_text()


def test_a_report_is_called_report_unless_it_is_told_otherwise(spanwright, optimized, folder):
    spanwright("report", "first")

    assert (folder / "report.html").exists()


def test_a_report_as_markdown_goes_to_stdout(spanwright, optimized):
    text = spanwright("report", "first", "--markdown").stdout

    assert text == spanwright("show", "first", "--markdown").stdout
    assert text.startswith("### The winner beats the seed")
    assert "-Say no.\n+Say yes, variant" in text
    assert "spanwright optimize tiny:agent --evals tiny:cases" in text


def test_a_report_as_json_is_for_programs(spanwright, optimized):
    page = json.loads(spanwright("report", "first", "--json").stdout)

    assert "first" == page["head"]["run"]
    assert 80 == len(page["tries"]["number"])


def test_a_report_has_one_form(spanwright, optimized):
    ended = spanwright("report", "first", "--json", "--markdown")

    assert 2 == ended.exit_code
    assert "--markdown and --json are two forms" in ended.stderr


def test_a_report_of_a_run_that_is_not_there_is_a_usage_error(spanwright, optimized, folder):
    ended = spanwright("report", "none", "-o", "none.html")

    assert 2 == ended.exit_code
    assert "there is no run 'none'" in ended.stderr
    assert not (folder / "none.html").exists()


def test_the_page_of_a_store_that_is_not_there_is_a_usage_error(spanwright, folder):
    ended = spanwright("ui", "nowhere.sqlite")

    assert 2 == ended.exit_code
    assert "there is no store nowhere.sqlite" in ended.stderr


def test_the_live_page_is_served_until_the_process_is_told_to_end(start, optimized):
    process = start("ui")
    address = process.stdout.readline().strip()

    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{20,}", address)
    token = httpx.URL(address).params["token"]
    runs = httpx.get(httpx.URL(address).join("/api/runs"), headers={"authorization": f"Bearer {token}"}).json()
    assert ["first"] == [run["name"] for run in runs]
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert 0 == process.returncode
    assert "Traceback" not in said
