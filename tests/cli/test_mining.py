from pathlib import Path
from typing import Any

import pytest
from pydantic_evals import Dataset

FOLDER = Path(__file__).parents[2] / "traces" / "dialects"
ORDERS = str(FOLDER / "pydantic_ai_v5.orders.jsonl")


def test_imported_traces_can_be_looked_into_and_mined(spanwright, folder):
    taken = spanwright("traces", "import", ORDERS, str(FOLDER / "vercel_ai_v6.orders.jsonl"))
    told = spanwright("traces", "facts", ".spanwright/store.traces.jsonl")
    mined = spanwright("traces", "mine", "--out", "cases/mined.yaml", "--page", "cases/mined.md")

    assert (0, 0, 0) == (taken.exit_code, told.exit_code, mined.exit_code)
    assert "12 spans of 2 traces went into .spanwright/store.traces.jsonl" in taken.stdout
    assert "tool send_note of order_desk: failed" in told.stdout
    cases = Dataset[str, Any, Any].from_file(folder / "cases" / "mined.yaml").cases
    assert {"error"} == {case.metadata["kind"] for case in cases}
    assert "tool send\\_note" in (folder / "cases" / "mined.md").read_text()


def test_a_second_import_says_that_there_was_nothing_new(spanwright, folder):
    spanwright("traces", "import", ORDERS, "--store", "s.sqlite")
    again = spanwright("traces", "import", ORDERS, "--store", "s.sqlite")

    assert "0 spans of 0 traces went into s.traces.jsonl" in again.stdout


@pytest.mark.parametrize(("more", "kept"), [((), "<phone-1>"), (("--no-redaction",), "+1 415 555 2671")])
def test_redaction_is_on_unless_it_is_switched_off(spanwright, folder, more, kept):
    text = Path(ORDERS).read_text().replace("service is down", "is for +1 415 555 2671")
    (folder / "spans.jsonl").write_text(text)
    ended = spanwright("traces", "import", "spans.jsonl", *more)

    assert 0 == ended.exit_code
    assert kept in (folder / ".spanwright" / "store.traces.jsonl").read_text()
    assert ("NOT redacted" in ended.stdout) is bool(more)


def test_phone_numbers_of_a_region(spanwright, folder):
    (folder / "spans.jsonl").write_text(Path(ORDERS).read_text().replace("service is down", "is for 030 901820"))
    spanwright("traces", "import", "spans.jsonl", "--region", "DE")

    assert "<phone-1>" in (folder / ".spanwright" / "store.traces.jsonl").read_text()


def test_a_region_that_there_is_not_is_a_usage_error(spanwright):
    ended = spanwright("traces", "import", ORDERS, "--region", "XX")

    assert (2, True) == (ended.exit_code, "no region 'XX'" in ended.stderr)


def test_a_file_that_cannot_be_read_is_an_error_after_the_others(spanwright, folder):
    ended = spanwright("traces", "import", "none.jsonl", ORDERS)

    assert 1 == ended.exit_code
    assert "'none.jsonl' cannot be read" in ended.stderr
    assert "6 spans of 1 traces" in ended.stdout


def test_mining_before_importing_is_a_usage_error(spanwright):
    ended = spanwright("traces", "mine")

    assert (2, True) == (ended.exit_code, "spanwright traces import FILE" in ended.stderr)
