"""Runs the Python blocks of README.md and docs/: what we show works.

The blocks of a file run in order, as one program, in an empty working folder. `await` may stand at the top level.
A block that cannot run says why: ```python {test="skip: needs a real model"}. Any other mark is an error.
"""

import ast
import asyncio
import inspect
import re
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.util._once import Once

ROOT = Path(__file__).resolve().parents[2]
PAGES = [page for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if page.exists()]
FENCE = re.compile(r"(?P<indent> *)(?P<ticks>`{3,})(?P<language>\w*)(?P<mark>.*)")
SKIP = re.compile(r'\{test="skip:? *(?P<reason>[^"]*\w[^"]*)"\}')


@dataclass(frozen=True, kw_only=True)
class Block:
    source: str  # begins with as many empty lines as stand above it, so that a traceback names the page's own line
    skipped: bool


def blocks(page: str) -> Iterator[Block]:
    lines = iter(enumerate(page.splitlines(), start=1))
    for number, line in lines:
        if (fence := FENCE.fullmatch(line)) is None:
            continue
        inside: list[str] = []
        for _, text in lines:
            if text.strip() == fence["ticks"]:
                break
            inside.append(text.removeprefix(fence["indent"]))
        else:
            pytest.fail(f"the fence of line {number} is never closed")
        if fence["language"] == "python":
            yield Block(source="\n" * number + "\n".join(inside), skipped=is_skipped(fence["mark"].strip(), number))


def is_skipped(mark: str, number: int) -> bool:
    if mark and SKIP.fullmatch(mark) is None:
        pytest.fail(f'line {number}: expected a plain block or {{test="skip: reason"}}, got {mark!r}')
    return bool(mark)


@pytest.fixture(autouse=True)
def own_tracer_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page set the process's tracer provider, which goes only once, without a trace of it in other tests."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_python_blocks_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = types.ModuleType("__main__")  # a real module: dataclasses and pydantic look their names up in it
    monkeypatch.setitem(sys.modules, "__main__", program)
    monkeypatch.chdir(tmp_path)
    with asyncio.Runner() as runner:
        for block in blocks(page.read_text(encoding="utf-8")):
            if block.skipped:
                continue
            code = compile(block.source, str(page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
            result = eval(code, program.__dict__)  # noqa: S307 - our own pages; exec() would drop the coroutine
            if inspect.iscoroutine(result):
                runner.run(result)


@pytest.mark.parametrize("mark", ["{test=skip}", '{test="skip"}', '{test="skip: "}', '{test="later"}', "no-run"])
def test_a_mark_without_a_reason_is_refused(mark: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="line 1"):
        list(blocks(f"```python {mark}\n1 / 0\n```\n"))


def test_only_outermost_python_fences_are_blocks() -> None:
    page = '````text\n```python\n1 / 0\n```\n````\n```python {test="skip: no key"}\n2\n```\n  ```python\n  3\n  ```\n'

    assert [("2", True), ("3", False)] == [(block.source.strip(), block.skipped) for block in blocks(page)]
