"""A page on its way to a browser: JSON as it is, but for the tries, of which there may be a million.

Their columns go as bytes, compressed: read as text they would be three quarters of the time until a page of half a
million tries stands on the screen. `assets/source.js` reads what this writes.
"""

import gzip
import json
import math
from array import array
from base64 import b64decode, b64encode
from dataclasses import replace
from itertools import accumulate, pairwise
from sys import byteorder
from typing import TypeAlias

from spanwright.report.page.model import PAGE, Page, Tries

Column: TypeAlias = "array[float] | array[int]"
_LEVEL = 4
"""Of compression: more takes longer than it spares."""
_BYTES_OF_A_TRY = 21


def packed(page: Page) -> bytes:
    """Return a page as JSON, its tries in the field `packed`: scores, then numbers as differences, and so on."""
    tries = page.tries
    columns: tuple[Column, ...] = (
        array("d", (math.nan if score is None else score for score in tries.score)),
        array("i", (later - earlier for earlier, later in pairwise((0, *tries.number)))),
        array("i", tries.candidate),
        array("i", tries.case),
        array("B", tries.purpose),
    )
    body = gzip.compress(b"".join(_little(column).tobytes() for column in columns), _LEVEL, mtime=0)
    rest = PAGE.dump_json(replace(page, tries=Tries()))
    return rest[:-1] + b',"packed":"' + b64encode(body) + b'"}'


def unpacked(body: bytes | str) -> Page:
    """Return the page that was packed."""
    told = json.loads(body)
    content = gzip.decompress(b64decode(told.pop("packed")))
    size, at = len(content) // _BYTES_OF_A_TRY, 0
    columns: list[list[float]] = []
    for code in "diiiB":
        column: Column = array(code)
        width = size * column.itemsize
        column.frombytes(content[at : at + width])
        columns.append(list(_little(column)))
        at += width
    score, number, candidate, case, purpose = columns
    tries = {
        "score": [None if math.isnan(each) else each for each in score],
        "number": list(accumulate(number)),
        "candidate": candidate,
        "case": case,
        "purpose": purpose,
    }
    return PAGE.validate_python({**told, "tries": tries})


def _little(column: Column) -> Column:
    """Return a column with its lowest bytes first, whatever this machine does."""
    if byteorder == "little":
        return column
    other = column[:]
    other.byteswap()
    return other
