"""The prompts of eight situations, word for word. A golden changes only in a commit that says why."""

import pytest
from reflection_fixtures import SITUATIONS

from spanwright.reflection import Rung, render_prompt


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_prompt_is_the_golden_one(name, golden):
    situation, allowance = SITUATIONS[name]

    golden(f"{name}.md", render_prompt(situation(), allowance))


def test_the_tagged_form_is_the_golden_one(golden):
    golden("one_component.tagged.md", render_prompt(SITUATIONS["one_component"][0](), 24_000, rung=Rung.TAGGED))
