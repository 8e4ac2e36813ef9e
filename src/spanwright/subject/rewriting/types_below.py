"""The classes that are named in annotations, those of their fields included: whose texts a schema is made of."""

from collections.abc import Iterator
from enum import Enum
from inspect import get_annotations
from typing import cast, get_args, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_ai.output import NativeOutput, PromptedOutput, ToolOutput
from typing_extensions import get_original_bases, is_typeddict


def hints_of(thing: object) -> dict[str, object]:
    """Return the annotations of a function or a class; none where they cannot be resolved."""
    try:
        return get_type_hints(thing, include_extras=True)
    except (NameError, TypeError, AttributeError):
        return {}


def classes_below(annotation: object) -> tuple[type, ...]:
    """Return the classes with fields, and the enums, that an annotation reaches."""
    return tuple(dict.fromkeys(_below(annotation, set())))


def _below(annotation: object, seen: set[int]) -> Iterator[type]:
    if id(annotation) in seen:
        return
    seen.add(id(annotation))
    if isinstance(annotation, list | tuple):
        for each in annotation:  # pyright: ignore[reportUnknownVariableType]
            yield from _below(each, seen)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(annotation, ToolOutput | NativeOutput | PromptedOutput):
        marked = vars(cast("object", annotation))
        yield from _below(marked.get("output") or marked.get("outputs"), seen)
    elif isinstance(annotation, type) and has_texts(annotation):
        yield annotation
        for hint in hints_of(cast("object", annotation)).values():
            yield from _below(hint, seen)
    elif value := getattr(annotation, "__value__", None):  # `type Pair = tuple[A, B]`
        yield from _below(value, seen)
    else:
        for argument in get_args(annotation):
            yield from _below(argument, seen)


def has_texts(cls: type) -> bool:
    """Return whether a schema of a class has texts that are written in it."""
    return is_typeddict(cls) or hasattr(cls, "__dataclass_fields__") or issubclass(cls, BaseModel | Enum)


def field_named(cls: type, name: str) -> str | None:
    """Return the name in the code of the field that a schema calls `name`."""
    typed = hints_of(cls)
    if issubclass(cls, BaseModel):
        named = cls.model_fields.items()
        return next((key for key, info in named if name in (key, info.alias, info.validation_alias)), None)
    return name if name in typed else None


def owner_of(cls: type, field: str) -> type | None:
    """Return the class in which a field is written: the class or one that it inherits from."""
    bases: tuple[type, ...] = get_original_bases(cls) if is_typeddict(cls) else ()
    for each in bases:  # a TypedDict has all annotations, inherited ones, too, and no other TypedDict in its `__mro__`
        if is_typeddict(each) and field in get_annotations(each):
            return owner_of(each, field)
    return next((each for each in cls.__mro__ if field in get_annotations(each)), None)


def describes(annotation: object, default: object = None) -> bool:
    """Return whether an annotation or a default value says what a parameter is."""
    metadata = getattr(annotation, "__metadata__", ())
    return any(isinstance(each, FieldInfo) and each.description for each in (*metadata, default))
