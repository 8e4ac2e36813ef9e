"""What a user handed over, as text: the inputs of cases are of any kind."""

from pydantic_core import PydanticSerializationError, to_json


def as_text(value: object) -> str:
    """Return a text as it is, else JSON, and what cannot be JSON as Python writes it."""
    if isinstance(value, str):
        return value
    try:
        return to_json(value, fallback=repr).decode()
    except (PydanticSerializationError, ValueError):
        return repr(value)
