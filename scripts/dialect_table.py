#!/usr/bin/env python3
"""Write docs/reference/dialects.md: which facts Spanwright recovers from the spans of each library.

Every mark is what was recovered from the recorded spans in traces/dialects just now. With `--check` nothing is
written, and the exit code says whether the page is current.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from spanwright.core.trace import ModelCall, ToolCall, Trace
from spanwright.telemetry import check, folded, read_spans, told

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "dialects.md"
SPANS = ROOT / "traces" / "dialects"
HAZARDOUS = ("_no_content", "_truncated", "duplicate_", "missing_root_", "double_instrumented")

HEAD = """\
# Dialects: whose spans are read

Written by `python scripts/dialect_table.py` from the recorded spans in `traces/dialects`; a test holds it current.
`spanwright traces facts FILE` tells what a file of spans says, `spanwright traces check FILE` what is missing in it.

A mark says that the fact was recovered from the recorded run; `·` that this library does not write it, or not in this
run. Of a run there is: an agent, three model calls, a tool that answers, and a tool that fails.

"""
MISSING = """
## What is said when something is missing

| spans | `spanwright traces check` |
|---|---|
"""


def of_calls(has: Callable[[ModelCall], object]) -> Callable[[Trace], bool]:
    """Say of a trace whether some model call has a fact."""
    return lambda trace: any(has(call) for call in trace.model_calls)


def of_tools(has: Callable[[ToolCall], object]) -> Callable[[Trace], bool]:
    """Say of a trace whether some tool call has a fact."""
    return lambda trace: any(has(tool) for tool in trace.tool_calls)


def asks(call: ModelCall) -> bool:
    """Say whether a model asked for a tool with arguments."""
    return any(part.kind == "tool_call" and part.text for part in (call.answer.parts if call.answer else ()))


FACTS: Sequence[tuple[str, Callable[[Trace], bool]]] = (
    ("agent", lambda trace: any(run.name for run in trace.agents)),
    ("system prompt", lambda trace: any(agent.system_prompt for agent in told([trace]).agents)),
    ("messages", of_calls(lambda call: call.messages)),
    ("answer", of_calls(lambda call: call.answer and any(part.kind == "text" for part in call.answer.parts))),
    ("asked calls", of_calls(asks)),
    ("tool definitions", of_calls(lambda call: call.tools)),
    ("model asked", of_calls(lambda call: call.model and call.model != call.response_model)),
    ("model answered", of_calls(lambda call: call.response_model)),
    ("tokens", of_calls(lambda call: call.usage.tokens)),
    ("cached", of_calls(lambda call: call.cached_tokens)),
    ("cost", of_calls(lambda call: call.usage.usd)),
    ("finish reason", of_calls(lambda call: call.finish_reason)),
    ("tool arguments", of_tools(lambda tool: tool.arguments)),
    ("tool result", of_tools(lambda tool: tool.result)),
    ("tool error", of_tools(lambda tool: tool.error)),
    ("final answer", lambda trace: told([trace]).final_output is not None),
)


def traces_of(file: Path) -> tuple[Trace, ...]:
    """Return the traces of a file that anybody's agent, model or tool speaks in."""
    found = folded(read_spans(file).spans)
    return tuple(trace for trace in found if trace.agents or trace.model_calls or trace.tool_calls)


def page() -> str:
    """Return the page as it should be."""
    files = sorted(SPANS.glob("*.jsonl"))
    names = {file: file.name.partition(".")[0] for file in files}
    lines = [f"| spans | {' | '.join(name for name, _ in FACTS)} |", f"|---|{'---|' * len(FACTS)}"]
    broken = list[str]()
    for file in files:
        traces = traces_of(file)
        if any(mark in names[file] for mark in HAZARDOUS):
            broken.extend(f"| `{names[file]}` | {line} |" for line in check(traces))
        else:
            marks = ("✓" if any(has(trace) for trace in traces) else "·" for _, has in FACTS)
            lines.append(f"| `{names[file]}` | {' | '.join(marks)} |")
    return HEAD + "\n".join(lines) + "\n" + MISSING + "\n".join(broken) + "\n"


def main() -> int:
    """Write the page, or with `--check` compare it."""
    if "--check" in sys.argv[1:]:
        current = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page()
        print("current" if current else f"{PAGE.relative_to(ROOT)} is old: run python scripts/dialect_table.py")
        return 0 if current else 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
