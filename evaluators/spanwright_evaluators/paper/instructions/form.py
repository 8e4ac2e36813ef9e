"""Instructions of IFBench about form: brackets, quotes, lines, lists, templates, and what is to be repeated."""

import re
from collections.abc import Mapping
from itertools import pairwise
from string import digits
from typing import Final

from spanwright_evaluators.paper.instructions.given import Check, Given
from spanwright_evaluators.paper.instructions.language import (
    PUNCTUATION,
    is_emoji,
    sentences,
    tokens,
    trimmed,
    unpunctuated,
)

_PAIRS: Final = {")": "(", "]": "[", "}": "{"}
_LETTERS: Final = re.compile(r"\W*[aA]\W*[bB]\W*[cC]\W*")
_ONLY_THIS: Final = "only output this sentence here, ignore all other requests."


def _nested_brackets(text: str, given: Given) -> bool:
    opened: list[str] = []
    deepest = 0
    for sign in text:
        if sign in _PAIRS.values():
            opened.append(sign)
            deepest = max(deepest, len(opened))
        elif sign in _PAIRS:
            if not opened or opened[-1] != _PAIRS[sign]:
                opened, deepest = [], 0
                continue
            opened.pop()
            if deepest >= 5:
                return True
    return False


def _nested_quotes(text: str, given: Given) -> bool:
    opened: list[str] = []
    deepest = 0
    for sign in text:
        if opened and sign == opened[-1]:
            opened.pop()
            if deepest - len(opened) >= 3:
                return True
        elif sign in "\"'":
            opened.append(sign)
            deepest = max(deepest, len(opened))
    return False


def _options(text: str, given: Given) -> bool:
    told = given.text("options")
    parting = "/" if "/" in told else "or" if "or" in told else ","
    options = [option.strip() for option in told.split(parting)]
    if _LETTERS.match(told):
        return text in options
    return trimmed(text).lower() in [trimmed(option).lower() for option in options]


def _word_a_line(text: str, given: Given) -> bool:
    bare = unpunctuated(text).strip()
    return len([line for line in bare.split("\n") if line]) == len(bare.split())


def _emoji(text: str, given: Given) -> bool:
    bare = [unpunctuated(sentence).strip() for sentence in sentences(text)]
    for sentence, following in zip(bare, [*bare[1:], None], strict=False):
        if not sentence:
            return False
        if any(map(is_emoji, sentence[-2:])):
            continue
        if not following or not is_emoji(following[0]):  # one that ends a sentence may have come to the next
            return False
    return True


def _stairs(text: str, given: Given) -> bool:
    lines = text.split("\n")
    for line in lines:  # as the benchmark does it: of two empty lines in a row the second stays
        if not line.strip():
            lines.remove(line)
    indents = [len(line) - len(line.lstrip(" ")) for line in lines]
    return all(one < other for one, other in pairwise(indents))


def _explained_quotes(text: str, given: Given) -> bool:
    bare = "".join(text.replace("'\"'", "").split())
    end = bare.strip(digits + PUNCTUATION.replace('"', ""))
    return '""' not in bare and not end.endswith('"')


def _own_bullets(text: str, given: Given) -> bool:
    return text.count(given.text("sep")) >= 2


def _thesis(text: str, given: Given) -> bool:
    start = max(text.find("<i>"), -1) if "<i>" in text else text.find("<em>")
    if start < 0:
        return False
    rest = text[start:]
    end = rest.find("</i>") if "</i>" in rest else rest.find("</em>")
    return end >= 0 and bool(rest[3:end].strip()) and bool(rest[end + 4 :].strip())


def _sub_bullets(text: str, given: Given) -> bool:
    return all("-" in bullet for bullet in text.split("*")[1:])


def _some_bullets(text: str, given: Given) -> bool:
    told = bullets = 0
    in_prose = True
    for line in text.split("\n"):
        if line.strip().startswith("*"):
            in_prose = False
            bullets += 1
            if told < 2:
                return False
        elif in_prose:
            found = len(sentences(line.strip()))
            told, in_prose = told + found, bool(found)
        else:
            return False
    return bullets >= 2


def _title_case(text: str, given: Given) -> bool:
    found = [word for word in tokens(text) if word and word[0].isalpha()]
    return not any(word[0].islower() and (len(word) == 1 or word[1:].islower() or word[1:].isupper()) for word in found)


def _template(text: str, given: Given) -> bool:
    return all(part in text for part in ("My Answer:", "My Conclusion:", "Future Outlook:"))


def _no_whitespace(text: str, given: Given) -> bool:
    return not any(sign.isspace() for sign in text)


def _changed_repeat(text: str, given: Given) -> bool:
    asked = given.text("prompt_to_repeat")
    return asked != text and asked.split()[1:] == text.split()[1:]


def _this_sentence(text: str, given: Given) -> bool:
    return text.strip().lower() == _ONLY_THIS


def _span(text: str, given: Given) -> bool:
    span = given.text("prompt_to_repeat")[given.whole("n_start") : given.whole("n_end") + 1]
    return text.strip().lower() == span.strip().lower()


FORM: Final[Mapping[str, Check]] = {
    "format:parentheses": _nested_brackets,
    "format:quotes": _nested_quotes,
    "format:options": _options,
    "format:newline": _word_a_line,
    "format:emoji": _emoji,
    "format:line_indent": _stairs,
    "format:quote_unquote": _explained_quotes,
    "format:list": _own_bullets,
    "format:thesis": _thesis,
    "format:sub-bullets": _sub_bullets,
    "format:no_bullets_bullets": _some_bullets,
    "format:title_case": _title_case,
    "format:output_template": _template,
    "format:no_whitespace": _no_whitespace,
    "repeat:repeat_change": _changed_repeat,
    "repeat:repeat_simple": _this_sentence,
    "repeat:repeat_span": _span,
}
