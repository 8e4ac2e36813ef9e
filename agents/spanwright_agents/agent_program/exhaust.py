"""The best of all programs that the offline coder could write, values a grid: what a search can be compared with.

python -m spanwright_agents.agent_program.exhaust
"""

import sys
from collections.abc import Iterator
from itertools import product

import anyio

from spanwright.testing.simulated.coder.methods import Method, methods
from spanwright_agents.agent_program.task import PRICE, PROBLEMS, answers, is_right, solver


async def main() -> None:
    """Print each program's score, and the best one's."""
    scores: dict[str, float] = {}
    for method in methods():
        if "word problems" in method.about:
            for name, program in _programs(method):
                given, calls = await answers(program, PROBLEMS, solver())
                right = sum(is_right(each.said, one) for each, one in zip(given, PROBLEMS, strict=True))
                scores[name] = (right - PRICE * calls) / len(PROBLEMS)
                sys.stdout.write(f"{scores[name]:.4f} {name}\n")
    best = max(scores, key=lambda name: scores[name])
    sys.stdout.write(f"best: {scores[best]:.4f} {best}\n")


def _programs(method: Method) -> Iterator[tuple[str, str]]:
    """Yield a method's programs, with values up to five."""
    grids = [range(int(value.low), min(int(value.high), 5) + 1) for value in method.values.values()]
    for values in product(*grids):
        named = dict(zip(method.values, map(float, values), strict=True))
        if named.get("most", 9) >= named.get("agree", 0):
            told = ", ".join(f"{name} {value:g}" for name, value in named.items())
            yield f"{method.name} ({told})", method.filled(named)


if __name__ == "__main__":
    anyio.run(main)
