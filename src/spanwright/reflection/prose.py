"""The prose of the prompts: the .md files beside this code, and how values are set into them."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_PLACE = re.compile(r"\{\{(\w+)\}\}")
_ENTRY = re.compile(r"^- ([^:\n]+): (.+)$", re.MULTILINE)


@cache
def prose(name: str) -> str:
    """Return the text of `prompts/<name>.md`."""
    return files("spanwright.reflection").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8").strip()


def filled(name: str, values: Mapping[str, str]) -> str:
    """Return the prose with each `{{place}}` replaced, in one pass: a value that looks like a place stays as it is."""
    return set_in(prose(name), values)


def set_in(template: str, values: Mapping[str, str]) -> str:
    """Return a template with each `{{place}}` replaced, as `filled` does."""
    return _PLACE.sub(lambda place: values[place[1]], template)


def places(template: str) -> set[str]:
    """Return the names of the places in a template."""
    return set(_PLACE.findall(template))


@cache
def entries(name: str) -> Mapping[str, str]:
    """Return the list entries `- name: text` of the prose."""
    return dict(_ENTRY.findall(prose(name)))
