"""How a program is found again in a process of its own: the module that holds it, and its name there."""

import linecache
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import decode_source, module_from_spec, spec_from_file_location
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from pydantic_ai.agent import AbstractAgent

from spanwright.errors import UsageError
from spanwright.subject.optimizable import definition_of
from spanwright.subject.own_files import file_of, is_own

_MAIN = "__main__"
_ITS_NAME = "__spanwright_main__"
"""What `__main__` is called when it is imported, so that it does not do what it does as a program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A module and a name in it."""

    module: str
    name: str
    file: str = ""
    """Of a module that was started as a program."""

    def load(self) -> object:
        """Import the module and return what is meant."""
        return attrgetter(self.name)(_main(self.file) if self.file else import_module(self.module))


def reach_of(subject: object) -> Reach:
    """Return how to reach an agent, a factory or a program. Raises UsageError where no module has it."""
    for name, module in list(sys.modules.items()):
        path = file_of(module)
        if path is None or not is_own(path):
            continue
        for key, value in list(vars(module).items()):
            if value is subject:
                return Reach(module=name, name=key, file=str(path) if name == _MAIN else "")
    raise UsageError(
        "no module of yours has what is to be written back under a name of its own",
        "Assign the agent, or the function that makes it, at the top level of a module",
    )


def agents_in(subject: object) -> tuple[AbstractAgent[Any, Any], ...]:
    """Return the agents of an agent, a factory or a program. Raises UsageError for anything else."""
    if isinstance(subject, AbstractAgent):
        return (cast("AbstractAgent[Any, Any]", subject),)
    definition = definition_of(subject) if callable(subject) else None
    if definition is None:
        raise UsageError(f"{subject!r} is no agent and not decorated with optimizable", "Name an agent or a program")
    if definition.kind == "factory":
        return (cast("Callable[[], AbstractAgent[Any, Any]]", subject)(), *definition.agents)
    return definition.agents


def variables_of(agent: AbstractAgent[Any, Any]) -> tuple[str, ...]:
    """Return the names that the user's modules have for an agent."""
    found = [
        key
        for module in list(sys.modules.values())
        if (path := file_of(module)) is not None and is_own(path)
        for key, value in list(vars(module).items())
        if value is agent
    ]
    return tuple(dict.fromkeys(found))


def homes_of(agent: AbstractAgent[Any, Any], subject: object, reach: Reach) -> tuple[Path, ...]:
    """Return the files that define an agent: the one by which it is reached, and those that have it under a name."""
    found: list[Path] = []
    code = getattr(getattr(subject, "__wrapped__", subject), "__code__", None)
    if code is not None:
        found.append(Path(code.co_filename).resolve())
    for module in list(sys.modules.values()):
        path = file_of(module)
        if path is not None and is_own(path) and any(value is agent for value in list(vars(module).values())):
            found.append(path)
    own = file_of(sys.modules.get(_ITS_NAME if reach.file else reach.module))
    return tuple(dict.fromkeys([*([own] if own else []), *found]))


def other_agents(agents: Sequence[AbstractAgent[Any, Any]]) -> Iterator[tuple[str, AbstractAgent[Any, Any]]]:
    """Yield the agents of the user's modules but for these, with a name for each."""
    seen = {id(agent) for agent in agents}
    for name, module in sorted(sys.modules.items()):
        path = file_of(module)
        for key, value in sorted(vars(module).items()) if path is not None and is_own(path) else ():
            if isinstance(value, AbstractAgent) and id(value) not in seen:  # pyright: ignore[reportUnknownArgumentType]
                seen.add(id(value))  # pyright: ignore[reportUnknownArgumentType]
                yield f"{name}:{key}", cast("AbstractAgent[Any, Any]", value)


@contextmanager
def overlaid(files: Mapping[Path, bytes]) -> Generator[None]:
    """Import modules inside the block as if files had another content. Nothing is written, bytecode neither."""
    finder = _Overlay(files)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for path in files:
            linecache.cache.pop(str(path), None)


class _Overlay:
    """A finder that hands out other contents for some files, and leaves all others to those after it."""

    def __init__(self, files: Mapping[Path, bytes]) -> None:
        self._files = files

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module that has another content."""
        for finder in sys.meta_path:
            if finder is self:
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return self.covered(spec)
        return None

    def covered(self, spec: ModuleSpec) -> ModuleSpec | None:
        """Return a spec with another loader if its file has another content, None if it has not."""
        origin = Path(spec.origin).resolve() if spec.has_location and spec.origin else None
        if origin is None or origin not in self._files:
            return None
        spec.loader = _Loader(spec.name, str(spec.origin), self._files[origin])
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, content: bytes) -> None:
        super().__init__(name, path)
        self._content = content

    def path_stats(self, path: str) -> Mapping[str, object]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Have no time stamp, so that no bytecode is looked for or kept."""
        raise OSError

    def get_data(self, path: str) -> bytes:
        """Return the other content, and let `inspect` see it, too: pydantic reads the docs of fields that way."""
        text = decode_source(self._content)
        linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
        return self._content


def _main(file: str) -> ModuleType:
    if (known := sys.modules.get(_ITS_NAME)) is not None:
        return known
    sys.path.insert(0, str(Path(file).parent))
    spec = spec_from_file_location(_ITS_NAME, file)
    if spec is None or spec.loader is None:
        raise UsageError(f"{file} cannot be imported", "Start it as a module: python -m MODULE")
    for finder in sys.meta_path:
        if isinstance(finder, _Overlay):
            finder.covered(spec)
    module = module_from_spec(spec)
    sys.modules[_ITS_NAME] = module
    spec.loader.exec_module(module)
    return module
