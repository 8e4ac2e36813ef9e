"""A fingerprint changes with what an object is, and with nothing else; differences are told in words."""

import datetime as dt
import decimal
import enum
import functools
import os
import subprocess
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from spanwright.core.case import Case
from spanwright.store.fingerprints import compare, fingerprint, fingerprint_code, of_cases, of_evaluators


@dataclass
class Ticket:
    text: str
    tags: frozenset[str] = frozenset()
    seen: int = field(default=0, compare=False)


@dataclass
class Parcel:
    text: str
    tags: frozenset[str] = frozenset()


class Wanted(BaseModel):
    refunds: list[str]
    labels: set[str] = set()


class Client:
    """Live, without a value of its own."""

    def __init__(self) -> None:
        self.calls = 0


class Named(Client):
    def __repr__(self) -> str:
        return f"<Named client at {hex(id(self))} in {object.__repr__(self)}>"


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_equal_values_have_equal_fingerprints(value: object):
    copy = eval(repr(value), {"nan": float("nan"), "inf": float("inf")})  # noqa: S307 - the only deep copy that shares nothing

    assert fingerprint(value) == fingerprint(copy)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", 1),
        (1, True),
        (0, None),
        ("a", b"a"),
        ([1, 2], [2, 1]),
        ([1], (1,)),
        ([[1], [2]], [[1, 2]]),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {1: "a"}),
        ({1: "a"}, {"1": "a"}),
        ({1, 2}, {1, 3}),
        (Ticket("x"), Ticket("y")),
        (Ticket("x"), Parcel("x")),
        (Ticket("x"), {"text": "x", "tags": frozenset[str]()}),
        (Wanted(refunds=["A"]), Wanted(refunds=["B"])),
        (Colour.RED, Colour.BLUE),
        (Colour.RED, "red"),
        (dt.date(2025, 1, 1), dt.date(2025, 1, 2)),
        (dt.date(2025, 1, 1), "2025-01-01"),
        (decimal.Decimal("1.0"), decimal.Decimal("1.00")),
        (Path("a"), "a"),
        (deque([1]), deque([2])),
        (b"\xff", b"\xfe"),
        (Client(), Named()),
        (Client, Named),
        (functools.partial(max, 1), functools.partial(max, 2)),
    ],
)
def test_different_things_have_different_fingerprints(one: object, other: object):
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1)),
        (Ticket("x", seen=1), Ticket("x", seen=2)),
        (Client(), Client()),
        ([Client()], [Client()]),
        (Named(), Named()),
    ],
)
def test_what_does_not_belong_to_the_value_does_not_count(one: object, other: object):
    assert fingerprint(one) == fingerprint(other)


def test_the_state_of_a_live_object_does_not_count():
    client = Client()
    before = fingerprint(client)
    client.calls += 1

    assert before == fingerprint(client)


def test_an_iterator_is_not_used_up():
    numbers = iter([1, 2, 3])
    fingerprint(numbers)

    assert [1, 2, 3] == list(numbers)


def test_a_thing_that_contains_itself_has_a_fingerprint():
    loop: list[object] = [1]
    loop.append(loop)

    assert fingerprint(loop) == fingerprint(loop)


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import test_fingerprints as here
ticket = here.Ticket("x", tags=frozenset({"late", "angry", "gold", "refund"}))
wanted = here.Wanted(refunds=["A"], labels={"a", "b", "c", "d"})
print(here.fingerprint([ticket, wanted, here.Client(), {"k": {1, 2, 3}}, lambda: 1]), here.fingerprint_code(here.tone))
"""


def test_a_fingerprint_is_the_same_in_every_process():
    """The hash seed orders sets and the loader places objects: neither may show."""
    here = str(Path(__file__).parent)
    told = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, here],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert 1 == len(told)


def tone(output: str) -> float:
    """Judge the tone."""
    return float("please" in output)


def compiled(source: str, folder: Path, name: str = "judge") -> Callable[..., object]:
    """Return the first function or class of a module that is written to a file of its own, as a user's is."""
    path = folder / f"m{len(list(folder.iterdir()))}.py"
    path.write_text(source)
    namespace: dict[str, object] = {"__name__": path.stem}
    exec(compile(source, str(path), "exec"), namespace)  # noqa: S102 - a module without leaving traces in sys.modules
    judge = namespace[name]
    assert callable(judge)
    return judge


def test_another_body_is_another_evaluator(tmp_path: Path):
    strict = compiled("def judge(output):\n    return output == 'A'\n", tmp_path)
    lenient = compiled("def judge(output):\n    return 'A' in output\n", tmp_path)

    assert fingerprint_code(strict) != fingerprint_code(lenient)


def test_comments_blank_lines_and_the_name_of_the_file_do_not_make_another_evaluator(tmp_path: Path):
    plain = compiled("def judge(output):\n    return '#1' in output\n", tmp_path)
    explained = compiled("# new\n\ndef judge(output):  # strict\n\n    # why\n    return '#1' in output  \n", tmp_path)

    assert fingerprint_code(plain) == fingerprint_code(explained)


def test_what_a_metric_encloses_belongs_to_it_as_far_as_it_is_a_value():
    def at_least(limit: float, seen: list[object]) -> Callable[[object], bool]:
        def judge(output: object) -> bool:
            seen.append(output)
            return len(str(output)) >= limit

        return judge

    strict, lenient, used = at_least(10, []), at_least(1, []), at_least(10, [])
    used("output")

    assert fingerprint_code(strict) != fingerprint_code(lenient)
    assert fingerprint_code(strict) == fingerprint_code(used)


def test_defaults_of_a_metric_belong_to_it():
    def judges(first: int, second: int) -> list[Callable[..., bool]]:
        return [lambda output, at_least=limit: len(output) >= at_least for limit in (first, second)]

    one, other = judges(1, 2)

    assert fingerprint_code(one) != fingerprint_code(other)


@dataclass
class Contains:
    word: str
    client: Client = field(default_factory=Client)

    def evaluate(self, output: str) -> bool:
        return self.word in output


class Stateful:
    def __init__(self, word: str) -> None:
        self.word = word
        self._calls = 0

    def __call__(self, output: str) -> bool:
        self._calls += 1
        return self.word in output


def test_the_fields_of_an_evaluator_belong_to_it():
    assert fingerprint_code(Contains("A")) == fingerprint_code(Contains("A"))
    assert fingerprint_code(Contains("A")) != fingerprint_code(Contains("B"))


def test_the_private_state_of_an_evaluator_does_not_belong_to_it():
    fresh, used = Stateful("A"), Stateful("A")
    used("output")

    assert fingerprint_code(fresh) == fingerprint_code(used)
    assert fingerprint_code(fresh) != fingerprint_code(Stateful("B"))


def test_a_method_and_a_partial_can_be_evaluators():
    assert fingerprint_code(Contains("A").evaluate) != fingerprint_code(Contains("B").evaluate)
    assert fingerprint_code(functools.partial(tone, output="A")) != fingerprint_code(
        functools.partial(tone, output="B")
    )


def test_code_without_a_source_is_told_by_its_name():
    made = type("Made", (), {"__module__": "nowhere"})

    assert fingerprint_code(made()) == fingerprint_code(type("Made", (), {"__module__": "nowhere"})())
    assert fingerprint_code(made()) != fingerprint_code(type("Other", (), {"__module__": "nowhere"})())


def test_the_base_of_an_evaluator_belongs_to_it(tmp_path: Path):
    def judge(rule: str) -> object:
        source = f"class Base:\n    def rule(self):\n        return {rule}\n\nclass Judge(Base):\n    pass\n"
        return compiled(source, tmp_path, "Judge")()

    assert fingerprint_code(judge("1")) != fingerprint_code(judge("2"))


def test_evaluators_are_named_and_equal_names_are_numbered():
    prints = of_evaluators([Contains("A"), tone, Contains("B"), functools.partial(tone)])

    assert ["evaluator:Contains", "evaluator:tone", "evaluator:Contains #2", "evaluator:partial"] == list(prints)
    assert prints["evaluator:Contains"] != prints["evaluator:Contains #2"]


def test_a_case_is_what_goes_in_what_is_expected_and_its_metadata():
    def printed(case: Case) -> str:
        return of_cases([case])["case:t1"]

    plain = printed(Case(id="t1", inputs="hello"))

    assert plain == printed(Case(id="t1", inputs="hello", group="greetings"))
    assert plain != printed(Case(id="t1", inputs="hi"))
    assert plain != printed(Case(id="t1", inputs="hello", expected="hello"))
    assert plain != printed(Case(id="t1", inputs="hello", metadata={"level": 1}))


ONE, TWO = "0" * 16, "1" * 16


@pytest.mark.parametrize(
    ("recorded", "current", "expected"),
    [
        ({}, {}, ()),
        ({"case:t1": ONE}, {"case:t1": ONE}, ()),
        ({"case:t1": ONE}, {"case:t1": TWO}, ("case 't1' has changed",)),
        ({"case:t1": ONE}, {}, ("case 't1' is missing",)),
        ({}, {"evaluator:Tone": ONE}, ("evaluator 'Tone' is new",)),
        ({"case:a": ONE, "case:b": ONE}, {"case:a": TWO, "case:b": TWO}, ("cases 'a', 'b' have changed",)),
        ({"objective": ONE}, {"objective": TWO}, ("objective has changed",)),
        ({"model:support": "gpt-5"}, {"model:support": "gpt-4"}, ("model 'support' was 'gpt-5' and is 'gpt-4'",)),
        ({"case:a:b": ONE}, {}, ("case 'a:b' is missing",)),
    ],
)
def test_differences_are_told_in_words(
    recorded: Mapping[str, str], current: Mapping[str, str], expected: tuple[str, ...]
):
    assert expected == compare(recorded, current)


def test_a_long_list_of_differences_is_cut_and_counted():
    recorded = {f"case:t{number:03d}": ONE for number in range(500)}
    (said,) = compare(recorded, {})

    assert "cases 't000', 't001', 't002', 't003', 't004' and 495 more are missing" == said


def test_a_long_setting_is_cut():
    (said,) = compare({"settings": "x" * 500}, {"settings": "y" * 500})

    assert len(said) < 220
