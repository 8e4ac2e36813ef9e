"""The source of a class or function, reduced to what can change its behaviour: without comments and blank lines."""

import inspect
import io
import textwrap
import tokenize
from types import FunctionType


def source_of(code: type | FunctionType) -> str:
    """Return the reduced source, or the module and the name where there is none (made at run time, compiled)."""
    try:
        return _reduced(textwrap.dedent(inspect.getsource(code)))
    except (OSError, TypeError):
        return f"{code.__module__}.{code.__qualname__}"


def _reduced(source: str) -> str:
    lines = source.splitlines()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column]
    except (tokenize.TokenError, SyntaxError):
        pass  # a lambda's source is cut out of the middle of an expression: it stays as it is written
    return "\n".join(line.rstrip() for line in lines if line.strip())
