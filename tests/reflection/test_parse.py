"""Messy answers, read: the texts come out exactly as they were meant."""

import json

import pytest
from reflection_fixtures import tool_and_parameter

from spanwright.core.proposal import Refusal, RefusalReason
from spanwright.reflection.checks import Ground, judged
from spanwright.reflection.parse import Said, parse
from spanwright.reflection.reading import Reading

IDS = ("support/instructions", "support/tool:refund", "support/tool:refund/amount")
TEXT = 'Refund an order.\nSay "done" when it\'s done; amounts are in cents, e.g. {amount}.'
EDIT = {"component": IDS[1], "why": "units", "text": TEXT}
LESSON = {"component": IDS[0], "text": "Amounts are cents."}
ANSWER = {"diagnosis": "Units.", "edits": [EDIT], "lessons": [LESSON]}
JSON = json.dumps(ANSWER)
TAGS = f"""<diagnosis>Units.</diagnosis>
<edit component="{IDS[1]}" why="units">
{TEXT}
</edit>
<lesson component="{IDS[0]}">Amounts are cents.</lesson>"""

MESSY = {
    "json": JSON,
    "json, indented": json.dumps(ANSWER, indent=4),
    "tags": TAGS,
    "tags with single quotes": TAGS.replace(f'component="{IDS[1]}" why="units"', f"component='{IDS[1]}' why='units'"),
    "tags in a fence": f"```xml\n{TAGS}\n```",
    "tags in an answer tag": f"<answer>\n<edits>\n{TAGS}\n</edits>\n</answer>",
    "tags as elements": f"<diagnosis>Units.</diagnosis><edit><component>{IDS[1]}</component><text>{TEXT}</text></edit>",
    "tags, not closed between": TAGS.replace("</edit>", ""),
    "tags, not closed at the end": TAGS.partition("\n</edit>")[0],
    "tags, escaped": TAGS.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;"),
    "tags after a thought": f"<think>Maybe <edit component='x'>no</edit></think>{TAGS}",
    "tags with spaces": TAGS.replace("<edit ", "< edit  ").replace("</edit>", "</ edit >"),
    "json after prose with brackets": f"I looked at [1] and {{amount}}. Here it is:\n{JSON}\nDone [2].",
    "json, an unescaped quote": JSON.replace('\\"done\\"', '"done"'),
    "json, raw line breaks": JSON.replace("\\n", "\n"),
    "json, missing comma": json.dumps(ANSWER, indent=1)
    .replace('",\n  "edits"', '"\n  "edits"')
    .replace('],\n "l', ']\n "l'),
    "json, comments": json.dumps(ANSWER, indent=1).replace("\n", " // why not\n", 1).replace("[\n", "[ /* one */\n", 1),
    "json, a bracket missing": JSON[:-1],
    "json, two brackets missing": json.dumps({"edits": [EDIT]})[:-2],
    "json, other case and names": json.dumps(
        {"Edits": [{"Component_ID": IDS[1], "New Text": TEXT, "Reason": "units"}]}
    ),
    "json in an array of one": json.dumps([ANSWER]),
    "json in a string in an object": json.dumps({"arguments": JSON}),
    "json in a string in a string": json.dumps(json.dumps(JSON)),
    "an openai tool call": json.dumps({"tool_calls": [{"function": {"name": "propose", "arguments": JSON}}]}),
    "a mistral tool call": f"[TOOL_CALLS]propose{JSON}",
    "texts by id": json.dumps({IDS[1]: TEXT}),
    "edits by id": json.dumps({"diagnosis": "Units.", "edits": {f"`{IDS[1]}`": {"text": TEXT, "why": "units"}}}),
    "edits as pairs": json.dumps({"edits": [[IDS[1], TEXT]]}),
    "text in lines": json.dumps({"edits": [{"component": IDS[1], "text": TEXT.split("\n")}]}),
    "loose objects": f"First:\n{json.dumps(EDIT)}\nThat is all.",
    "loose objects, lessons among them": f'{{"edits": [{json.dumps(EDIT)}] oops "lessons": [{json.dumps(LESSON)}]',
    "a draft and an answer": json.dumps({"edits": [{**EDIT, "text": "Draft."}]}) + "\nBetter:\n" + JSON,
    "the schema and an answer": '{"type": "object", "properties": {"edits": {"type": "array"}}}\n' + JSON,
    "a heading and a fence": f"## Diagnosis\nUnits.\n\n### `{IDS[1]}`\nNew text:\n```text\n{TEXT}\n```\n",
    "python": repr(ANSWER),
    "typographic quotes": "{“edits”: [{“component”: “support/tool:refund”, “text”: “"
    + TEXT.replace("\n", "\\n")
    + "”}]}",
    "backticks as quotes": "{edits: [{component: `support/tool:refund`, text: `" + TEXT + "`}]}",
    "hidden characters": f"\ufeff\u200b{JSON}\u200b\u202e",
    "harmony channels": f"<|channel|>analysis<|message|>{{}}<|end|><|start|>assistant<|channel|>final<|message|>{JSON}",
    "an end token": f"{TAGS}</s>",
}


def read(said):
    reading = parse(said, IDS)
    assert isinstance(reading, Reading), reading
    return reading


@pytest.mark.parametrize("text", MESSY.values(), ids=MESSY)
def test_the_text_comes_out_as_it_was_meant(text):
    reading = read(Said(text=text))

    assert TEXT == reading.edits[-1].text.strip()
    assert all("refund" in edit.component for edit in reading.edits)


def test_tags_that_a_text_speaks_of_belong_to_it():
    text = "Answer in <answer></answer> tags, with <diagnosis>, then <lesson>, and <edits>."

    reading = read(Said(text=f'<answer><edit component="{IDS[0]}" why="form">\n{text}\n</edit></answer>'))

    assert [text] == [edit.text for edit in reading.edits]
    assert () == reading.lessons


def test_what_stands_under_lessons_is_never_an_edit():
    reading = read(Said(text=json.dumps({"diagnosis": "d", "edits": [], "lessons": [LESSON]})))

    assert () == reading.edits
    assert isinstance(
        parse(Said(text=json.dumps({"edits": [{"component": IDS[0]}], "lessons": [LESSON]})), IDS), Refusal
    )


def test_an_answer_inside_of_a_message_is_found():
    message = {"name": "assistant", "content": JSON}

    assert TEXT == read(Said(text=json.dumps(message))).edits[0].text
    assert TEXT == read(Said(text=json.dumps({"choices": [{"message": {"content": JSON}}]}))).edits[0].text


@pytest.mark.parametrize("shape", [JSON, TAGS], ids=["json", "tags"])
def test_an_answer_that_was_cut_off_gives_no_half_texts(shape):
    whole = read(Said(text=shape))
    for end in range(len(shape)):
        reading = parse(Said(text=shape[:end], finished=False), IDS)

        if isinstance(reading, Refusal):
            assert RefusalReason.TRUNCATED == reading.reason
        else:
            assert whole.edits == tuple(edit for edit in reading.edits)


def test_an_answer_that_was_cut_off_in_its_second_edit_keeps_the_first():
    text = json.dumps({"edits": [EDIT, {**EDIT, "component": IDS[2], "text": "In cents, as an integer."}]})

    reading = read(Said(text=text[:-20], finished=False))

    assert [IDS[1]] == [edit.component for edit in reading.edits]
    assert not reading.whole


def test_calls_are_read_before_text():
    reading = read(Said(calls=(JSON,), text=TAGS.replace("cents", "euros")))

    assert TEXT == reading.edits[0].text


def test_text_is_read_where_calls_say_nothing():
    reading = read(Said(calls=("",), text=TAGS))

    assert TEXT == reading.edits[0].text
    assert "Amounts are cents." == reading.lessons[0].text
    assert "Units." == reading.diagnosis


DEGENERATE = {
    "nothing": "",
    "braces": "{" * 50_000,
    "brackets": "[" * 50_000,
    "half tags": "<edit " * 20_000,
    "open tags": "<edit>" * 5_000,
    "half strings": '{"a":"' * 5_000,
    "backticks": "`" * 100_000,
    "backslashes": "\\" * 100_000,
    "quotes": "'" * 50_000,
    "empty lines": "\n" * 300_000,
    "a string of empty lines": '{"text": "' + "\n" * 300_000,
    "thoughts": "<think></think>" * 20_000,
    "fences": "```\n" * 20_000,
    "words": "check " * 60_000,
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("text", DEGENERATE.values(), ids=DEGENERATE)
def test_no_answer_is_slow_or_breaks_the_reader(text):
    for each in (
        text,
        f"<edit component='{IDS[0]}'>{text}",
        json.dumps({"edits": [{"component": IDS[0], "text": text}]}),
    ):
        result = parse(Said(text=each), IDS)

        assert isinstance(result, Refusal | Reading)
        if isinstance(result, Reading):
            judged(result, Ground.of(tool_and_parameter(), tool_and_parameter().components))
