"""From any JSON value to a reading: wrapped, listed, encoded twice, keyed by component, under other names."""

from collections.abc import Iterator, Mapping, Sequence

from spanwright.core.candidate import ComponentId
from spanwright.reflection.answer import Edit, Learned
from spanwright.reflection.json_text import Json, Unreadable, read_json
from spanwright.reflection.names import exactly, meant
from spanwright.reflection.reading import Reading, together

_EDITS = ("edits", "edit", "changes", "updates", "proposals", "new_texts", "components", "revisions")
_COMPONENT = ("component", "component_id", "componentid", "id", "name", "target", "path", "key")
_TEXT = ("text", "new_text", "newtext", "complete_new_text", "replacement", "value", "content", "new", "updated_text")
_WHY = ("why", "reason", "rationale", "explanation")
_DIAGNOSIS = ("diagnosis", "analysis", "root_cause", "cause", "summary")
_LESSONS = ("lessons", "lesson", "learned", "facts", "notes")
_OURS = frozenset((*_COMPONENT, *_TEXT, *_WHY, *_DIAGNOSIS, *_LESSONS))
_DEEPEST = 6


def shaped(value: Json, offered: Sequence[ComponentId], depth: int = 0) -> Reading | None:
    """Return what `value` says as an answer, or None where it is none."""
    if depth > _DEEPEST:
        return None
    if isinstance(value, str):
        return _encoded(value, offered, depth)
    if isinstance(value, dict):
        answer = _answer(value, offered)
        if "edits" in map(_key, value) or (answer and any(meant(edit.component, offered) for edit in answer.edits)):
            return answer
        return shaped(list(value.values()), offered, depth + 1) or answer
    if isinstance(value, list):
        found = [reading for item in value if (reading := shaped(item, offered, depth + 1)) is not None]
        return together(found) if found else None
    return None


def _answer(value: Mapping[str, Json], offered: Sequence[ComponentId]) -> Reading | None:
    """Return a mapping that is an answer, one edit, or texts by component; None where it may be a wrapping of those."""
    fields = {_key(key): item for key, item in value.items()}
    diagnosis = _text(_first(fields, _DIAGNOSIS)) or ""
    if (edits := _first(fields, _EDITS)) is not None:
        read = tuple(_edits(edits, offered))
        lessons = tuple(_lessons(_first(fields, _LESSONS)))
        return Reading(diagnosis=diagnosis, edits=read, lessons=lessons) if read or not edits else None
    if (edit := _edit(value, offered)) is not None:
        return Reading(edits=(edit,))
    by_id = tuple(_by_id(value, offered))
    return Reading(diagnosis=diagnosis, edits=by_id) if by_id else None


def _encoded(text: str, offered: Sequence[ComponentId], depth: int) -> Reading | None:
    stripped = text.strip()
    if not stripped.startswith(("{", "[", '"')):
        return None
    try:
        read = read_json(stripped)
    except Unreadable:
        return None
    inner = shaped(read.value, offered, depth + 1)
    if inner is None or read.whole:
        return inner
    return Reading(diagnosis=inner.diagnosis, edits=inner.edits, lessons=inner.lessons, whole=False)


def _edits(value: Json, offered: Sequence[ComponentId]) -> Iterator[Edit]:
    if isinstance(value, str):
        try:
            value = read_json(value.strip()).value
        except Unreadable:
            return
        if isinstance(value, str):
            return
    if isinstance(value, dict):
        edit = _edit(value, offered)
        yield from [edit] if edit else _by_id(value, ())
        return
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            edit = _edit(item, offered)
            yield from [edit] if edit else _by_id(item, ())
        elif isinstance(item, list) and len(item) == 2 and isinstance(item[0], str) and (text := _text(item[1])):
            yield Edit(component=item[0], text=text, why="")
        elif isinstance(item, str):
            yield from _edits(item, offered)


def _edit(value: Mapping[str, Json], offered: Sequence[ComponentId]) -> Edit | None:
    """Return the edit that names its component and its text; with one component on offer the name may be missing."""
    fields = {_key(key): item for key, item in value.items()}
    component, text = _first(fields, _COMPONENT), _text(_first(fields, _TEXT))
    if component is None and len(offered) == 1 and not fields.keys().isdisjoint(_TEXT[:4]):
        component = offered[0]
    if not isinstance(component, str) or text is None:
        return None
    return Edit(component=component, text=text, why=_text(_first(fields, _WHY)) or "")


def _by_id(value: Mapping[str, Json], offered: Sequence[ComponentId]) -> Iterator[Edit]:
    """Yield an edit for each key with a text: for keys that are on offer, or for all but our own without an offer."""
    for key, item in value.items():
        if exactly(key, offered) is None if offered else _key(key) in _OURS:
            continue
        fields = {_key(name): part for name, part in item.items()} if isinstance(item, dict) else {}
        text = _text(_first(fields, _TEXT)) if fields else _text(item)
        if text is not None:
            yield Edit(component=key, text=text, why=_text(_first(fields, _WHY)) or "")


def _lessons(value: Json) -> Iterator[Learned]:
    if isinstance(value, dict):
        fields = {_key(key): item for key, item in value.items()}
        component, text = _first(fields, _COMPONENT), _text(_first(fields, (*_TEXT, "lesson", "fact")))
        if text is not None:
            yield Learned(component=component if isinstance(component, str) else "", text=text)
            return
        for key, item in value.items():
            if (text := _text(item)) is not None:
                yield Learned(component=key, text=text)
    elif isinstance(value, list):
        for item in value:
            yield from _lessons(item)
    elif isinstance(value, str) and value.strip():
        yield Learned(component="", text=value)


def _text(value: Json) -> str | None:
    """Return a text; some models give it as a list of lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return "\n".join(item for item in value if isinstance(item, str))
    return None


def _first(fields: Mapping[str, Json], names: Sequence[str]) -> Json:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _key(name: str) -> str:
    return name.strip().casefold().replace(" ", "_").replace("-", "_")
