"""Write `tasks.jsonl` anew: `python -m spanwright_agents.repo_skills.make_tasks`.

Bugs are made by rules, each of which breaks one line of a function as people do; features come in four families, each
of which touches what has to be known in this repository. Which tests a task turns is found by running them, and a task
that proves nothing ends the script.
"""

import json
import re
import runpy
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from spanwright_agents.repo_skills.bench import TASKS, WHARF, read_repository
from spanwright_evaluators.repository import Repository, Task, diff, flaw

SPOTS: Final = Path(__file__).with_name("tasks.toml")

_RULES: Final[Mapping[str, tuple[str, str]]] = {
    "the comparison is off by one": (r" (<|>)(=?) ", ""),
    "the rounding is lost": (r" \+ 5_000\b", ""),
    "what is rounded up is rounded down": (r"-\(-(\S+) // (\S+?)\)(?=[,)\n])", r"\1 // \2"),
    "the absolute value is lost": (r"\babs\((.+?)\)(?=[,)\n])", r"\1"),
    "the case of letters counts": (r"\.upper\(\)", ""),
    "the order is turned": (r", reverse=True", ""),
    "the first come last": (r"(\[.+?\] \* \w+) \+ (\[.+?\] \* \(.+?\))", r"\2 + \1"),
    "the sign is turned": (r" \+ (?=\w+\))", " - "),
    "counting begins at one": (r"\b30 \* place\b", "30 * (place + 1)"),
    "counting begins at zero": (r"\brange\(1, ", "range(0, "),
    "the least is taken for the most": (r"\bmax\(", "min("),
    "the dearest come first": (r"lambda each: each", "lambda each: -each"),
}
"""An expression, and what is put in place of its first match in the lines of a function."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A task of which it is not known yet what tests it turns."""

    id: str
    issue: str
    breaks: str = ""
    mends: str = ""
    hidden: Mapping[str, str] | None = None


def make(repository: Repository) -> str:
    """Return the content of the file. Raises ValueError for a task that proves nothing."""
    spots = tomllib.loads(SPOTS.read_text(encoding="utf-8"))
    drafts = [*_bugs(repository, spots["bugs"]), *_features(repository, spots)]
    return "".join(f"{json.dumps(_task(repository, each))}\n" for each in drafts)


def _task(repository: Repository, draft: Draft) -> Mapping[str, object]:
    task = Task(id=draft.id, issue=draft.issue, breaks=draft.breaks, mends=draft.mends, hidden=draft.hidden or {})
    before = repository.tested(task.begins(repository), task.hidden)
    after = repository.tested(task.solved(repository), task.hidden)
    task = task.model_copy(update={"tests": tuple(sorted(after.passed - before.passed))})
    if why := flaw(repository, task):
        raise ValueError(f"the task {task.id!r} proves nothing: {why}")
    return {name: value for name, value in task.model_dump(mode="json").items() if value}


def _bugs(repository: Repository, spots: Sequence[Mapping[str, str]]) -> Iterator[Draft]:
    for spot in spots:
        path = spot["file"]
        broken = broken_by(spot["rule"], repository.files[path], spot["function"])
        patch = diff({path: repository.files[path]}, {path: broken})
        yield Draft(id=spot["id"], issue=spot["issue"], breaks=patch)


def broken_by(rule: str, text: str, function: str) -> str:
    """Return a module's text with one line of a function broken. Raises ValueError where the rule finds none."""
    start = re.search(rf"^( *)def {function}\(.*\n(?:\1    .*\n|\n)*", text, re.MULTILINE)
    if start is None:
        raise ValueError(f"there is no function {function!r}")
    expression, instead = _RULES[rule]
    body = start[0]
    head, code = _parted(body)
    broken = re.sub(expression, _compared if not instead and "(<|>)" in expression else instead, code, count=1)
    if broken == code:
        raise ValueError(f"{function!r} has nothing for the rule {rule!r}")
    return text.replace(body, head + broken)


def _parted(body: str) -> tuple[str, str]:
    """Return a function's head with its docstring, and its code."""
    end = re.match(r'.*\n(?:\s*""".*"""\n)?', body)
    at = end.end() if end is not None else 0
    return body[:at], body[at:]


def _compared(found: re.Match[str]) -> str:
    return f" {found[1]}{'' if found[2] else '='} "


def _features(repository: Repository, spots: Mapping[str, object]) -> Iterator[Draft]:
    families: Mapping[str, Callable[[Mapping[str, str], dict[str, str]], None]] = {
        "carriers": _carrier,
        "surcharges": _surcharge,
        "zones": _zone,
        "errors": _error,
    }
    for family, solve in families.items():
        told = cast("Mapping[str, str]", spots[family])
        for row in cast("Sequence[Mapping[str, str]]", spots[f"{family}_rows"]):
            values = {**row, "Name": row["name"].capitalize()}
            after = dict(repository.files)
            solve({**told, **values}, after)
            hidden = {f"checks/check_{values['id'].replace('-', '_')}.py": _filled(told["hidden"], values)}
            yield Draft(
                id=row["id"],
                issue=_filled(told["issue"], values).strip(),
                mends=diff(repository.files, after),
                hidden=hidden,
            )


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"<(\w+)>", lambda found: str(values[found[1]]), text)


def _carrier(row: Mapping[str, str], files: dict[str, str]) -> None:
    files[f"wharf/carriers/{row['name']}.py"] = _filled(row["solution"], row)
    index = "wharf/carriers/__init__.py"
    names = sorted(["air", "rail", "road", "sea", row["name"]])
    text = files[index].replace("import air, rail, road, sea", f"import {', '.join(names)}")
    rows = "".join(f"    {name}.NAME: {name},\n" for name in names)
    files[index] = re.sub(r"CARRIERS = \{\n.*?\}", f"CARRIERS = {{\n{rows}}}", text, flags=re.DOTALL)


def _surcharge(row: Mapping[str, str], files: dict[str, str]) -> None:
    path = "wharf/surcharges.py"
    text = files[path].replace("\n\nORDER = [", f"\n\n{_filled(row['solution'], row).strip()}\n\n\nORDER = [")
    files[path] = text.replace("    energy_surcharge,\n]", f"    energy_surcharge,\n    {row['name']}_surcharge,\n]")


def _zone(row: Mapping[str, str], files: dict[str, str]) -> None:
    """Change the source of the table, and make the table of it, as the repository's own script does."""
    lines = files["data/zones.csv"].splitlines()
    rows = [line for line in lines[1:] if not line.startswith(f"{row['code']},")]
    rows.append(f"{row['code']},{row['country']},{row['zone']}")
    files["data/zones.csv"] = "\n".join([lines[0], *sorted(rows)]) + "\n"
    made = cast("Callable[[str], str]", runpy.run_path(str(WHARF / "tools" / "make_zones.py"))["made"])
    files["wharf/zones_table.py"] = made(files["data/zones.csv"])


def _error(row: Mapping[str, str], files: dict[str, str]) -> None:
    place, path = row["known"], row["file"]
    declared = f'class {row["error"]}(WharfError):\n    """{row["says"]}"""\n\n    code = "{row["code"]}"\n'
    files["wharf/errors.py"] = f"{files['wharf/errors.py']}\n\n{declared}"
    both = ", ".join(sorted([place, row["error"]]))
    text = files[path].replace(f"from wharf.errors import {place}\n", f"from wharf.errors import {both}\n")
    files[path] = text.replace(row["before"], _filled(row["solution"], row) + row["before"])


if __name__ == "__main__":
    TASKS.write_text(make(read_repository()), encoding="utf-8")
