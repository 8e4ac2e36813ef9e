"""The user's source files by path and by module, each read once; and what names in them stand for."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import libcst as cst

from spanwright.source.assigning import assignments
from spanwright.source.constants import meaning
from spanwright.source.files import SourceFile

_FARTHEST = 8
"""Names that stand for names that stand for names: nobody goes farther, but a circle would."""


@dataclass(frozen=True, eq=False)
class Library:
    """The files that may be written."""

    files: Mapping[Path, SourceFile]

    @cached_property
    def modules(self) -> Mapping[str, SourceFile]:
        """The files by the name of their module."""
        return {file.name: file for file in self.files.values()}

    def among(self, paths: Sequence[Path]) -> Iterator[SourceFile]:
        """Yield those of some files that may be written."""
        found = (self.files.get(path) for path in dict.fromkeys(paths))
        return (file for file in found if file is not None and not file.problem)

    def importing(self, module: str, name: str, paths: Sequence[Path]) -> Iterator[SourceFile]:
        """Yield those of some files that may be written and import a module, or this name of it.

        Only they are read as source that can be given back, which takes long for the files of a large program.
        """
        sought = module.encode(), name.encode()
        likely = [
            path for path in paths if path in self.files and all(part in self.files[path].content for part in sought)
        ]
        wanted = {(module, name), (module, "")}
        return self.among([path for path in likely if any(each[:2] in wanted for each in _imports(self.files[path]))])

    def resolved(
        self, node: cst.BaseExpression, file: SourceFile, depth: int = 0
    ) -> "tuple[cst.BaseExpression, SourceFile] | None":
        """Return the expression that means a text for which another one stands, and where it is written."""
        if meaning(node) is not None:
            return node, file
        if depth > _FARTHEST:
            return None
        if isinstance(node, cst.Name):
            values = list(_assigned(file.tree.body, node.value))
            if values:
                return self.resolved(values[0], file, depth + 1) if len(values) == 1 else None
            return self._imported(node.value, file, depth)
        if isinstance(node, cst.Attribute) and isinstance(node.value, cst.Name):
            return self._attribute(node.value.value, node.attr.value, file, depth)
        return None

    def readers(self, node: cst.BaseExpression, file: SourceFile) -> Sequence[str]:
        """Return the places that read the constant whose value is `node`; none for an expression without a name."""
        name = next(
            (name for name, value in _constants(file.tree.body) if value is node),
            None,
        )
        if name is None:
            return ()
        found = [f"{file.path.name}:{line}" for line in file_loads(file, name)]
        module = file.name.rpartition(".")[2]
        for other in self.files.values():
            if other is file or name.encode() not in other.content:
                continue
            for local in _locally(other, name, module):
                found.extend(f"{other.path.name}:{line}" for line in file_loads(other, local))
        return found

    def calls(self, module: str, name: str, file: SourceFile) -> Iterator[cst.Call]:
        """Yield the calls of a module's function in a file, whatever the file calls it."""
        imports = list(_imports(file))
        names = {local for source, original, local in imports if (source, original) == (module, name)}
        modules = {local for source, original, local in imports if (source, original) == (module, "")}
        for call in file.found(cst.Call) if names or modules else ():
            match call.func:
                case cst.Name(value=local):
                    ours = local in names
                case cst.Attribute(value=cst.Name(value=local), attr=cst.Name(value=attribute)):
                    ours = local in modules and attribute == name
                case _:
                    ours = False
            if ours:
                yield call

    def _imported(self, name: str, file: SourceFile, depth: int) -> "tuple[cst.BaseExpression, SourceFile] | None":
        for module, original, local in _imports(file):
            if local == name and (source := self.modules.get(module)) is not None:
                return self.resolved(cst.Name(original), source, depth + 1)
        return None

    def _attribute(
        self, base: str, attribute: str, file: SourceFile, depth: int
    ) -> "tuple[cst.BaseExpression, SourceFile] | None":
        for statement in file.tree.body:
            if isinstance(statement, cst.ClassDef) and statement.name.value == base:
                values = list(_assigned(statement.body.body, attribute))
                return self.resolved(values[0], file, depth + 1) if len(values) == 1 else None
        for module, original, local in _imports(file):
            if local != base:
                continue
            source = self.modules.get(f"{module}.{original}" if original and module else original or module)
            if source is not None:
                return self.resolved(cst.Name(attribute), source, depth + 1)
            if (source := self.modules.get(module)) is not None:
                return self._attribute(original, attribute, source, depth + 1)
        return None


def file_loads(file: SourceFile, name: str) -> Sequence[int]:
    """Return the lines in which a file reads a name, or an attribute of that name."""
    return [line for (loaded, line), times in _loads(file).items() if loaded == name for _ in range(times)]


def _loads(file: SourceFile) -> Counter[tuple[str, int]]:
    loads: Counter[tuple[str, int]] = Counter()
    for node in ast.walk(ast.parse(file.content)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            loads[node.id, node.lineno] += 1
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            loads[node.attr, node.lineno] += 1
    return loads


def _locally(file: SourceFile, name: str, module: str) -> Iterator[str]:
    """Yield what a file calls the name of another module."""
    for source, original, local in _imports(file):
        if original == name and source.rpartition(".")[2] == module:
            yield local
        elif module in {local, original}:
            yield name


def _imports(file: SourceFile) -> Iterator[tuple[str, str, str]]:
    """Yield the module, the name in it and the name here of all that a file imports; "" is the module itself."""
    try:
        tree = ast.parse(file.content)
    except (
        SyntaxError,
        ValueError,
    ):  # it changed after it was imported: `problem` says so of a file that is to be written
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = _absolute(file, node.module or "", node.level)
            yield from ((module, alias.name, alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "", alias.asname or alias.name.split(".", 1)[0]) for alias in node.names)


def _absolute(file: SourceFile, module: str, level: int) -> str:
    if not level:
        return module
    parts = file.name.split(".")
    is_package = file.path.name == "__init__.py"
    parts = parts[: len(parts) - level + is_package]
    return ".".join([*parts, *([module] if module else [])])


def _assigned(body: Sequence[cst.CSTNode], name: str) -> Iterator[cst.BaseExpression]:
    return (value for constant, value in _constants(body) if constant == name)


def _constants(body: Sequence[cst.CSTNode]) -> Iterator[tuple[str, cst.BaseExpression]]:
    """Yield the names that are assigned to in a body, and what is assigned."""
    for statement in body:
        if isinstance(statement, cst.SimpleStatementLine):
            yield from assignments(statement)
