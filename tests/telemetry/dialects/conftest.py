"""The recorded spans of every dialect, and how the facts that were recovered differ from those that they hold."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from spanwright.core.trace import Span
from spanwright.telemetry.facts import facts_json, facts_of
from spanwright.telemetry.span_files import read_spans

FOLDER = Path(__file__).parents[3] / "traces" / "dialects"
FILES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".jsonl", ".pb"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "file" in metafunc.fixturenames:
        metafunc.parametrize("file", FILES)


def _spans_of(file: str) -> tuple[Span, ...]:
    read = read_spans(FOLDER / file)
    assert () == read.diagnoses
    return read.spans


def _expected_of(file: str) -> dict:
    name = file if file.endswith(".pb") else file.removesuffix(".jsonl")
    return json.loads((FOLDER / f"{name}.expected.json").read_text())


def _recovered(spans: Sequence[Span]) -> dict:
    return json.loads(facts_json(facts_of(spans)))


def _differences(expected: object, actual: object, place: str = "") -> Iterator[str]:
    """Compare as the README of the fixtures says: null is not known, an error holds the text that is expected."""
    match expected, actual:
        case dict(), dict():
            for key in expected.keys() | actual.keys():
                if key == "error" and isinstance(expected.get(key), str):
                    if not isinstance(actual[key], str) or expected[key] not in actual[key]:
                        yield f"{place}.{key}: {expected[key]!r} is not in {actual[key]!r}"
                elif key != "notes":
                    yield from _differences(expected.get(key, "?"), actual.get(key, "?"), f"{place}.{key}")
        case list(), list() if len(expected) == len(actual):
            for index, pair in enumerate(zip(expected, actual, strict=True)):
                yield from _differences(*pair, f"{place}[{index}]")
        case _ if expected != actual:
            yield f"{place}: {expected!r:.300} is {actual!r:.300}"


@pytest.fixture(scope="session")
def spans_of() -> Callable[[str], tuple[Span, ...]]:
    return _spans_of


@pytest.fixture(scope="session")
def expected_of() -> Callable[[str], dict]:
    return _expected_of


@pytest.fixture(scope="session")
def recovered() -> Callable[[Sequence[Span]], dict]:
    return _recovered


@pytest.fixture(scope="session")
def differences() -> Callable[[object, object], list[str]]:
    return lambda expected, actual: list(_differences(expected, actual))
