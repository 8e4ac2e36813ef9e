"""The 25 instructions of IFEval (Zhou et al. 2023), by their published definitions."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

from spanwright_evaluators.paper.instructions.given import Check, Given
from spanwright_evaluators.paper.instructions.language import language_is, sentences, tokens, words

_ANSWERS: Final = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_POSTSCRIPTS: Final = {"P.P.S": r"\s*p\.\s?p\.\s?s.*$", "P.S.": r"\s*p\.\s?s\..*$"}
_FENCES: Final = ("```json", "```Json", "```JSON", "```")


def _compared(count: int, relation: str, threshold: float) -> bool:
    return count < threshold if relation == "less than" else count >= threshold


def _keywords(text: str, given: Given) -> bool:
    return all(re.search(word, text, re.IGNORECASE) for word in given.list("keywords"))


def _keyword_frequency(text: str, given: Given) -> bool:
    found = len(re.findall(given.text("keyword"), text, re.IGNORECASE))
    return _compared(found, given.text("relation"), given.number("frequency"))


def _forbidden(text: str, given: Given) -> bool:
    return not any(re.search(rf"\b{word}\b", text, re.IGNORECASE) for word in given.list("forbidden_words"))


def _letter_frequency(text: str, given: Given) -> bool:
    found = Counter(text.lower())[given.text("letter").lower()]
    return _compared(found, given.text("let_relation"), given.number("let_frequency"))


def _language(text: str, given: Given) -> bool:
    return language_is(text, given.text("language"))


def _sentence_count(text: str, given: Given) -> bool:
    return _compared(len(sentences(text)), given.text("relation"), given.number("num_sentences"))


def _word_count(text: str, given: Given) -> bool:
    return _compared(len(words(text)), given.text("relation"), given.number("num_words"))


def _divided_paragraphs(text: str, given: Given) -> bool:
    parts = re.split(r"\s?\*\*\*\s?", text)
    if any(not part.strip() for part in parts[1:-1]):
        return False
    empty = sum(not parts[place].strip() for place in {0, len(parts) - 1})
    return len(parts) - empty == given.number("num_paragraphs")


def _nth_paragraph(text: str, given: Given) -> bool:
    parts = text.split("\n\n")
    filled = sum(bool(part.strip()) for part in parts)
    nth = given.whole("nth_paragraph")
    if nth > filled or not parts[nth - 1].strip():
        return False
    word = parts[nth - 1].split()[0].lstrip("'").lstrip('"')
    first = re.split(r"[.,?!'\"]", word)[0].lower()
    return filled == given.number("num_paragraphs") and first == given.text("first_word").lower()


def _placeholders(text: str, given: Given) -> bool:
    return len(re.findall(r"\[.*?\]", text)) >= given.number("num_placeholders")


def _postscript(text: str, given: Given) -> bool:
    marker = given.text("postscript_marker").strip()
    pattern = _POSTSCRIPTS.get(marker, rf"\s*{marker.lower()}.*$")
    return bool(re.search(pattern, text.lower(), re.MULTILINE))


def _bullets(text: str, given: Given) -> bool:
    stars = re.findall(r"^\s*\*[^\*].*$", text, re.MULTILINE)
    dashes = re.findall(r"^\s*-.*$", text, re.MULTILINE)
    return len(stars) + len(dashes) == given.number("num_bullets")


def _constrained(text: str, given: Given) -> bool:
    return any(answer in text for answer in _ANSWERS)


def _highlights(text: str, given: Given) -> bool:
    single = [each for each in re.findall(r"\*[^\n\*]*\*", text) if each.strip("*").strip()]
    double = [
        each for each in re.findall(r"\*\*[^\n\*]*\*\*", text) if each.removeprefix("**").removesuffix("**").strip()
    ]
    return len(single) + len(double) >= given.number("num_highlights")


def _sections(text: str, given: Given) -> bool:
    parts = re.split(rf"\s?{given.text('section_spliter').strip()}\s?\d+\s?", text)
    return len(parts) - 1 >= given.number("num_sections")


def _json(text: str, given: Given) -> bool:
    bare = text.strip()
    for fence in _FENCES:
        bare = bare.removeprefix(fence)
    try:
        json.loads(bare.removesuffix("```").strip())
    except ValueError:
        return False
    return True


def _title(text: str, given: Given) -> bool:
    return any(title.lstrip("<").rstrip(">").strip() for title in re.findall(r"<<[^\n]+>>", text))


def _two_responses(text: str, given: Given) -> bool:
    parts = text.split("******")
    if any(not part.strip() for part in parts[1:-1]):
        return False
    filled = [part.strip() for part in parts if part.strip()]
    return len(filled) == 2 and filled[0] != filled[1]


def _repeated_prompt(text: str, given: Given) -> bool:
    return text.strip().lower().startswith(given.text("prompt_to_repeat").strip().lower())


def _ending(text: str, given: Given) -> bool:
    return text.strip().strip('"').lower().endswith(given.text("end_phrase").strip().lower())


def _capital_words(text: str, given: Given) -> bool:
    found = sum(word.isupper() for word in tokens(text))
    return _compared(found, given.text("capital_relation"), given.number("capital_frequency"))


def _all_capitals(text: str, given: Given) -> bool:
    return text.isupper() and language_is(text, "en")


def _all_lowercase(text: str, given: Given) -> bool:
    return text.islower() and language_is(text, "en")


def _no_comma(text: str, given: Given) -> bool:
    return "," not in text


def _quoted(text: str, given: Given) -> bool:
    bare = text.strip()
    return len(bare) > 1 and bare[0] == bare[-1] == '"'


CLASSIC: Final[Mapping[str, Check]] = {
    "keywords:existence": _keywords,
    "keywords:frequency": _keyword_frequency,
    "keywords:forbidden_words": _forbidden,
    "keywords:letter_frequency": _letter_frequency,
    "language:response_language": _language,
    "length_constraints:number_sentences": _sentence_count,
    "length_constraints:number_paragraphs": _divided_paragraphs,
    "length_constraints:number_words": _word_count,
    "length_constraints:nth_paragraph_first_word": _nth_paragraph,
    "detectable_content:number_placeholders": _placeholders,
    "detectable_content:postscript": _postscript,
    "detectable_format:number_bullet_lists": _bullets,
    "detectable_format:constrained_response": _constrained,
    "detectable_format:number_highlighted_sections": _highlights,
    "detectable_format:multiple_sections": _sections,
    "detectable_format:json_format": _json,
    "detectable_format:title": _title,
    "combination:two_responses": _two_responses,
    "combination:repeat_prompt": _repeated_prompt,
    "startend:end_checker": _ending,
    "startend:quotation": _quoted,
    "change_case:capital_word_frequency": _capital_words,
    "change_case:english_capital": _all_capitals,
    "change_case:english_lowercase": _all_lowercase,
    "punctuation:no_comma": _no_comma,
}
