"""A `SKILL.md`: read as the Agent Skills format has it, and written anew with another description or body.

What else its front matter says stays as it is, byte for byte. What is written is read back before it counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from typing import TypeAlias, cast

import yaml

from spanwright.errors import UsageError

FILE = "SKILL.md"
LONGEST_DESCRIPTION = 1_024
"""Characters that the format allows, and every client that reads it."""

_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(?P<front>.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_LONGEST_NAME = 64
_WIDTH = 100
"""Of the lines that a folded description is broken into."""
_KEY = "description"

_Tree: TypeAlias = "str | list[_Tree] | list[tuple[_Tree, _Tree]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillFile:
    """A `SKILL.md` and what it says."""

    path: Path
    content: bytes = field(repr=False)
    name: str
    description: str
    body: str
    """Without the white space around it."""

    @classmethod
    def read(cls, path: Path, content: bytes) -> "SkillFile":
        """Read a file's content. Raises UsageError for what is no skill."""
        text, front = _parted(path, content)
        nodes = _nodes(path, front["front"])
        said = {key: _said(nodes, key, path) for key in ("name", _KEY)}
        name = said["name"] or path.parent.name
        if name != path.parent.name or not _NAME.fullmatch(name) or name != name.lower() or len(name) > _LONGEST_NAME:
            raise UsageError(
                f"{path} is the skill {name!r}",
                f"Name it as its folder: lower-case letters, digits and single hyphens, at most {_LONGEST_NAME}",
            )
        description = (said[_KEY] or "").strip()
        if not description or len(description) > LONGEST_DESCRIPTION:
            raise UsageError(
                f"the description in {path} has {len(description)} characters",
                f"Say in 1 to {LONGEST_DESCRIPTION:,} characters what the skill does and when to use it",
            )
        return cls(path=path, content=content, name=name, description=description, body=_body(text, front))

    def rewritten(self, description: str, body: str) -> bytes | None:
        """Return the file's content with these texts; None where it cannot be read back exactly."""
        text, front = _parted(self.path, self.content)
        start, end = front.span("front")
        for yaml_text in [front["front"]] if description == self.description else self._fronts(description):
            head = f"{text[:start]}{yaml_text}{text[end : front.end()]}"
            made = _encoded(head + self._tail(text[front.end() :], body))
            if made is not None and self._says(made, description, body):
                return made
        return None

    def line(self, *, body: bool) -> int:
        """Return the line on which the description or the body begins."""
        text, front = _parted(self.path, self.content)
        if body:
            rest = text[front.end() :]
            return text.count("\n", 0, front.end() + len(rest) - len(rest.lstrip())) + 1
        node = _nodes(self.path, front["front"])[_KEY]
        return text.count("\n", 0, front.start("front") + node.start_mark.index) + 1

    def _fronts(self, description: str) -> Iterator[str]:
        """Yield front matter with another description, in the manner of the old one first."""
        _, found = _parted(self.path, self.content)
        front = found["front"]
        node = _nodes(self.path, front)[_KEY]
        start, end = node.start_mark.index, node.end_mark.index
        newline = "\r\n" if "\r\n" in front else "\n"
        for scalar in _scalars(node, front[start:end], description):
            yield front[:start] + scalar.replace("\n", newline) + front[end:]

    def _tail(self, rest: str, body: str) -> str:
        if body == self.body:
            return rest
        old = rest.strip()
        newline = "\r\n" if b"\r\n" in self.content else "\n"
        new = body.replace("\n", newline)
        if not old:
            return f"{newline}{new}{newline}"
        at = rest.index(old)
        return f"{rest[:at]}{new}{rest[at + len(old) :]}"

    def _says(self, content: bytes, description: str, body: str) -> bool:
        """Return whether a content says these texts, and all else as before."""
        try:
            read = SkillFile.read(self.path, content)
        except UsageError:
            return False
        (_, old), (_, new) = _parted(self.path, self.content), _parted(self.path, content)
        before, after = _meaning(old["front"]), _meaning(new["front"])
        return (read.description, read.body) == (description, body) and before == after


def _parted(path: Path, content: bytes) -> tuple[str, re.Match[str]]:
    """Return the text of a file, and the front matter in it."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8: {error.reason} at byte {error.start}", "Save it as UTF-8") from error
    found = _FRONT.match(text)
    if found is None:
        raise UsageError(
            f"{path} has no front matter", "Begin it with a line ---, the name and the description, and a line ---"
        )
    return text, found


def _body(text: str, front: re.Match[str]) -> str:
    return text[front.end() :].replace("\r\n", "\n").strip()


def _nodes(path: Path, front: str) -> dict[str, yaml.Node]:
    """Return the values of a front matter by their keys, with the places where they stand."""
    try:
        tree = _composed(front)
    except yaml.YAMLError as error:
        raise UsageError(f"the front matter of {path} is no YAML: {' '.join(str(error).split())}", "Mend it") from error
    pairs = cast("list[tuple[yaml.Node, yaml.Node]]", tree.value) if isinstance(tree, yaml.MappingNode) else []
    keys = [str(key.value) for key, _ in pairs]
    if len(set(keys)) < len(keys) or _KEY not in keys:
        raise UsageError(
            f"the front matter of {path} has the keys {', '.join(keys) or 'of nothing'}",
            "Give it a name and a description, and each key once",
        )
    return dict(zip(keys, (value for _, value in pairs), strict=True))


def _said(nodes: dict[str, yaml.Node], key: str, path: Path) -> str | None:
    node = nodes.get(key)
    if node is None:
        return None
    if not isinstance(node, yaml.ScalarNode):
        raise UsageError(f"the {key} in {path} is no text", "Write it as one")
    return str(node.value)


def _meaning(front: str) -> list[tuple[_Tree, _Tree]]:
    """Return all that a front matter says but for the description."""
    tree = _tree(_composed(front))
    return [each for each in cast("list[tuple[_Tree, _Tree]]", tree) if each[0] != _KEY]


def _composed(front: str) -> object:
    return cast("object", yaml.compose(front, Loader=yaml.SafeLoader))  # pyright: ignore[reportUnknownMemberType]


def _tree(node: object) -> _Tree:
    if isinstance(node, yaml.MappingNode):
        return [(_tree(key), _tree(value)) for key, value in cast("list[tuple[object, object]]", node.value)]
    if isinstance(node, yaml.SequenceNode):
        return [_tree(each) for each in cast("list[object]", node.value)]
    return str(cast("yaml.ScalarNode", node).value)


def _scalars(node: yaml.Node, old: str, text: str) -> Iterator[str]:
    """Yield ways to write a text in YAML, the old one's first."""
    style = cast("str | None", cast("yaml.ScalarNode", node).style)
    if style in ("|", ">"):
        yield from _block(style, old, text)
    elif "\n" not in text and style == "'":
        yield "'" + text.replace("'", "''") + "'"
    elif "\n" not in text and style is None:
        yield text
    # A block ends with its last line, anything else before the end of one.
    yield '"' + "".join(map(_escaped, text)) + ('"\n' if style in ("|", ">") else '"')


def _block(style: str, old: str, text: str) -> Iterator[str]:
    """Yield a block below its key, indented as the old one."""
    head, _, below = old.partition("\n")
    first = next((line for line in below.splitlines() if line.strip()), "  ")
    indent = first[: len(first) - len(first.lstrip())]
    lines = text.split("\n")
    if style == ">":
        folded = ["\n".join(wrap(line, _WIDTH, break_long_words=False, break_on_hyphens=False)) for line in lines]
        lines = "\n\n".join(folded).split("\n")
    body = "".join(f"{indent}{line}\n" if line else "\n" for line in lines)
    yield f"{head.rstrip()}\n{body}"


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    number = ord(letter)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _encoded(text: str) -> bytes | None:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return None
