"""The public door: what is listed is what is there, and every name is explained."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import spanwright


def test_the_door_lists_exactly_what_can_be_had_there() -> None:
    imports = [node for node in ast.walk(ast.parse(_door())) if isinstance(node, ast.ImportFrom)]
    typed = {name.name for node in imports if (node.module or "").startswith("spanwright") for name in node.names}

    assert set(spanwright.__all__) == set(dir(spanwright)) == typed
    assert len(spanwright.__all__) == len(set(spanwright.__all__))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'optimise'"):
        spanwright.optimise  # pyright: ignore[reportAttributeAccessIssue]  # noqa: B018


def _door() -> str:
    return Path(spanwright.__file__).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", spanwright.__all__)
def test_every_public_name_has_a_docstring(name: str) -> None:
    thing = getattr(spanwright, name)

    if callable(thing) and hasattr(thing, "__doc__") and (inspect.isclass(thing) or inspect.isfunction(thing)):
        assert thing.__doc__
        assert not thing.__doc__.startswith(f"{name}("), "dataclasses write such a line where nobody wrote a docstring"
    else:
        assert re.search(rf'\n{name}\b.*= .*\n(?:    .*\n|\)\n)*"""', _source_of(name)), (
            f"nothing below {name} explains it"
        )


def _source_of(name: str) -> str:
    """Return the source of the module that defines a constant or an alias of the public door."""
    rooms = Path(spanwright.__file__).parent
    defined = re.compile(rf"^{name}\b(: \S+)? = ", re.MULTILINE)
    return next(text for path in rooms.rglob("*.py") if defined.search(text := path.read_text(encoding="utf-8")))
