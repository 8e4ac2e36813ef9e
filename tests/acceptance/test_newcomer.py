"""As a newcomer comes: README.md alone, an empty environment, an agent of one's own; and how long that takes.

`make newcomer`. pip needs the network; everything after it runs offline.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

MINE = '''
"""A desk for spare parts, written after README.md: it pays back in cents, and its orders begin with R."""

from pydantic_ai import Agent, ModelRetry, RunContext
from pydantic_evals import Case

from spanwright import Budget, Evals, Score, optimizable, optimize_sync
from spanwright.testing.simulated.offline import offline_models

model, reflection_model = offline_models()
desk = optimizable(Agent(model, name="desk", deps_type=list, instructions="Help the caller.", retries=3))


@desk.tool
async def refund(ctx: RunContext[list], ref: str, amount: float) -> str:
    """Pay back."""
    if not ref.startswith("R-"):
        raise ModelRetry(f"No order {ref!r}: order refs look like R-2000.")
    ctx.deps.append((ref, round(amount)))
    return "Paid."


@optimizable(agents=[desk])
async def handle(mail: str) -> list:
    paid = []
    await desk.run(mail, deps=paid)
    return paid


def judge(case, paid, trace):
    wanted = case.expected_output
    right = [paid == wanted, [ref for ref, _ in paid] == [ref for ref, _ in wanted]]
    return Score(value=sum(right) / 2, feedback="" if all(right) else f"refunds were {paid}, should be {wanted}")


mails = []
for n in range(3, 53):
    asked, paid = f"Please refund ${n}.50 for order {2000 + n}.", [(f"R-{2000 + n}", n * 100 + 50)]
    mails.append(Case(name=f"mail {n}", inputs=asked, expected_output=paid))

if __name__ == "__main__":
    evals, budget = Evals(cases=mails, metric=judge), Budget(rollouts=200)
    result = optimize_sync(handle, evals, reflection_model=reflection_model, budget=budget, run="mine")
    print(result)
    result.save("champion.json")
'''


class Clock:
    """Tells how long each step took."""

    def __init__(self) -> None:
        self._since = self._start = time.monotonic()

    def tell(self, step: str) -> None:
        now = time.monotonic()
        sys.stderr.write(f"{step}: {now - self._since:.0f} s, {now - self._start:.0f} s in all\n")
        self._since = now


def run(*command: str | Path, cwd: Path, expected: tuple[int, ...] = (0,)) -> str:
    ended = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)
    assert ended.returncode in expected, f"{command}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout


@pytest.mark.newcomer
def test_from_the_readme_alone_to_an_optimized_agent_of_ones_own(tmp_path: Path) -> None:
    clock = Clock()
    assert "python -m pip install .\nspanwright demo\n" in README, "the two commands"
    wheels, venv, here = tmp_path / "wheels", tmp_path / "venv", tmp_path / "here"
    here.mkdir()
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", wheels, ".", cwd=ROOT)
    run(sys.executable, "-m", "venv", venv, cwd=here)
    python, spanwright = venv / "bin" / "python", venv / "bin" / "spanwright"
    run(python, "-m", "pip", "install", "--quiet", next(wheels.glob("*.whl")), cwd=here)
    clock.tell("install")

    demo = run(spanwright, "demo", "--rollouts", "300", cwd=here, expected=(0, 3))
    clock.tell("spanwright demo")

    (here / "readme.py").write_text("\n".join(CODE.findall(README)), encoding="utf-8")
    example = run(python, "readme.py", cwd=here)
    clock.tell("the example of README.md")

    (here / "mine.py").write_text(MINE, encoding="utf-8")
    mine = run(python, "mine.py", cwd=here)
    clock.tell("an agent of one's own")
    sys.stderr.write(mine)

    assert "The models are simulated" in demo
    assert "The winner beats the seed" in example
    assert "The winner beats the seed" in mine
    run(spanwright, "champion", "champion.json", "--agent", "mine:handle", cwd=here)
    assert "### The winner beats the seed" in run(spanwright, "show", "mine", "--markdown", cwd=here)
