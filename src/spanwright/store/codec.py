"""Values to JSON and back, without a loss: by pydantic, or by Python's own encoder where text is no valid Unicode."""

import json
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

T = TypeVar("T")


def encode(adapter: TypeAdapter[T], value: T) -> bytes:
    """Return `value` as JSON in UTF-8."""
    try:
        return adapter.dump_json(value)
    except PydanticSerializationError:
        # A lone surrogate, half of an emoji that a model's token limit cut in two, is no UTF-8; JSON can escape it.
        return json.dumps(adapter.dump_python(value, mode="json")).encode()


def decode(adapter: TypeAdapter[T], raw: bytes) -> T:
    """Return the value that was encoded. Raises ValidationError."""
    try:
        return adapter.validate_json(raw)
    except ValidationError:
        if b"\\ud" not in raw:
            raise
        return adapter.validate_python(json.loads(raw))
