"""Which components are evolved."""

import pytest

from spanwright.core.candidate import Component, Kind
from spanwright.core.guard import Guard
from spanwright.errors import UsageError
from spanwright.subject import Choice, Components, chosen


def component(id: str, kind: Kind, *, dynamic: bool = False) -> Component:
    return Component(id=id, kind=kind, agent="a", text="text", dynamic=dynamic)


FOUND = (
    component("a/system_prompt", Kind.SYSTEM_PROMPT),
    component("a/instructions", Kind.INSTRUCTIONS),
    component("a/instructions:agent:now", Kind.INSTRUCTIONS, dynamic=True),
    component("a/tool:find", Kind.TOOL),
    component("a/tool:find/query", Kind.PARAMETER),
    component("a/output:final_result", Kind.OUTPUT),
    component("b/instructions", Kind.INSTRUCTIONS),
)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, ["a/instructions", "a/tool:find", "b/instructions"]),
        (
            "all",
            [
                "a/system_prompt",
                "a/instructions",
                "a/tool:find",
                "a/tool:find/query",
                "a/output:final_result",
                "b/instructions",
            ],
        ),
        ("a/tool:find", ["a/tool:find"]),
        ("a/tool:*", ["a/tool:find", "a/tool:find/query"]),
        (["b/*", "a/instructions"], ["a/instructions", "b/instructions"]),
        (["a/tool:find", "a/tool:*"], ["a/tool:find", "a/tool:find/query"]),
        (lambda each: each.kind is Kind.PARAMETER, ["a/tool:find/query"]),
    ],
    ids=["default", "all", "id", "glob", "several", "overlapping", "predicate"],
)
def test_the_choice_says_what_is_evolved(choice: Choice | None, expected: list[str]) -> None:
    assert expected == [each.id for each in chosen(FOUND, choice)]


@pytest.mark.parametrize("choice", ["a/tool:fnd", ["a/instructions", "c/*"], "a/instructions:agent:now"])
def test_a_component_that_nobody_has_is_refused_with_those_there_are(choice: Choice) -> None:
    with pytest.raises(UsageError) as refused:
        chosen(FOUND, choice)

    assert refused.value.what.startswith("no component is named ")
    assert "a/tool:find, a/tool:find/query" in refused.value.remedy
    assert "agent:now" not in refused.value.remedy


def test_a_choice_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="there is no component to evolve"):
        chosen(FOUND, lambda _: False)
    with pytest.raises(UsageError, match="Found: none"):
        chosen((), None)


def test_every_component_has_the_guards_of_all_globs_that_match_it() -> None:
    bounds = Components("all", guards={"b/*": Guard(max_tokens=20), "*": Guard(max_tokens=50)})

    guards = {each.id: each.guard.max_tokens for each in chosen(FOUND, bounds) if each.guard}

    assert guards == {each.id: 20 if each.id.startswith("b/") else 50 for each in FOUND if not each.dynamic}
