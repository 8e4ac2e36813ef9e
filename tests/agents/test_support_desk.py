"""The support desk: its shop keeps its rules to itself, its tickets can be served, and its texts decide how well."""

import time
from collections import Counter

import pytest
from desk_driver import CASES, GOLD, INSTRUCTIONS, SEED, TOOLS, rules, score, tried

from spanwright.testing.simulated.lexicon import PUBLIC, Directive, read, write
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.task_model import TaskModel
from spanwright.testing.simulated.transport import in_process, simulated_model
from spanwright_agents.support_desk import desk, make_cases
from spanwright_agents.support_desk.evals import tickets_shown_by_tools
from spanwright_agents.support_desk.shop import Mistake, Shop
from spanwright_evaluators.end_state import EndState, judged

KINDS = [case.metadata.kind for case in CASES]


@pytest.fixture
async def shop():
    async with Shop.copy() as opened:
        yield opened


def order(kind, number=0):
    """Return the ref that a ticket of this kind is about, and its books."""
    case = [each for each in CASES if each.metadata.kind == kind][number]
    rows = [row for table in case.expected_output.books.values() for row in table]
    return rows[0].split()[0]


def test_the_committed_files_are_what_the_script_writes():
    orders, cases = make_cases.make()

    assert orders == (make_cases.HERE / "orders.json").read_text(encoding="utf-8")
    assert cases == (make_cases.HERE / "cases.yaml").read_text(encoding="utf-8")


def test_there_are_many_tickets_and_none_is_like_another():
    assert len(CASES) == 160
    assert len({case.inputs for case in CASES}) == len({case.name for case in CASES}) == 160
    assert len({case.metadata.group for case in CASES}) >= 50
    assert Counter(KINDS) == Counter(make_cases.KINDS)


async def test_a_copy_of_the_shop_is_fresh_and_quick():
    async with Shop.copy() as first:
        first.credit(order("credit"), 5)
        async with Shop.copy() as second:
            assert second.books() == {}
        assert first.books() == {"credits": [f"{order('credit')} 5.00"]}
    started = time.process_time()
    for _ in range(100):
        async with Shop.copy():
            pass

    assert (time.process_time() - started) / 100 < 0.003


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda shop: shop.lookup("1042"), "refs look like A-1000"),
        (lambda shop: shop.refund(order("refund"), 1250, "DAMAGED"), "call lookup before refund"),
        (
            lambda shop: (shop.lookup(order("refund")), shop.refund(order("refund"), 1, "broken")),
            "must be one of DAMAGED",
        ),
        (lambda shop: shop.exchange(order("exchange"), "red t-shirt", "L"), "items go by their sku"),
        (lambda shop: shop.set_day(order("day"), "5 March 2026"), "as a date"),
        (lambda shop: shop.cancel(order("cancel")), "call lookup before cancel"),
        (lambda shop: shop.escalate(order("complaint"), "support", ""), "must be one of depot, finance, tier2"),
    ],
)
def test_what_the_shop_cannot_read_it_says_so(shop, act, told):
    with pytest.raises(Mistake, match=told):
        act(shop)

    assert shop.books() == {}


def test_what_comes_too_late_is_refused_in_words(shop):
    late, gone = order("exchange_late"), order("cancel_late")
    sku = shop.lookup(late)["items"][0]["sku"]
    shop.lookup(gone)

    assert "within 30 days" in shop.exchange(late, sku, "L")
    assert "only orders in processing" in shop.cancel(gone)
    assert shop.books() == {}


def test_other_mistakes_are_booked_without_a_word(shop):
    ref = order("refund")
    shop.lookup(ref)

    assert shop.refund(ref, 12.5, "LATE") == "Booked."
    assert shop.set_address(ref, "somewhere").startswith("Saved.")
    assert shop.books() == {"addresses": [f"{ref} somewhere"], "refunds": [f"{ref} 12 LATE"]}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_expected_ending_can_be_reached_with_the_tools(shop, case):
    for table, rows in case.expected_output.books.items():
        for row in rows:
            ref, _, rest = row.partition(" ")
            serve(shop, table, ref, rest)

    expected = {table: sorted(rows) for table, rows in case.expected_output.books.items()}
    assert shop.books() == expected


def serve(shop, table, ref, rest):
    first, _, last = rest.partition(" ")
    match table:
        case "refunds":
            shop.lookup(ref)
            shop.refund(ref, int(first), last)
        case "credits":
            shop.credit(ref, float(first))
        case "exchanges":
            shop.exchange(ref, first, last)
        case "tickets":
            shop.escalate(ref, last, "")
        case "addresses":
            shop.set_address(ref, rest)
        case "delivery days":
            shop.set_day(ref, first)
        case _:
            shop.lookup(ref)
            shop.cancel(ref)


def test_an_agent_that_does_nothing_scores_next_to_nothing():
    nothing = desk.Ended(reply="", books={})
    values = [bool(each.value) for case in CASES for each in judged(nothing, case.expected_output).values()]

    assert sum(values) / len(values) == 14 / 320  # the tickets that only ask where a parcel is leave the books alone


def test_the_texts_are_as_vague_as_people_write_them():
    assert all(len(tool.description) <= 12 for tool in TOOLS)
    assert len(TOOLS) == 9
    assert not any(read(text) for text in SEED.values())


def test_the_seed_is_poor_and_texts_that_state_every_rule_are_good():
    model = TaskModel()
    seed, gold = ([score(texts, key=key, model=model) for key in ("one", "two")] for texts in (SEED, GOLD))

    assert 0.15 < sum(seed) / 2 < 0.4
    assert sum(gold) / 2 > 0.85


@pytest.mark.slow  # 4,800 tickets; that all texts together are worth much is seen above
def test_most_texts_of_the_gold_set_are_worth_something_and_none_does_harm():
    model = TaskModel()

    def mean(texts):
        return (score(texts, key="one", model=model) + score(texts, key="two", model=model)) / 2

    gold = mean(GOLD)
    lost = {component: gold - mean(GOLD | {component: SEED[component]}) for component in dict(rules())}

    # Seeded slips move a text that few cases need by a case or so either way.
    assert all(loss > -0.06 for loss in lost.values()), lost
    assert sum(loss > 0.01 for loss in lost.values()) >= len(lost) / 2, lost


def test_texts_of_the_gold_set_are_worth_something_on_a_quarter_of_the_tickets():
    model, cases = TaskModel(), CASES[::4]
    gold = score(GOLD, cases, model=model)
    asked = (INSTRUCTIONS, "support/tool:refund/amount", "support/tool:update/value")
    lost = {each: gold - score(GOLD | {each: SEED[each]}, cases, model=model) for each in asked}

    assert all(loss > 0 for loss in lost.values()), lost


def test_descriptions_on_the_wrong_tools_ruin_good_texts():
    names = [tool.name for tool in TOOLS]
    moved = {
        f"support/tool:{name}": GOLD[f"support/tool:{other}"]
        for name, other in zip(names, names[1:] + names[:1], strict=True)
    }

    assert score(GOLD | moved) < score(GOLD) - 0.25


def test_to_state_everything_that_could_be_stated_gains_nothing():
    stuffed = [
        write(Directive(kind=kind.name, slots=tuple(sorted(dict([*base, (name, each)]).items()))))
        for kind in PUBLIC.kinds.values()
        for name, values in kind.guesses
        for base in [[(other, options[0]) for other, options in kind.guesses if other != name]]
        for each in values
    ]
    everything = f"{SEED[INSTRUCTIONS]} {' '.join(stuffed)}"

    assert score(SEED | {INSTRUCTIONS: everything}) < score(SEED) + 0.05


def test_tickets_that_tools_explain_are_judged_by_the_books_alone():
    dataset = tickets_shown_by_tools()
    kinds = {case.metadata.kind for case in dataset.cases if case.metadata}

    assert kinds == {"credit", "exchange", "cancel"}
    assert dataset.evaluators == [EndState(replies=False)]


async def test_the_agent_works_over_the_wire_with_a_shop_of_its_own_for_each_ticket():
    support = desk.build()
    model = simulated_model("sim-task", in_process(simulated_app({"sim-task": TaskModel()})))
    with support.override(model=model, instructions=GOLD[INSTRUCTIONS]):
        ended = [await desk.serve(support, case.inputs) for case in CASES[::20]]
        async with Shop.copy() as shop:
            answer = await support.run(CASES[0].inputs, deps=shop)

    assert all(isinstance(each, desk.Ended) for each in ended)
    assert answer.output


def test_a_ticket_takes_one_to_four_calls_where_the_texts_are_good():
    calls = [len(tried(TaskModel(), GOLD, case.inputs, case.name)[1]) for case in CASES[::4]]

    assert 1 <= min(calls)
    assert sorted(calls)[int(0.95 * len(calls))] <= 5
