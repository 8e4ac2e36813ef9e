"""The types of the public door: pinned for type checkers, and free of `Any`."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_args, get_overloads, get_type_hints

import pytest

import spanwright

PINNED = Path(__file__).with_name("typing.py")


def test_a_type_checker_sees_what_typing_py_pins() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, PINNED],
        cwd=PINNED.parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "0 errors" in checked.stdout, checked.stdout + checked.stderr


def public_signatures() -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield what a user can call or build: functions with their overloads, methods, and the fields of records."""
    for name in spanwright.__all__:
        thing = getattr(spanwright, name)
        if isinstance(thing, type):
            if is_dataclass(thing):
                yield name, thing
            for method, found in vars(thing).items():
                function = getattr(found, "fget", getattr(found, "__func__", found))
                if callable(function) and not method.startswith("_"):
                    yield f"{name}.{method}", function
        elif callable(thing) and hasattr(thing, "__module__") and hasattr(thing, "__annotations__"):
            yield name, thing
            yield from ((f"{name} (overload)", overload) for overload in get_overloads(thing))


def mentions_any(hint: object) -> bool:
    return hint is Any or any(
        mentions_any(each) for each in (*get_args(hint), *(hint if isinstance(hint, list | tuple) else ()))
    )


@pytest.mark.parametrize(("name", "signature"), [pytest.param(*pair, id=pair[0]) for pair in public_signatures()])
def test_no_public_signature_says_any(name: str, signature: Callable[..., object]) -> None:
    hints = get_type_hints(signature)

    assert [] == [place for place, hint in hints.items() if mentions_any(hint)], name
