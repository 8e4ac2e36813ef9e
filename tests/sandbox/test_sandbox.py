"""Code that nobody has read, in a sandbox: what it does is refused or ended in time, and it is to blame for it."""

import os
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path
from typing import Any

import pytest

from spanwright import Budget, CandidateFailed, Policy, Run, UsageError, WorldFailed, optimize_text
from spanwright.reflection import FunctionReflector
from spanwright.sandbox import Ending, Limits, Ran, Refused, Sandbox, run

SOON = Limits(seconds=20, memory=1 << 29)
NOW = Limits(seconds=1.5, memory=1 << 29)


pytestmark = pytest.mark.sandbox


def test_a_function_takes_json_and_returns_json_with_what_it_printed() -> None:
    code = "import numpy as np\ndef double(numbers, by):\n    print('at work')\n    return np.array(numbers) * by"

    ran = run(code, call="double", arguments=[[1.5, 2.0], 2], limits=SOON)

    assert [3.0, 4.0] == ran.unwrap()
    assert "at work" == ran.printed
    assert ran.ok


def test_files_are_handed_in_to_be_read_only() -> None:
    code = "def f():\n    text = open('/inputs/a.txt').read()\n    open('/inputs/a.txt', 'w')\n    return text"

    assert "Read-only" in run(code, call="f", inputs={"a.txt": "hello"}, limits=SOON).error
    assert "hello" == run(code.replace(", 'w'", ""), call="f", inputs={"a.txt": "hello"}, limits=SOON).value


@pytest.mark.parametrize(
    ("body", "ending", "said"),
    [
        ("while True: pass", Ending.TIME, "1.5 seconds"),
        ("return len([0] * 10**10)", Ending.MEMORY, "memory"),
        ("import os\n    while True: os.fork()", Ending.RAISED, "Operation not permitted"),
        ("import subprocess\n    subprocess.run(['/bin/ls'])", Ending.RAISED, "Operation not permitted"),
        ("while True: print('x' * 1000)", Ending.OUTPUT, "100000 bytes"),
        ("return 'x' * 2_000_000", Ending.RESULT, "1000000 bytes"),
        ("import os\n    os._exit(3)", Ending.CRASHED, "ended with 3"),
        ("import os\n    os.kill(os.getpid(), 9)", Ending.CRASHED, "no result"),
        ("return open('/etc/passwd').read()", Ending.RAISED, "No such file"),
        ("open('/usr/left', 'w')", Ending.RAISED, "Read-only"),
        ("open('/left', 'w')", Ending.RAISED, "Read-only"),
        ("open('/dev/left', 'w')", Ending.RAISED, "Read-only"),
        ("open('/dev/shm/left', 'wb').write(b'x' * (2 << 20))", Ending.RAISED, "No space left"),
        ("open('/tmp/left', 'wb').write(b'x' * (65 << 20))", Ending.RAISED, "File too large"),
        ("open('/proc/sys/kernel/core_pattern', 'w')", Ending.RAISED, "Read-only"),
        ("import os\n    os.memfd_create('left')", Ending.RAISED, "Operation not permitted"),
        ("import os, sys\n    os.write(int(sys.argv[1]), b'[' * 100_000)\n    os._exit(0)", Ending.CRASHED, "no JSON"),
        ("import socket\n    socket.create_connection(('127.0.0.1', 80), 1)", Ending.RAISED, "refused"),
        ("import socket\n    socket.create_connection(('192.0.2.1', 80), 1)", Ending.RAISED, "unreachable"),
        ("raise ValueError('mine')", Ending.RAISED, "line 2, in f\nValueError: mine"),
        ("return object()", Ending.RAISED, "not JSON serializable"),
        ("return (", Ending.RAISED, "SyntaxError"),
    ],
)
def test_what_code_must_not_do_is_refused_or_ended_in_time(body: str, ending: Ending, said: str) -> None:
    limits = NOW if ending is Ending.TIME else SOON
    began = time.monotonic()

    ran = run(f"def f():\n    {body}", call="f", limits=limits)

    assert (ending, True) == (ran.ending, said in ran.error), ran
    assert time.monotonic() - began < limits.seconds + 60
    with pytest.raises(CandidateFailed, match="sandbox"):
        ran.unwrap()


def test_processor_time_has_a_limit_of_its_own() -> None:
    ran = run("def f():\n    while True: pass", call="f", limits=Limits(seconds=60, processor=1))

    assert Ending.TIME is ran.ending
    assert "1 of them of processor time" in ran.error
    with pytest.raises(UsageError, match="processor=0 "):
        Limits(processor=0)


def test_nothing_of_ours_is_seen_and_nothing_that_is_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "abc")
    code = f"""
import os
def f():
    open('/tmp/mine', 'w').write('x')
    return [os.path.exists({str(tmp_path)!r}), 'SECRET_KEY' in os.environ, os.path.exists('/tmp/mine'), os.getuid()]
"""

    assert [False, False, True, 65534] == run(code, call="f", limits=SOON).unwrap()
    assert [False, False, True, 65534] == run(code, call="f", limits=SOON).unwrap()


def test_a_signal_to_the_parent_reaches_nobody() -> None:
    code = """
import os, signal
def f():
    for each in (os.getppid(), 1):
        os.kill(each, signal.SIGTERM)
    return os.listdir('/proc').count('1')
"""

    assert 1 == run(code, call="f", limits=SOON).unwrap()


def test_no_memory_is_had_beside_the_limit_and_no_namespace_to_be_root_in() -> None:
    code = """
import ctypes
def f():
    kernel = ctypes.CDLL(None, use_errno=True)
    calls = (kernel.shmget(0, 1 << 20, 0o1600), kernel.msgget(0, 0o1600), kernel.unshare(0x10000000))
    return [*calls, ctypes.get_errno()]
"""

    assert [-1, -1, -1, 1] == run(code, call="f", limits=SOON).unwrap()


@pytest.mark.parametrize("name", ["", "..", "../a.txt", "../../oldroot/tmp/a.txt", "/a.txt", "a//b", "a\0"])
def test_an_input_that_is_no_file_among_the_inputs_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="no file in /inputs"):
        run("def f(): pass", call="f", inputs={name: "x"})


def test_an_input_may_stand_in_a_folder_of_its_own() -> None:
    code = "def f(): return open('/inputs/a/b.txt').read()"

    assert "x" == run(code, call="f", inputs={"a/b.txt": "x"}, limits=SOON).unwrap()


def test_arguments_that_are_no_json_are_refused_before_anything_runs() -> None:
    with pytest.raises(UsageError, match="are no JSON: Object of type object"):
        run("def f(x): return x", call="f", arguments=[object()])


@pytest.mark.parametrize(
    "given",
    [{"seconds": float("nan")}, {"seconds": float("inf")}, {"seconds": "5"}, {"memory": 1e9}, {"calls": True}],
)
def test_a_limit_that_is_none_is_refused_and_no_code_is_blamed_for_it(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="is no limit"):
        Limits(**given)


def test_threads_that_go_on_do_not_keep_the_call_open() -> None:
    code = "import threading, time\ndef f():\n    threading.Thread(target=time.sleep, args=(60,)).start()\n    return 1"
    began = time.monotonic()

    assert 1 == run(code, call="f", limits=SOON).unwrap()
    assert time.monotonic() - began < 15


def test_calls_side_by_side_are_strangers_to_each_other() -> None:
    found: dict[int, object] = {}

    def one(number: int) -> None:
        found[number] = run("def f(n): return n", call="f", arguments=[number], limits=SOON).unwrap()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert {number: number for number in range(4)} == found


def test_an_interpreter_that_lives_among_temporary_files_runs_there_too(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    code = "from spanwright.sandbox import run; print(run('def f(): return 1', call='f').unwrap())"
    ours = {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [tmp_path / "venv/bin/python", "-c", code], env=ours, capture_output=True, text=True, check=False, timeout=60
    )

    assert "1\n" == done.stdout, done.stderr


async def test_a_run_goes_on_when_evolved_code_hangs_or_breaks_and_the_candidate_is_blamed() -> None:
    bodies = ["while True: pass", "return (", "raise MemoryError", "return 2"]
    told: list[str] = []

    async def next_one(context) -> dict[str, str]:
        told.extend(edit.outcome for edit in context.tried)
        told.extend(each.observed.rollout.score.feedback for each in context.examples)
        return {"text": f"def f():\n    {bodies.pop(0)}\n"} if bodies else {}

    def evaluate(text: str) -> float:
        value = run(text, call="f", limits=NOW).unwrap()
        assert isinstance(value, int)
        return value

    result = await optimize_text(
        "def f():\n    return 1\n",
        evaluate,
        reflection_model=FunctionReflector(next_one),
        policy=Policy.default(schedule="ordered", fruitless=3),
        budget=Budget(rollouts=8),
        store=":memory:",
        run=Run(progress=False),
    )

    assert "def f():\n    return 2\n" == result.best_text
    assert 5 == result.rollouts
    assert any("worse: 1 -> 0" in outcome or "1.00 -> 0.00" in outcome for outcome in told)


MUTE = """import json, os, sys
    to, line = int(sys.argv[2]), json.dumps({'function': 'ask', 'arguments': [1]}).encode() + b'\\n'"""
"""Asks, and never reads an answer."""


def asking(functions, body: str, limits: Limits = SOON) -> Ran:
    return Sandbox(functions=functions, limits=limits).run(f"def f():\n    {body}", call="f")


def test_code_asks_functions_of_ours_and_is_answered_in_json() -> None:
    seen: list[object] = []

    def add(*numbers: int) -> dict[str, int]:
        seen.append(numbers)
        return {"sum": sum(numbers)}

    ran = asking({"add": add}, "return [add(1, 2)['sum'], add(*range(4))['sum']]")

    assert [3, 6] == ran.unwrap()
    assert [(1, 2), (0, 1, 2, 3)] == seen
    assert 2 == ran.calls


def test_long_questions_and_answers_pass_and_threads_take_turns() -> None:
    body = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "    with ThreadPoolExecutor(4) as pool:\n"
        "        return sorted(len(each) for each in pool.map(twice, ['x' * n for n in range(0, 400000, 100000)]))"
    )

    assert [0, 200_000, 400_000, 600_000] == asking({"twice": lambda text: text * 2}, body).unwrap()


@pytest.mark.parametrize(
    ("body", "ending", "said"),
    [
        ("while True: ask(1)", Ending.CALLS, "more than 100 times"),
        ("ask('x' * 2_000_000)", Ending.RESULT, "1000000 bytes"),
        ("return ask(0)", Ending.RAISED, "RuntimeError: not for you"),
        ("return other(0)", Ending.RAISED, "NameError"),
        ("ask(object())", Ending.RAISED, "not JSON serializable"),
        ("import os, sys\n    os.write(int(sys.argv[2]), b'no json\\n')\n    return ask(1)", Ending.RAISED, "no JSON"),
        (
            "import os, sys\n    os.write(int(sys.argv[2]), b'[' * 9999 + b'\\n')\n    return ask(1)",
            Ending.RAISED,
            "no JSON",
        ),
        ("import os, sys\n    while True: os.write(int(sys.argv[2]), b'x' * 9999)", Ending.RESULT, "1000000 bytes"),
        ("import os, sys\n    while True: os.write(int(sys.argv[2]), b'7\\n')", Ending.CALLS, "more than 100 times"),
        ("import os, sys\n    os.close(int(sys.argv[3]))\n    ask(1)", Ending.RAISED, "Bad file descriptor"),
        (f"{MUTE}\n    for _ in range(9): os.write(to, line)\n    while True: pass", Ending.TIME, "1.5 seconds"),
    ],
)
def test_who_asks_too_much_or_what_is_not_there_is_told_or_ended(body: str, ending: Ending, said: str) -> None:
    def ask(number: int) -> int | str:
        if number == 0:
            raise Refused("not for you")
        return "x" * 100_000 if number == 1 else number

    ran = asking({"ask": ask}, body, NOW if ending is Ending.TIME else SOON)

    assert (ending, True) == (ran.ending, said in ran.error), ran


def test_what_a_function_of_ours_raises_is_raised_and_ends_the_code() -> None:
    def ask() -> None:
        raise WorldFailed("model", "it is down")

    with pytest.raises(WorldFailed, match="it is down"):
        asking({"ask": ask}, "ask()")


def test_the_time_that_our_functions_take_is_not_the_codes() -> None:
    limits = Limits(seconds=2.5, memory=1 << 29)

    ran = asking({"wait": lambda: time.sleep(3)}, "wait(); return 1", limits)

    assert 1 == ran.unwrap()
    assert ran.seconds < limits.seconds


def test_without_a_sandbox_functions_are_offered_too() -> None:
    place = Sandbox(functions={"ask": lambda: 5}, limits=SOON, without_sandbox=True)

    assert 5 == place.run("def f(): return ask()", call="f").unwrap()
