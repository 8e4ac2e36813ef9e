"""Code, data and documents that come back from a model: whole and unharmed, without what was wrapped around them.

Their white space, quotes and braces are theirs. Only a fence that the current text does not have is the model's own.
"""

import json
import re

from spanwright.reflection.evidence import clean
from spanwright.reflection.fences import blocks

_MOST_AROUND = 0.2
"""The length of what stands around the only fence, as a part of what is in it, up to which it is talk."""
_A_SENTENCE = 120
"""Characters that may stand around a short text, if it is no shorter itself."""
_ELIDED = re.compile(
    r"^@@ -\d+"
    r"|^[ \t]*(?:#|//|--|;|%|/\*|<!--)[ \t]*(?:\.\.\.|…)?[ \t]*[(\[<]?[ \t]*(?:the[ \t]+)?"
    r"(?:rest|remaining|remainder|existing|previous|other)\b[^\n]{0,60}"
    r"\b(?:unchanged|omitted|as before|the same|here|above|code|of the (?:file|program|function))\b",
    re.MULTILINE | re.IGNORECASE,
)


def whole_artifact(said: str, parent: str) -> str:
    """Return the text that a model meant: out of its fence, its line breaks real, its end as the parent's."""
    text = clean(said).strip("\n")
    if not blocks(parent):
        found = blocks(text)
        if len(found) == 1 and _around(text, found[0]) <= _talk(found[0]):
            text = found[0].strip("\n")
    if "\n" not in text and text.count("\\n") > 1 and not _is_json(text):
        text = text.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')
    ends = "\n" if parent.endswith("\n") or ("\n" in text and not parent.strip()) else ""
    return f"{text.rstrip()}{ends}" if text.strip() else ""


def elides(text: str) -> bool:
    """Return whether a text says in a comment that something is left out, or is a patch."""
    return _ELIDED.search(text) is not None


def _talk(inside: str) -> float:
    return max(_MOST_AROUND * len(inside), min(len(inside), _A_SENTENCE))


def _around(text: str, inside: str) -> int:
    """Return how many characters stand around the one fence, its own two lines aside."""
    before, _, after = text.partition(f"\n{inside}\n")
    return len("\n".join([*before.split("\n")[:-1], *after.split("\n")[1:]]).strip())


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
