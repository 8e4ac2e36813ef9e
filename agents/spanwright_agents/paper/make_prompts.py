"""Prompts of our own with instructions to keep, in the form of IFBench: those of training are not those of the test."""

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

from spanwright_evaluators.paper.instructions import Instruction

_TOPICS: Final = ("the ferry", "a lighthouse", "the old mill", "a market day", "the flood of 1815", "a barrel race")
_TRAIN: Final[Sequence[tuple[str, Mapping[str, Any]]]] = (
    ("punctuation:no_comma", {}),
    ("change_case:english_lowercase", {}),
    ("startend:quotation", {}),
    ("detectable_format:title", {}),
    ("startend:end_checker", {"end_phrase": "That is all."}),
    ("length_constraints:number_words", {"relation": "less than", "num_words": 40}),
    ("keywords:existence", {"keywords": ["river", "bridge"]}),
    ("detectable_content:postscript", {"postscript_marker": "P.S."}),
)
_TEST: Final[Sequence[tuple[str, Mapping[str, Any]]]] = (
    ("format:no_whitespace", {}),
    ("format:output_template", {}),
    ("count:numbers", {"N": 3}),
    ("words:no_consecutive", {}),
    ("count:word_count_range", {"min_words": 10, "max_words": 60}),
    ("sentence:keyword", {"word": "river", "N": 2}),
)


def prompts(dice: Random, count: int, *, test: bool) -> str:
    """Return prompts, an object a line; of the test each has one instruction, of training one or two."""
    lines: list[str] = []
    for number in range(count):
        kinds = dice.sample(_TEST if test else _TRAIN, 1 if test else dice.randint(1, 2))
        told = " ".join(Instruction(id=id, given=given).words for id, given in kinds)
        row = {
            "key": str(number),
            "prompt": f"Tell me about {dice.choice(_TOPICS)}. {told}",
            "instruction_id_list": [id for id, _ in kinds],
            "kwargs": [{"N": None, "keywords": None, **given} for _, given in kinds],
        }
        lines.append(f"{json.dumps(row, ensure_ascii=False)}\n")
    return "".join(lines)
