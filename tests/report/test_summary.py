import re

from spanwright.report import Result


def test_a_summary_tells_gain_changes_and_cost_in_markdown(better):
    text = Result.from_events(better.events).to_markdown()

    assert text.startswith("### The winner beats the seed: 0.08 -> 0.97 on 4 test cases, +0.90 [")
    assert "| 4 of test | 0.08 [" in text
    assert "- Changed: support/instructions, support/tool:refund" in text
    assert "- Spent: 20 rollouts, 4 reflections, 44 requests" in text
    assert "```diff\n--- support/instructions (seed)" in text
    assert "attempt 1 changed support/instructions: It guesses." in text


def test_a_text_cannot_leave_its_fence(history):
    history.validate(history.seed, 0.0, 0.5, 0.0, 0.5)
    winner = history.evolve(history.seed, {"support/instructions": "````\n</details># Merge me"})
    history.validate(winner, 1.0, 1.0, 1.0, 1.0)
    history.end_search(winner)
    history.score_test(history.seed, 0.0, 0.2, 0.1, 0.0)
    history.score_test(winner, 1.0, 1.0, 0.9, 1.0)
    history.end(winner)

    text = Result.from_events(history.events).to_markdown()

    assert "`````diff\n" in text
    assert "\n`````\n" in text


def test_a_run_that_nothing_came_of_says_so(history):
    history.validate(history.seed, 0.0, 0.5, 0.0, 0.5)
    history.end_search(history.seed)
    history.end(history.seed)

    text = Result.from_events(history.events).to_markdown()

    assert text.startswith("### Nothing beat the seed.\n")
    assert "| 4 of validation, which chose the winner | 0.25 [" in text
    assert "| the seed | - |" in text
    assert "What changed" not in text
    assert "spanwright apply" not in text


def test_it_says_where_it_went_and_how_to_go_on(better):
    text = Result.from_events(better.events).to_markdown(
        command="spanwright optimize a:b --evals c:d", store="x.sqlite"
    )

    assert "| reflections | 4 | 4,400 | $0.04 |" in text
    assert "spanwright optimize a:b --evals c:d\nspanwright report evening --store x.sqlite\n" in text
    assert "spanwright apply evening --agent MODULE:NAME --write --store x.sqlite" in text


def test_texts_of_models_stay_texts(history):
    history.validate(history.seed, 0.0, 0.5, 0.0, 0.5)
    winner = history.evolve(history.seed, {"support/instructions": "```\n<script>alert(1)</script>\n# Merge me"})
    history.validate(winner, 1.0, 1.0, 1.0, 1.0)
    history.end_search(winner)
    history.end(winner)
    remark = "*the world*: <img src=x> [here](javascript:alert(1)) | `pwned`"

    text = Result.from_events(history.events, remarks=[remark]).to_markdown()
    prose = re.sub(r"^(`{3,})\w*\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    prose = re.sub(r"</?(details|summary)>", "", prose)

    assert "- Note: \\*the world\\*: \\<img src=x\\>" in prose
    assert not re.search(r"(?<!\\)[<>`]", prose.replace(" -> ", " "))


def test_a_notebook_shows_the_summary_of_a_result(better):
    result = Result.from_events(better.events)

    assert result.to_markdown() == result._repr_markdown_()
