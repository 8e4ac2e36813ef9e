"""Redaction: no secret survives, a reader can still follow, JSON stays JSON."""

import json
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.core.trace import AgentRun, Message, ModelCall, Part, Span, SpanEvent, ToolCall, Trace
from spanwright.telemetry.redaction import Found, Redactor
from spanwright.telemetry.sink import LoggedEvent

ALNUM = string.ascii_letters + string.digits
SOME = settings(deadline=None, max_examples=80)


def letters(alphabet: str, least: int, most: int | None = None) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=least, max_size=most or least)


def luhn(body: str) -> str:
    digits = [int(digit) for digit in reversed(body)]
    total = sum(sum(divmod(2 * digit, 10)) if at % 2 == 0 else digit for at, digit in enumerate(digits))
    return body + str(-total % 10)


# Built of pieces, so that no scanner takes this file for a leak.
SECRETS = st.one_of(
    letters(ALNUM, 36).map(lambda body: "gh" + "p_" + body),
    letters(ALNUM + "_", 40).map(lambda body: "github" + "_pat_" + body),
    letters(ALNUM + "_-", 40).map(lambda body: "sk" + "-proj-" + body),
    letters(ALNUM + "_-", 40).map(lambda body: "sk" + "-ant-api03-" + body),
    letters(string.ascii_uppercase + string.digits, 16).map(lambda body: "AK" + "IA" + body),
    letters(ALNUM, 24).map(lambda body: "sk" + "_live_" + body),
    letters(ALNUM, 34).map(lambda body: "hf" + "_" + body),
    letters(ALNUM + "_-", 35).map(lambda body: "AI" + "za" + body),
    letters(ALNUM, 24).map(lambda body: "xo" + "xb-123456789012-123456789012-" + body),
)
PERSONAL = st.one_of(
    st.builds("{}@{}.example".format, letters(ALNUM, 1, 12), letters(string.ascii_lowercase, 1, 12)),
    letters(string.digits, 14).map(lambda body: luhn("4" + body)),
    st.integers(0, 9999).map(lambda last: f"+1 415 555 {last:04}"),
    st.integers(0, 9999).map(lambda last: f"(415) 555-{last:04}"),
    st.integers(1, 9999).map(lambda last: f"078-05-{last:04}"),
)
VALUES = SECRETS | PERSONAL
AROUND = st.text(alphabet=string.ascii_lowercase + ' \n"(),;', max_size=12)


@SOME
@given(VALUES, AROUND, AROUND)
def test_no_secret_survives_in_a_text(value, before, after):
    redacted = Redactor().text(f"{before} {value} {after}")

    assert value not in redacted
    assert re.fullmatch(r".*<[a-z]+-1>.*", redacted, re.DOTALL)


@SOME
@given(st.recursive(VALUES | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(VALUES, inner)))
def test_no_secret_survives_in_json_and_json_stays_json(value):
    text = json.dumps({"whole": value, "within": json.dumps([value]), "deeper": json.dumps({"a": json.dumps(value)})})
    redacted = json.loads(Redactor().text(text))

    assert {"whole", "within", "deeper"} == redacted.keys()
    assert shape(value) == shape(redacted["whole"]) == shape(json.loads(redacted["within"])[0])
    for leaf in leaves(value):
        assert leaf not in json.dumps(redacted, ensure_ascii=False)


def shape(value):
    match value:
        case dict():
            return [shape(item) for item in value.values()]
        case list():
            return [shape(item) for item in value]
        case _:
            return ""


def leaves(value):
    match value:
        case dict():
            return [leaf for key, item in value.items() for leaf in [key, *leaves(item)]]
        case list():
            return [leaf for item in value for leaf in leaves(item)]
        case str():
            return [value]
        case _:
            return []


@SOME
@given(st.lists(VALUES, min_size=1, max_size=5), st.integers(1, 400))
def test_json_that_a_limit_cut_off_stays_readable_up_to_there(values, cut):
    said = [{"role": "user", "content": f'said "{value}"\n'} for value in values]
    text = json.dumps(said, separators=(",", ":"))[:cut]
    redacted = Redactor().text(text)

    assert text.count("{") == redacted.count("{")
    assert text.count('"role":"user"') == redacted.count('"role":"user"')


@SOME
@given(st.lists(VALUES, min_size=1, max_size=6))
def test_equal_values_have_equal_placeholders_and_others_have_others(values):
    redactor = Redactor()
    given = {value: redactor.text(f"it is {value} now", "t") for value in values}

    assert given == {value: redactor.text(f"it is {value} now", "t") for value in values}
    assert len(set(given.values())) == len(given)
    assert list(given.values()) == [redactor.text(text, "t") for text in given.values()]


def test_each_trace_counts_for_itself():
    redactor = Redactor()

    assert "<email-1> <email-2> <email-1>" == redactor.text("a@x.org b@x.org a@x.org", "first")
    assert "<email-1>" == redactor.text("b@x.org", "second")


def test_what_was_redacted_before_keeps_its_numbers():
    redactor = Redactor()
    redactor.reserve("from <email-3>", "t")

    assert "<email-3> and <email-4>" == redactor.text("<email-3> and a@x.org", "t")


@pytest.mark.parametrize(
    "text",
    [
        "order A-1003 of 2026-11-28 16:32:01 costs 12.50",
        "1795172784097593437",
        "2125551234",
        "version 1.2.3.4567 at 10.0.0.1",
        "the password is wrong",
        '{"input_tokens": 412, "token": "Hello", "password_policy": "strong"}',
        '{"type":"object","properties":{"password":{"type":"string"}},"required":["password"]}',
        "4111111111111112",
        "DE00 3704 0044 0532 0130 00",
    ],
)
def test_what_is_nobodys_secret_stays(text):
    assert text == Redactor().text(text)


def test_what_stands_under_a_telling_key_is_secret_whatever_it_looks_like():
    redacted = Redactor().text('{"dbPassword":"blue","x-api-key":"k","pin":{"cvv":123},"cookie":["a","b"]}')

    assert (
        '{"dbPassword":"<secret-1>","x-api-key":"<secret-2>","pin":{"cvv":"<secret-3>"},"cookie":["<secret-4>","<secret-5>"]}'
        == redacted
    )


def test_a_password_that_was_given_away_once_is_secret_everywhere_in_its_trace():
    first = span("a", attributes={"note": "they tried hunter2 twice"})
    second = span("b", attributes={"arguments": '{"password": "hunter2"}', "said": "My password is hunter2."})
    redacted = Redactor().spans([first, second])

    assert "they tried <secret-1> twice" == redacted[0].attributes["note"]
    assert "My password is <secret-1>." == redacted[1].attributes["said"]


def test_every_text_of_a_span_is_redacted_and_no_identifier_is():
    whole = Span(
        trace_id="0af7651916cd43dd8448eb211c80319c",
        span_id="b7ad6b7169203331",
        name="mail a@x.org",
        status="error",
        status_message="a@x.org bounced",
        started=1.0,
        ended=2.0,
        attributes={"to": ("a@x.org", "b@x.org"), "card": 4111111111111111, "authorization": "k", "n": 7, "ok": True},
        events=(SpanEvent(name="exception", time=1.5, attributes={"exception.message": "no a@x.org"}),),
    )
    (redacted,) = Redactor().spans([whole])

    assert (whole.trace_id, whole.span_id, "mail <email-1>") == (redacted.trace_id, redacted.span_id, redacted.name)
    assert "<email-1> bounced" == redacted.status_message
    assert {
        "to": ("<email-1>", "<email-2>"),
        "card": "<card-1>",
        "authorization": "<secret-1>",
        "n": 7,
        "ok": True,
    } == redacted.attributes
    assert {"exception.message": "no <email-1>"} == redacted.events[0].attributes


def test_every_text_of_a_trace_is_redacted():
    asked = Message(role="user", parts=(Part(kind="text", text="I am a@x.org"),))
    call = ModelCall(span_id="1", instructions="Write to b@x.org", messages=(asked,), answer=asked, error="a@x.org")
    tool = ToolCall(span_id="2", name="mail", arguments='{"to":"a@x.org"}', result="sent to a@x.org")
    trace = Trace(
        id="t", agents=(AgentRun(span_id="0", name="desk", final="a@x.org"),), model_calls=(call,), tool_calls=(tool,)
    )
    redacted = Redactor().trace(trace)

    assert "@" not in repr(redacted)
    assert "<email-1>" == redacted.agents[0].final
    assert '{"to":"<email-1>"}' == redacted.tool_calls[0].arguments


def test_events_of_the_log_share_the_placeholders_of_their_trace():
    redactor = Redactor()
    redactor.text("b@x.org", "t")
    event = LoggedEvent(name="said", trace_id="t", span_id="1", time=1.0, attributes={"body": "a@x.org, b@x.org"})

    assert {"body": "<email-2>, <email-1>"} == redactor.events([event])[0].attributes


def test_a_finder_of_ones_own_finds_more():
    def customers(text):
        return [Found(*match.span(), "customer") for match in re.finditer(r"C-\d{6}", text)]

    assert "<customer-1> wrote <email-1>" == Redactor([customers]).text("C-123456 wrote a@x.org")


def test_phone_numbers_of_other_regions_are_found_on_request():
    assert "030 901820" == Redactor().text("030 901820")
    assert "<phone-1>" == Redactor(regions=("DE",)).text("030 901820")


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "motif", ["a", "1 ", "//", "://a:", "eyJ", "sk-", "a@", "a.b", "password: ", "+1 ", "DE89 ", "4", "-", "\\", '["']
)
def test_a_hostile_text_takes_time_by_its_length_alone(motif):
    Redactor().text(motif * 100_000)


@pytest.mark.parametrize("levels", [50, 400, 900, 5_000])
def test_json_of_many_levels_is_redacted_and_stays_json(levels):
    redacted = Redactor().text("[" * levels + '"a@x.org"' + "]" * levels)

    assert "[" * levels + '"<email-1>"' + "]" * levels == redacted


@pytest.mark.parametrize(
    ("before", "secret", "after"),
    [
        ("postgres://ada:", "s3cr3t", "@db.example/orders"),
        ("//npm.example/:_authToken=", "0123-4567", "\n"),
        ("Authorization: Bearer ", "abcdefghijkl.mnop", " was sent"),
        ("", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN", ", no more"),
        ("", "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "\n"),
        ("from ", "8.8.8.8", " to 10.0.0.1"),
        ("to ", "DE89 3704 0044 0532 0130 00", "."),
    ],
)
def test_what_stays_around_a_secret(before, secret, after):
    redacted = Redactor().text(f"{before}{secret}{after}")

    assert redacted.startswith(before)
    assert redacted.endswith(after)
    assert secret not in redacted


def span(span_id, **more):
    return Span(trace_id="t", span_id=span_id, name="x", started=1.0, ended=2.0, **more)
