"""The commands that look into a file of spans: what it tells, and what is missing in it."""

from pathlib import Path

import typer
from pydantic import TypeAdapter

from spanwright.telemetry import Facts, check, facts_json, folded, read_spans, told

_LONGEST = 100


def tell(file: Path, *, as_json: bool) -> None:
    """Print the facts of a file, and what is missing in it among its notes."""
    read = read_spans(file)
    traces = folded(read.spans)
    facts = told(traces, (*read.diagnoses, *check(traces)))
    typer.echo(facts_json(facts) if as_json else _outline(facts))


def examine(file: Path, *, as_json: bool) -> int:
    """Print what is missing in a file; the number that is returned is the exit code."""
    read = read_spans(file)
    traces = folded(read.spans)
    lines = (*read.diagnoses, *check(traces))
    if as_json:
        typer.echo(TypeAdapter(tuple[str, ...]).dump_json(lines, indent=1).decode())
    else:
        counted = f"{len(read.spans)} spans of {len(traces)} traces"
        typer.echo("\n".join(lines) if lines else f"{counted}: nothing is missing.")
    return 1 if lines else 0


def _outline(facts: Facts) -> str:
    lines = list[str]()
    for agent in facts.agents:
        below = f", called by {agent.parent_agent}" if agent.parent_agent else ""
        lines.append(f"agent {agent.name or '(no name)'}{below}: {_short(agent.system_prompt or '(no prompt)')}")
        for call in agent.model_calls:
            tokens = f"{call.input_tokens or '?'} + {call.output_tokens or '?'} tokens"
            asked = ", ".join(str(one.name) for one in call.tool_calls or ())
            said = call.output_text or (f"calls {asked}" if asked else "")
            lines.append(f"  {call.model or 'model'}, {tokens}, {call.finish_reason or '?'}: {_short(said)}")
    for tool in facts.tool_calls:
        came = f"failed: {tool.error}" if tool.error is not None else str(tool.result)
        lines.append(f"tool {tool.name} of {tool.agent or '(no name)'}: {_short(came)}")
    lines.append(f"final: {_short(facts.final_output or '-')}")
    lines.extend(f"note: {note}" for note in facts.notes)
    return "\n".join(lines)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
