"""Placeholders: the parts of a text that the program fills in at run time, and that every new text must keep."""

import re

_PLACEHOLDER = re.compile(
    r"\{\{\s*[A-Za-z_][\w.]*\s*\}\}"  # {{name}}
    r"|(?<!\{)\{[A-Za-z_][\w.]*(?:![rsa])?(?::[^{}\n]{0,20})?\}(?!\})"  # {name}, {amount:.2f}
    r"|\$\{[A-Za-z_]\w*\}"  # ${name}
    r"|%\([A-Za-z_]\w*\)[sdrf]"  # %(name)s
    r"|<(?!(?:br|hr)\b)[A-Za-z_][\w-]*\s*/>"  # <name/>
)
_LATEX = re.compile(r"\\[A-Za-z]+(?:\{[^{}\n]*\})+")
_SPACE = re.compile(r"\s+")


def placeholders(text: str) -> tuple[str, ...]:
    """Return the placeholders in `text`, each once, in the order of their first appearance."""
    return tuple(dict.fromkeys(_SPACE.sub("", found) for found in _PLACEHOLDER.findall(_LATEX.sub("", text))))
