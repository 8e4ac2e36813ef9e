"""`text`: texts of the user's own code as components. They are found in the source before anything runs.

A rollout wears its candidate's text; everything else gets a champion's, or the default. What a key's default is, is
read where `text` is called in the user's loaded modules: a literal, or a name of the module that stands for one. What
only code knows, such as a key that is put together, is never a component.
"""

import ast
import linecache
import re
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from spanwright.core.candidate import Component, ComponentId, Kind
from spanwright.errors import UsageError
from spanwright.subject.crowning import NOBODY, crowned_text
from spanwright.subject.own_files import own_modules
from spanwright.subject.wearing import Preview, worn
from spanwright.telemetry import mark_text

_DOOR = "spanwright"
_IMPORTED = re.compile(
    r"\bfrom\s+spanwright\s+import\s*(?:\((?P<listed>(?:[^)#]|#[^\n]*)*)|(?P<named>(?:[^\n\\(]|\\\n)*))"
    r"|(?P<whole>\bimport\b(?:[^\n\\]|\\\n)*\bspanwright\b)"
)
"""An import that may bring `text`. To look for one is a hundred times faster than to parse a file that has none."""
_REMEMBERED = 1024
"""Files whose calls of `text` are remembered: every run asks again, and files seldom change."""
_REACH = "Read by the program's own code wherever it asks for it. Cannot change code, tools, names or types."


def text(key: str, default: str) -> str:
    """Return the text of a component of your own code: the candidate's in a rollout, a champion's, or else `default`.

    It can stand anywhere that runs in a rollout: in a plain function, a tool, a prompt's builder. `key` is a name, or
    `agent/name` for a text that belongs to one agent. Write both as literals (the default may be a module's constant):
    `optimize` and `spanwright components` find them in the source of loaded modules, before the first rollout.
    """
    what, id = worn(), id_of(key)
    if isinstance(what, Preview):
        return default
    found = None if what is None else what.texts.get(id)
    if found is not None:
        mark_text(id)
        return found
    champion = crowned_text(id)
    return default if champion is None else champion


def id_of(key: str) -> ComponentId:
    """Return the id of the component that a key means."""
    return key if "/" in key else f"{NOBODY}/{key}"


def texts_in_code(agents: Collection[str]) -> tuple[Component, ...]:
    """Return the texts that the user's loaded modules ask for, but for those of other agents.

    Raises UsageError for a key that has two defaults.
    """
    found: dict[ComponentId, _Asked] = {}
    for asked in _asked():
        if asked.id.partition("/")[0] not in {NOBODY, *agents}:
            continue
        first = found.setdefault(asked.id, asked)
        if first.default != asked.default:
            raise UsageError(
                f"the text {asked.id!r} has two defaults, at {first.place} and at {asked.place}",
                "Give both the same one, best a constant, or one of them another key",
            )
    return tuple(
        Component(
            id=each.id,
            kind=Kind.TEXT,
            agent=each.id.partition("/")[0],
            text=each.default or "",
            dynamic=each.default is None,
            reach=_REACH,
        )
        for each in found.values()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A call of `text` in a file."""

    id: ComponentId
    default: str | None
    """None where code makes it."""
    place: str


def _asked() -> Iterator[_Asked]:
    seen: set[Path] = set()
    for name, path in own_modules():
        if path in seen:
            continue
        seen.add(path)
        linecache.checkcache(str(path))
        for call in _calls("".join(linecache.getlines(str(path)))):
            given = {"key": call.args[0:1], "default": call.args[1:2]}
            for keyword in call.keywords:
                given.setdefault(keyword.arg or "", []).append(keyword.value)
            key, default = (_meant(given[each], name) for each in ("key", "default"))
            if key is not None:
                yield _Asked(id=id_of(key), default=default, place=f"{path.name}:{call.lineno}")


@lru_cache(maxsize=_REMEMBERED)
def _calls(source: str) -> tuple[ast.Call, ...]:
    """Return the calls of our function in a file."""
    if not any(_may_bring_text(found) for found in _IMPORTED.finditer(source)):
        return ()
    tree = ast.parse(source)
    called = set(_names_of_text(tree))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call)) if called else ()
    return tuple(call for call in calls if ast.unparse(call.func) in called)


def _may_bring_text(found: re.Match[str]) -> bool:
    return found["whole"] is not None or "text" in (found["listed"] or found["named"] or "")


def _names_of_text(tree: ast.Module) -> Iterator[str]:
    """Yield what a module calls our function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == _DOOR:
            yield from (alias.asname or alias.name for alias in node.names if alias.name == "text")
        elif isinstance(node, ast.Import):
            yield from (f"{alias.asname or _DOOR}.text" for alias in node.names if alias.name == _DOOR)


def _meant(given: list[ast.expr], module: str) -> str | None:
    """Return the text that an argument is: a literal, or what a name of its module stands for."""
    if not given:
        return None
    node, path = given[0], list[str]()
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    while isinstance(node, ast.Attribute):
        path.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    value: object = sys.modules[module]
    for step in (node.id, *path):
        value = getattr(value, step, None)
    return value if isinstance(value, str) else None
