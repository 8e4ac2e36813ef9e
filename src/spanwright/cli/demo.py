"""The demo: optimize an agent that comes along, by default with simulated models, and show what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import typer

from spanwright.cli.invocation import Invocation
from spanwright.cli.options import Packaged
from spanwright.cli.printing import coloured
from spanwright.cli.running import Manner, carry_out, conclude, store_option
from spanwright.core.candidate import ComponentId, Kind
from spanwright.report import Result, Screen

SHOWN = 2
"""Components whose change is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """An agent that comes along, and what it is measured by."""

    subject: str
    evals: str
    group: str | None = None
    rollouts: int = 1_000
    """What the demo spends unless it is told."""
    components: tuple[str, ...] = ("all",)
    """What may change."""
    needs_sandbox: bool = False
    """Whether its code can run only where there is a sandbox."""


def exhibit(name: Packaged) -> Exhibit:
    """Return a packaged agent by its name."""
    if name is Packaged.SUPPORT_DESK:
        package = "spanwright_agents.support_desk"
        return Exhibit(subject=f"{package}.agent:handle", evals=f"{package}.evals:tickets", group="group")
    if name is Packaged.CLAIMS:
        package = "spanwright_agents.claims"
        return Exhibit(subject=f"{package}:trace_claim", evals=f"{package}:claims", rollouts=600)
    if name is Packaged.REPO_SKILLS:
        package = "spanwright_agents.repo_skills"
        return Exhibit(
            subject=f"{package}.agent:solve",
            evals=f"{package}.evals:issues",
            rollouts=400,
            components=("coder/skill:*",),
            needs_sandbox=True,
        )
    package = "spanwright_agents.multihop"
    return Exhibit(subject=f"{package}:answer_question", evals=f"{package}:questions", group="group")


def show_off(invocation: Invocation, manner: Manner, simulated: bool) -> int:
    """Run the demo and return the exit code."""
    if simulated:
        typer.echo(_ABOUT_MODELS, err=manner.prose_to_stderr)
    result = carry_out(invocation, manner)
    code = conclude(result, manner)
    if not manner.as_json and result.components_changed:
        _show_changes(result, manner)
    return code


_ABOUT_MODELS = """\
The models are simulated: no key, no network, no cost. They read what a model
reads and obey it, with slips. With real ones, or with Ollama or vLLM:
  spanwright demo --model openai:gpt-5-mini --reflection-model openai:gpt-5
  spanwright demo --base-url http://localhost:11434/v1 --model qwen3:8b
"""


def _show_changes(result: Result, manner: Manner) -> None:
    shown = _telling(result)
    screen = Screen()
    screen.print()
    screen.print(coloured(result.diff(components=shown)))
    more = len(result.components_changed) - len(shown)
    stored = "".join(f" {word}" for word in store_option(manner.store))
    if more:
        screen.print(f"{more} more changed: spanwright diff {result.run}{stored}", markup=False)
    screen.print(f"What an agent did in a rollout: spanwright traces show {result.run} 1{stored}", markup=False)


def _telling(result: Result) -> Sequence[ComponentId]:
    """Choose the changes to show: the longest new instructions and the longest new text of a tool, if both changed."""
    kinds = {component.id: component.kind for component in result.components}
    longest_first = sorted(result.components_changed, key=lambda each: -len(result.best.texts[each]))
    prompts = [each for each in longest_first if kinds[each] in (Kind.INSTRUCTIONS, Kind.SYSTEM_PROMPT)]
    others = [each for each in longest_first if each not in prompts]
    return [*prompts[:1], *others, *prompts[1:]][:SHOWN]
