"""PUPA: a request, an untrusted model that is not optimized, a response, and judges that are asked in both orders."""

from spanwright import Trace
from spanwright_agents.paper.pupa import MODULES, TASK, Delegated, is_as_good, leaks, query_of
from spanwright_evaluators.paper.pupa import Judged

ROW = {"user_query": "I am Ann.", "target_response": "Dear Ann", "pii_units": "Ann||Merford||Ann", "redacted_query": ""}
OUTPUT = Delegated(llm_request="I am Ann.", llm_response="Hello", response="Dear you")


async def judged(mine_first, mine_last, leaked):
    asked = []

    async def quality(query, a, b):
        asked.append((query, a, b))
        return mine_first if a == OUTPUT.response else mine_last

    async def leakage(pieces, prompt):
        asked.append((pieces, prompt))
        return leaked

    return await Judged(quality=quality, leakage=leakage)(query_of(ROW), OUTPUT, Trace()), asked


async def test_quality_is_judged_in_both_orders_and_a_judge_that_contradicts_itself_counts_as_satisfied():
    scores = {(a, b): (await judged(a, b, 0))[0].value for a in (True, False) for b in (True, False)}

    assert {(True, True): 1.0, (True, False): 1.0, (False, True): 0.5, (False, False): 1.0} == scores


async def test_leakage_is_the_share_of_distinct_private_pieces():
    score, asked = await judged(mine_first=True, mine_last=False, leaked=1)

    assert 0.75 == score.value
    assert {"quality": 1.0, "kept private": 0.5} == score.objectives
    assert [
        ("I am Ann.", "Dear you", "Dear Ann"),
        ("I am Ann.", "Dear Ann", "Dear you"),
        (("Ann", "Merford"), "I am Ann."),
    ] == asked
    assert "overall score is 0.75" in score.feedback
    assert [module.component for module in MODULES] == list(score.blame)
    assert 0.0 == (await judged(mine_first=False, mine_last=True, leaked=9))[0].value


async def test_judges_are_models_that_are_asked_over_the_wire(staged):
    staged(TASK)

    assert await is_as_good("Write.", "a long response", "short")
    assert 1 == await leaks(("Ann", "Merford"), "I am Ann.")


async def test_the_program_asks_the_untrusted_model_for_the_crafted_request(staged):
    stage = staged(TASK)

    given = await stage.program(stage.evals.cases[0].inputs)

    assert given.llm_request
    assert given.llm_response
    assert given.response


async def test_it_runs_end_to_end_and_neither_judges_nor_the_untrusted_model_are_components(taught):
    result, _ = await taught(TASK)

    assert result.complete
    assert ["craft_redacted_request/instructions", "respond_to_query/instructions"] == sorted(
        each.id for each in result.components
    )
    # Two modules, the untrusted model, two judgments of quality; and one of leakage where there is something private.
    assert result.usage.requests >= 5 * result.rollouts


def test_splits_are_the_first_rows_in_the_order_of_the_file():
    evals = TASK.small().evals

    assert [8, 8, 12] == [len(part) for part in (evals.cases, evals.validation, evals.test)]
    assert evals.cases[0].name == "train-1"
