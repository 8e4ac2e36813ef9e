"""Small pieces of code in pydantic-monty: what they must not do is refused or ended in time."""

import sys
import threading
import time
from pathlib import Path

import pytest

from spanwright import CandidateFailed, UsageError
from spanwright.sandbox import Ending, Limits, snippets

WITHIN = Limits(seconds=0.5, memory=1 << 25, output=10_000, result=100_000)


@pytest.fixture(scope="module")
def place():
    with snippets(WITHIN, workers=2) as found:
        yield found


def test_a_function_takes_json_and_returns_json_with_what_it_printed(place) -> None:
    body = "print('at work')\n    return {'sum': math.fsum(numbers) * by, 'all': (1, 2)}"
    code = f"import math\ndef score(numbers, by):\n    {body}"

    ran = place.run(code, call="score", arguments=[[1.5, 2.5], 2])

    assert {"sum": 8.0, "all": [1, 2]} == ran.unwrap()
    assert "at work" == ran.printed
    assert ran.seconds < 5


@pytest.mark.parametrize(
    ("body", "ending", "said"),
    [
        ("while True: pass", Ending.TIME, "within 0.5 seconds"),
        ("try:\n        while True: pass\n    except BaseException:\n        return 1", Ending.TIME, "0.5 seconds"),
        ("return len([0] * 10**9)", Ending.MEMORY, "memory"),
        ("kept = []\n    while True: kept.append('x' * 10000)", Ending.MEMORY, "memory"),
        ("return 2 ** 10**9", Ending.MEMORY, "memory"),
        ("while True: print('x' * 1000)", Ending.OUTPUT, "10000 bytes"),
        ("return 'x' * 200_000", Ending.RESULT, "100000 bytes"),
        ("return f()", Ending.RAISED, "RecursionError"),
        ("import socket", Ending.RAISED, "No module named 'socket'"),
        ("import subprocess", Ending.RAISED, "No module named 'subprocess'"),
        ("import numpy", Ending.RAISED, "No module named 'numpy'"),
        ("import os\n    return os.environ['HOME']", Ending.RAISED, "not supported"),
        ("return open('/etc/passwd').read()", Ending.RAISED, "Permission denied"),
        ("open('/tmp/left', 'w').write('x')", Ending.RAISED, "Permission denied"),
        ("from pathlib import Path\n    return Path('/etc/passwd').read_text()", Ending.RAISED, "Permission denied"),
        ("raise ValueError('mine')", Ending.RAISED, "line 2, in f"),
        ("raise TimeoutError('mine')", Ending.RAISED, "TimeoutError: mine"),
        ("return {1: {2, 3}}[4]", Ending.RAISED, "KeyError"),
        ("return (", Ending.RAISED, "SyntaxError"),
        ("return b'x'", Ending.RAISED, "its result is no JSON"),
        ("x = []\n    for _ in range(5000): x = [x]\n    return x", Ending.RAISED, "its result is no JSON"),
    ],
)
def test_what_code_must_not_do_is_refused_or_ended_in_time(place, body: str, ending: Ending, said: str) -> None:
    began = time.monotonic()

    ran = place.run(f"def f():\n    {body}", call="f")

    assert (ending, True) == (ran.ending, said in ran.error), ran
    assert time.monotonic() - began < 20
    with pytest.raises(CandidateFailed, match="sandbox"):
        ran.unwrap()


def test_nothing_is_left_for_the_next_one(place) -> None:
    assert place.run("kept = 1\ndef f(): return kept", call="f").ok
    assert "NameError" in place.run("def f(): return kept", call="f").error
    assert not Path("/tmp/left").exists()  # noqa: S108


def test_threads_share_the_interpreters(place) -> None:
    found: dict[int, object] = {}

    def one(number: int) -> None:
        found[number] = place.run("def f(n): return n * n", call="f", arguments=[number]).unwrap()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert {number: number**2 for number in range(6)} == found


def test_a_name_that_is_none_is_refused(place) -> None:
    with pytest.raises(UsageError, match="is no name of a function"):
        place.run("def f(): return 1", call="f(); f")
    assert "name 'g' is not defined" in place.run("def f(): return 1", call="g").error


def test_without_the_extra_it_says_which_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic_monty", None)

    with pytest.raises(UsageError, match=r"not installed. Install it: pip install spanwright\[monty\]"), snippets():
        pass


def test_a_number_of_workers_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="workers=0 of snippets"), snippets(workers=0):
        pass
