"""Code and data that come back from a model whole and unharmed, and the prompt that asks for them."""

import json

import pytest

from spanwright import Candidate, Case, Component, Kind, Refusal, Score
from spanwright.core.context import Example, ReflectionContext
from spanwright.core.proposal import Proposal, RefusalReason
from spanwright.core.rollout import Observed, Purpose, Rollout, RolloutKey
from spanwright.core.trace import Trace
from spanwright.reflection import Rung, compose_artifact
from spanwright.reflection.answer import Edit
from spanwright.reflection.artifacts import whole_artifact
from spanwright.reflection.checks import Ground, judged
from spanwright.reflection.reading import Reading
from spanwright.reflection.templates import Briefs

PARENT = 'def f(x):\n    return f"{x}"\n'
CODE = 'def f(x):\n\n    if x:  # "quoted" and `ticked`\n        return {"a": [x]}\n    return f"{x!r}\\n"\n'
PROSE = (
    "Be kind.\n\n```python\nanswer = 42\n```\n\nThen explain at length why that is so, and what else could have been."
)


@pytest.mark.parametrize(
    "said",
    [
        CODE,
        f"```python\n{CODE}```",
        f"```\n{CODE}\n```\n",
        f"Here is the new program:\n\n```python\n{CODE}```",
        f"```python\n{CODE}```\nIt is faster.",
        f"\n\n{CODE}\n",
    ],
)
def test_code_comes_out_of_what_a_model_wraps_around_it(said: str) -> None:
    assert CODE == whole_artifact(said, PARENT)


def test_text_with_a_block_of_code_in_it_is_not_reduced_to_that() -> None:
    assert PROSE == whole_artifact(PROSE, "Be kind.")


def test_a_parent_with_fences_of_its_own_keeps_them() -> None:
    assert "```\na\n```" == whole_artifact("```\na\n```", "```\nb\n```")


def test_line_breaks_that_were_spelled_out_are_made_real_but_not_in_json() -> None:
    assert "a = 1\nb = 2\nc = 3\n" == whole_artifact("a = 1\\nb = 2\\nc = 3", PARENT)
    one_line = json.dumps({"text": "a\nb\nc"})
    assert one_line == whole_artifact(one_line, "{}")


def test_indentation_at_the_beginning_stays() -> None:
    assert "    x: 1\n    y: 2" == whole_artifact("    x: 1\n    y: 2", "    x: 0")


def context(text: str = PARENT, score: float = 0.9797642) -> ReflectionContext:
    component = Component(id="text", kind=Kind.ARTIFACT, agent="", text=text)
    rollout = Rollout(
        number=1,
        key=RolloutKey(candidate="c", case="problem"),
        purpose=Purpose.VALIDATION,
        score=Score(value=score, feedback="smallest radius: 0.01"),
    )
    example = Example(
        case=Case(id="problem", inputs=""), observed=Observed(rollout=rollout, trace=Trace(), output="[1, 2]")
    )
    return ReflectionContext(
        attempt=1,
        parent=Candidate(texts={"text": text}),
        components=(component,),
        examples=(example,),
        objective="Pack circles.",
    )


def test_the_prompt_shows_goal_text_and_figures_and_speaks_of_no_agent() -> None:
    prompt = compose_artifact(context(), 8_000, Rung.TOOL, Briefs({})).text

    assert "# Goal\nPack circles." in prompt
    assert PARENT.strip() in prompt
    assert "score 0.9797642" in prompt
    assert "smallest radius: 0.01" in prompt
    assert "agent" not in prompt
    assert "placeholders" not in prompt
    assert "partly right" not in prompt
    assert prompt == compose_artifact(context(), 8_000, Rung.TOOL, Briefs({})).text


@pytest.mark.parametrize("allowance", [700, 1_000, 2_000, 6_000])
def test_the_prompt_keeps_to_its_allowance_and_never_cuts_the_text(allowance: int) -> None:
    long = PARENT + "\n".join(f"value_{n} = {n}" for n in range(20))

    prompt = compose_artifact(context(long), allowance, Rung.TOOL, Briefs({})).text

    assert len(prompt.encode()) <= 4 * allowance + 16
    assert long.strip() in prompt


def proposed(text: str) -> Proposal | Refusal:
    shown = context()
    edit = Edit(component="text", why="", text=text)
    return judged(Reading(edits=(edit,)), Ground.of(shown, shown.components))


def test_a_digit_an_indent_and_a_lost_brace_are_edits_like_any_other() -> None:
    for text in ('def f(x):\n    return f"{x}!"\n', 'def f(x):\n  return f"{x}"\n', "def f(x):\n    return str(x)\n"):
        result = proposed(text)
        assert isinstance(result, Proposal)
        assert {"text": text} == result.edits


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PARENT, RefusalReason.UNCHANGED),
        ("", RefusalReason.EMPTY),
        ("def g():\n    pass\n\n# ... rest of the code unchanged ...\n", RefusalReason.MALFORMED),
        ("@@ -1,2 +1,2 @@\n-def f(x):\n+def f(y):\n", RefusalReason.MALFORMED),
    ],
)
def test_half_a_text_and_no_text_are_refused(text: str, reason: RefusalReason) -> None:
    result = proposed(text)

    assert isinstance(result, Refusal)
    assert reason is result.reason


def test_code_that_only_looks_like_an_omission_is_kept() -> None:
    code = "def f(x):\n    return [previous for previous in x if previous is not here]\n"

    assert isinstance(proposed(code), Proposal)
