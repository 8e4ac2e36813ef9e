"""Back into the source: new texts to the places in the user's code that the old ones came from, and nothing else.

Pure: sources and texts in, sources out. Who may have a text at run time, and whether a patched file then says what it
should, is for `subject` to find out.
"""

from spanwright.source.files import DEFAULT_LINE_LENGTH, SourceFile
from spanwright.source.finding import find
from spanwright.source.library import Library
from spanwright.source.patch import Change, Patch, patch
from spanwright.source.places import (
    Definition,
    InArgument,
    InClass,
    InDocstring,
    InField,
    InLiteral,
    InRegistration,
    InText,
    Nowhere,
    Place,
    Reader,
    Told,
)
from spanwright.source.spots import FunctionDocs, Spot

__all__ = [
    "DEFAULT_LINE_LENGTH",
    "Change",
    "Definition",
    "FunctionDocs",
    "InArgument",
    "InClass",
    "InDocstring",
    "InField",
    "InLiteral",
    "InRegistration",
    "InText",
    "Library",
    "Nowhere",
    "Patch",
    "Place",
    "Reader",
    "SourceFile",
    "Spot",
    "Told",
    "find",
    "patch",
]
