"""Rewording a JSON schema: every documented place is found, and only descriptions on the named paths change."""

from copy import deepcopy
from typing import Annotated, Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from spanwright.subject.schemas import Wording, found, places, reworded

NAMES = st.sampled_from(
    [
        "city",
        "properties",
        "description",
        "items",
        "$defs",
        "anyOf",
        "anyOf0",
        "[]",
        "{}",
        "$City",
        "a/b",
        "~",
        "",
        "~.",
    ]
)
LEAVES = st.fixed_dictionaries({"type": st.sampled_from(["string", "integer"])}, optional={"description": st.text()})


def _grown(children: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    named = st.dictionaries(NAMES, children, max_size=3)
    listed = st.lists(children, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "description": st.text(),
            "properties": named,
            "$defs": named,
            "anyOf": listed,
            "oneOf": listed,
            "allOf": listed,
            "prefixItems": listed,
            "items": children | st.booleans(),
            "additionalProperties": children | st.booleans(),
            "required": st.lists(NAMES, max_size=2),
        },
    )


SCHEMAS = st.recursive(LEAVES, _grown, max_leaves=12)


def without_descriptions(schema: object) -> object:
    """Return a schema without its words: of a property named "description" the schema stays."""
    if isinstance(schema, list):
        return [without_descriptions(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: without_descriptions(each) for name, each in value.items()}
        if key in ("properties", "$defs")
        else without_descriptions(value)
        for key, value in schema.items()
        if key != "description"
    }


def texts_of(schema: dict[str, Any]) -> dict[str, str]:
    return dict(places(schema))


@given(SCHEMAS)
def test_every_place_has_a_path_of_its_own(schema: dict[str, Any]) -> None:
    paths = [path for path, _ in places(schema)]

    assert sorted(set(paths)) == sorted(paths)


@given(SCHEMAS, st.data())
def test_every_place_found_can_be_reworded_and_nothing_else_changes(
    schema: dict[str, Any], data: st.DataObject
) -> None:
    before = deepcopy(schema)
    known = texts_of(schema)
    chosen = data.draw(st.sets(st.sampled_from(sorted(known)))) if known else set[str]()
    texts = {path: f"about {path}" for path in chosen}

    after = reworded(schema, Wording.of(texts))

    assert before == schema, "the original was changed"
    assert {**known, **texts} == texts_of(after)
    assert without_descriptions(schema) == without_descriptions(after)
    assert set(chosen) == set(found(schema, Wording.of(texts)))


@given(SCHEMAS)
def test_without_texts_nothing_changes(schema: dict[str, Any]) -> None:
    assert schema == reworded(schema, Wording.of({}))
    assert schema == reworded(schema, Wording.of({"nowhere/at/all": "text", "": "not ours"}))


@given(SCHEMAS)
def test_an_empty_text_removes_a_description(schema: dict[str, Any]) -> None:
    after = reworded(schema, Wording.of(dict.fromkeys(texts_of(schema), "")))

    assert not any(texts_of(after).values())
    assert without_descriptions(schema) == without_descriptions(after)


def test_properties_that_are_named_like_keywords_are_only_names() -> None:
    schema = {
        "type": "object",
        "properties": {
            "properties": {"type": "string", "description": "p"},
            "description": {"type": "string"},
            "items": {"type": "array", "items": {"properties": {"items": {"description": "i"}}}},
        },
    }

    assert {"properties": "p", "description": "", "items": "", "items/[]/items": "i"} == texts_of(schema)
    after = reworded(schema, Wording.of({"description": "new", "items/[]/items": "inner"}))
    assert {"properties": "p", "description": "new", "items": "", "items/[]/items": "inner"} == texts_of(after)
    assert schema["type"] == after["type"]


def test_items_that_hold_nothing_but_a_mapping_stay_a_schema() -> None:
    schema = {"items": {"properties": {"a": {"type": "string"}}}}

    assert {"items": {"properties": {"a": {"type": "string", "description": "A"}}}} == reworded(
        schema, Wording.of({"[]/a": "A"})
    )


def test_only_what_can_be_read_is_found_among_alternatives_and_items() -> None:
    class City(BaseModel):
        name: str

    def tool(
        city: City | None = None,
        tags: list[str] | None = None,
        rates: Annotated[dict[str, Annotated[float, Field(description="rate")]], Field(description="all")] = {},  # noqa: B006
    ) -> None: ...

    schema = TypeAdapter(tool).json_schema()

    assert {"city", "tags", "rates", "rates/{}", "$City", "$City/name"} == {path for path, _ in places(schema)}
