"""What a new text has to keep to, in words: its length, what must stay in it, and what the user demands beyond that."""

from collections.abc import Iterator

from spanwright.core.candidate import Component, Kind
from spanwright.core.guard import Guard
from spanwright.core.tokens import tokens
from spanwright.reflection.evidence import quoted
from spanwright.reflection.placeholders import placeholders
from spanwright.reflection.prose import entries, set_in


def limits(component: Component, text: str) -> str:
    """Return the limits for a new text of a component that has `text` now."""
    said = [f"At most {component.limit} characters; it has {len(text)} now."]
    required = placeholders(text)
    if required and component.kind is not Kind.ARTIFACT:  # braces of code are its own business
        said.append(f"These placeholders must stay: {', '.join(map(quoted, required))}.")
    if component.guard is not None:
        said += _demands(component.guard, text)
    return " ".join(said)


def _demands(guard: Guard, text: str) -> Iterator[str]:
    words = entries("limits")
    if guard.max_tokens is not None:
        most = guard.max_tokens
        numbers = {"most": str(most), "characters": str(4 * most), "now": str(tokens(text))}
        yield set_in(words["tokens"], numbers)
    if guard.keep:
        yield set_in(words["keep"], {"kept": ", ".join(map(quoted, guard.keep))})
    if guard.format is not None:
        yield words[guard.format]
    if guard.forbid:
        yield set_in(words["forbid"], {"patterns": ", ".join(map(quoted, guard.forbid))})
    if not guard.copies:
        yield words["copies"]
