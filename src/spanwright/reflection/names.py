"""Which component a model means: ids come back quoted, shortened, or in another case."""

import re
from collections.abc import Sequence

from spanwright.core.candidate import ComponentId

_AROUND = " \t\r\n`'\"“”‘’<>()[]{}*:,.#"
_LONGEST = 400
_JOINTS = re.compile(r"\s*([/:])\s*")
_REMARK = re.compile(r"\s*(?:\(.*\)|:\s.*|\s[-–—]\s.*)$", re.DOTALL)


def exactly(name: str, offered: Sequence[ComponentId]) -> ComponentId | None:
    """Return the component of this name; quotes and case do not matter."""
    wanted = _bare(name)
    return next((each for each in offered if _bare(each) == wanted), None)


def meant(name: str, offered: Sequence[ComponentId]) -> ComponentId | None:
    """Return the component that is meant: by its name, by the end of it, or by a path that ends with it.

    What fits several components means none.
    """
    name = name.strip()[:_LONGEST]
    for wanted in (_bare(name), _bare(_REMARK.sub("", name))):
        same = [each for each in offered if _bare(each) == wanted]
        ends = [each for each in offered if wanted and re.search(rf"[/:]{re.escape(wanted)}$", _bare(each))]
        paths = [each for each in offered if wanted.endswith(f"/{_bare(each)}")]
        for found in (same, ends, paths):
            if len(found) == 1:
                return found[0]
    return None


def _bare(name: str) -> str:
    return _JOINTS.sub(r"\1", name.strip(_AROUND).replace("\\", "/")).casefold()
