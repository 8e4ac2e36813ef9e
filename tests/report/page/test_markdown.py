"""A run as Markdown: what a pull request needs, and no text of a model's becomes markup."""

import re

from page_runs import Told, hostile, plain

from spanwright.report.page import markdown_of, page_from
from spanwright.store import MemoryStore


async def written(text=plain) -> str:
    store, run = MemoryStore(), Told(text=text)
    async with store.run(run.name) as journal:
        run.whole(journal)
    return markdown_of(page_from(run.events))


async def test_it_begins_with_what_came_of_the_run():
    lines = (await written()).splitlines()

    assert lines[0].startswith("# The winner beats the seed: 0.03")
    row = next(line for line in lines if line.startswith("| test |"))
    assert row.endswith(r"| +0.75 \[+0.31, +1.19\] |")


async def test_it_shows_what_changed_where_it_went_and_how_to_go_on():
    text = await written()

    assert "-Help the customer.\n+Help the customer, politely. the edit\n" in text
    assert "| reflection | 3 | 17 k | $0.15 |" in text
    assert "spanwright apply evening --agent MODULE:NAME --write" in text
    assert "4 times abandoned" not in text
    assert "1 times abandoned: the reason (reflection)" in text


async def test_texts_of_models_stay_texts():
    text = await written(hostile)
    prose = re.sub(r"^(`{3,})\w*\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)

    assert not re.search(r"(?<!\\)[<>`]", re.sub(r"^> ", "", prose, flags=re.MULTILINE))
    assert 0 == len(re.findall(r"^```", prose, re.MULTILINE))
