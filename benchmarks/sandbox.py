"""What a call in the sandbox costs beside the code itself, and how long it takes until what hangs or floods is ended.

python benchmarks/sandbox.py --quick          # seconds
python benchmarks/sandbox.py [--json]
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from spanwright.sandbox import Limits, Ran, Sandbox, obstacle, run, snippets

TRIVIAL = "def f(): return 1"
NUMPY = "import numpy as np\ndef f(): return np.eye(2)"
ASKS = "def f(): return sum(ask() for _ in range(100))"
LARGE = "def f(x): return x"
HANGS = "def f():\n    while True: pass"
FLOODS = "def f():\n    while True: print('x' * 1000)"
MANY = "x" * 500_000


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was measured of one kind of call."""

    what: str
    calls: int
    ended: str
    median_ms: float
    worst_ms: float


def measured(what: str, calls: int, call: Callable[[], Ran]) -> Row:
    """Return how long a call takes, once it was made to warm the file cache."""
    ended = call().ending
    times: list[float] = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1000)
    return Row(what=what, calls=calls, ended=ended.value, median_ms=statistics.median(times), worst_ms=max(times))


def rows(calls: int) -> Sequence[Row]:
    """Return all measurements."""
    soon = Limits(seconds=1.0)
    few = max(2, calls // 5)
    asking = Sandbox(functions={"ask": lambda: 1})
    with snippets() as place:
        snippet = measured("the same function as a snippet", 10 * calls, lambda: place.run(TRIVIAL, call="f"))
    return (
        snippet,
        measured("a function that returns 1", calls, lambda: run(TRIVIAL, call="f")),
        measured("the same without a sandbox", calls, lambda: run(TRIVIAL, call="f", without_sandbox=True)),
        measured("a function that asks ours 100 times", calls, lambda: asking.run(ASKS, call="f")),
        measured("one that imports numpy", calls, lambda: run(NUMPY, call="f")),
        measured("half a megabyte in and out", calls, lambda: run(LARGE, call="f", arguments=[MANY])),
        measured("an endless loop, one second allowed", few, lambda: run(HANGS, call="f", limits=soon)),
        measured("endless output", few, lambda: run(FLOODS, call="f")),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="five calls of each: seconds")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if why := obstacle():
        raise SystemExit(f"There is no sandbox here: {why}.")
    found = rows(5 if options.quick else 50)
    if options.json:
        print(json.dumps([asdict(row) for row in found], indent=2))
        return
    print("| call | calls | ended by | median | worst |\n|---|---|---|---|---|")
    for row in found:
        print(f"| {row.what} | {row.calls} | {row.ended} | {row.median_ms:.3g} ms | {row.worst_ms:.3g} ms |")


if __name__ == "__main__":
    main()
