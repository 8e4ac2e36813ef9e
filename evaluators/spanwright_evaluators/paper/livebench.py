"""LiveBench-Math: a scorer for each kind of question, by LiveBench's own definitions.

Multiple choice (AMC, SMC): the letter, in the forms that the question asks for. AIME: the number at the end. Olympiads:
the order of a proof's parts, with credit by edit distance. AMPS_Hard: an expression, by math-verify.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from pydantic_evals import Case

from spanwright import Score, Trace, UsageError
from spanwright_evaluators.paper.boxed import last_boxed, same
from spanwright_evaluators.paper.text import expected

_THOUGHT: Final = re.compile(r"<think>.*?</think>", re.DOTALL)
_SOLUTION: Final = re.compile(r"<solution>(.*?)</solution>")
_CHOICE: Final = re.compile(r"\\textbf{\(([A-E])\)\s?}(.*?)(?:\\qquad|\$)")
_AT_THE_END: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is known of a question."""

    kind: str
    """LiveBench's subtask, like `amc_12a`, `aime_i`, `imo`, `amps_hard_gcd`."""
    text: str
    truth: str


async def judge(case: Case[str, Any, Any], output: str, trace: Trace) -> Score:
    """Score one answer."""
    question = expected(case, Question)
    answer = _THOUGHT.sub("", output)
    value, told = await _scored(question, answer)
    return Score(value=value, feedback=told)


async def _scored(question: Question, answer: str) -> tuple[float, str]:
    first, _, rest = question.kind.partition("_")
    if first in {"amc", "smc"} or rest.startswith("amc"):
        return choice(question.truth, answer, question.text)
    if first == "aime":
        return number_at_the_end(question.truth, answer)
    if first in {"imo", "usamo"}:
        return order(question.truth, answer)
    if "amps_hard" in question.kind:
        return await expression(question.truth, answer)
    raise ValueError(f"no scorer knows questions of the kind {question.kind!r}")


def choice(truth: str, answer: str, question: str) -> tuple[float, str]:
    """Score a letter: between tags, four times in a row, boxed, as its value at the end, or on the last line."""
    solutions = _SOLUTION.findall(answer)
    given = solutions[-1] if solutions else ""
    box = re.sub(r"\\text\{|[}\\]", "", last_boxed(answer) or "").lower()
    value = _value_of(truth, question)
    line = answer.strip().rsplit("\n", 1)[-1]
    ways = {
        "between <solution> tags": len(set(given)) == 1 and given[0].lower() == truth.lower(),
        "as a letter repeated five times": truth * 4 in answer,
        "in a box": box == truth.lower(),
        "as its value at the end": bool(value) and value in answer[-(20 + len(value)) :],
        "on the last line": truth.lower() in {line.replace("*", "").strip().lower(), _bracketed(line).lower()},
    }
    found = [way for way, there in ways.items() if there]
    if found:
        return 1.0, f"correct: {truth}, found {found[0]}"
    told = f"between <solution> tags: {given or 'nothing'}; in a box: {box or 'nothing'}; the last line: {line[-80:]!r}"
    return 0.0, f"expected {truth!r}, which was found neither {', nor '.join(ways)}. What was there: {told}"


def number_at_the_end(truth: str, answer: str) -> tuple[float, str]:
    """Score a number that has to stand among the last fifty characters."""
    right = truth in answer[-_AT_THE_END:]
    told = "correct" if right else f"the last {_AT_THE_END} characters are {answer[-_AT_THE_END:]!r}"
    return float(right), f"{told}; expected {truth!r} among the last {_AT_THE_END} characters"


def order(truth: str, answer: str) -> tuple[float, str]:
    """Score an order of numbers by its edit distance from the right one."""
    gold = [int(number) for number in truth.split(",")]
    given = numbers(answer)
    value = 1 - _distance(given, gold) / max(len(given), len(gold))
    return value, f"{value:.0%} right by edit distance: read {given}, expected {gold}"


async def expression(truth: str, answer: str) -> tuple[float, str]:
    """Score an expression: what stands in the last box, else between the last dollar signs, else at the very end."""
    gold, text = _bare_truth(truth), _bare_answer(answer)
    boxed = last_boxed(text)
    given = _normal(boxed) if boxed is not None else _in_dollars(text)
    if given is None:
        right = text.rstrip(".").endswith(gold)
        return float(right), f"{'correct' if right else 'no answer could be read'}; expected {gold!r}"
    right = await same(gold, given)
    return float(right), f"{'correct' if right else 'not equal'}: read {given!r}, expected {gold!r}"


def numbers(answer: str) -> list[int | None]:
    """Return the list of numbers that an answer gives: after "Answer:", in a box, or on its last line.

    What stands in place of a number is None, and a place of its own.
    """
    low = answer.lower()
    attempts: list[str] = []
    if "answer:" in low:
        lines = low.strip().split("\n")
        place = max(number for number, line in enumerate(lines) if "answer:" in line)
        said = lines[place].split("answer:")[1].strip(" *.")
        attempts.append(said or (lines[place + 1].replace("**", "").replace(".", "") if place + 1 < len(lines) else ""))
    if (box := last_boxed(answer)) is not None:
        attempts.append(box.replace("\\text{", "").replace("}", ""))
    read = (_listed(attempt) for attempt in attempts)
    found = next((each for each in read if any(number is not None for number in each)), [])
    return found or _ends(low.strip().rsplit("\n", 1)[-1]) or _until_other(low.rsplit("answer:", 1)[-1])


def _listed(text: str) -> list[int | None]:
    words = (part.strip().split(" ")[-1] for part in text.split(","))
    bare = (re.sub(r"[${}\\<>]|boxed|\*", "", word).replace(".", "") for word in words)
    return [int(word) if word.lstrip("-").isdecimal() else None for word in bare]


def _ends(line: str) -> list[int | None]:
    """Return the first number of each part of a line."""
    found = (re.search(r"\d+", part) for part in line.split(","))
    return [int(match[0]) for match in found if match]


def _until_other(text: str) -> list[int | None]:
    """Return the first number of each part of a text, up to the first part that has more than a number."""
    read: list[int | None] = []
    for place, part in enumerate(text.split(",")):
        match = re.search(r"\d+", part)
        read += [int(match[0])] if match else []
        if place and (match is None or match[0] != part.strip()):
            break
    return read


def _distance(given: Sequence[int | None], gold: Sequence[int]) -> int:
    try:
        levenshtein: Any = import_module("rapidfuzz.distance").Levenshtein
    except ModuleNotFoundError as error:
        raise UsageError(
            "LiveBench-Math needs rapidfuzz, which is not installed", "Install it: pip install 'spanwright[paper]'"
        ) from error
    return int(levenshtein.distance(given, gold))


def _value_of(letter: str, question: str) -> str:
    """Return what the question offers under a letter; empty where it does not say."""
    return {name: text.strip().strip("$~") for name, text in _CHOICE.findall(question)}.get(letter, "")


def _bracketed(line: str) -> str:
    return line.split("(")[1].split(")", maxsplit=1)[0] if "(" in line and ")" in line else ""


def _bare_truth(truth: str) -> str:
    return re.sub(r"\\(?:left|right)", "", truth).replace(" ^", "^").replace("\\ ", "*")


def _bare_answer(answer: str) -> str:
    """Return an answer without a constant of integration and what only spaces it."""
    bare = re.sub(r"\+ ?[Cc](?![A-Za-z])", "", answer).replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac")
    bare = re.sub(r"\\(?:left|right|[bB]igl|[bB]igr|,|;)", "", bare)
    return bare.replace("\n", "").replace("\\cdot", "*")


def _in_dollars(text: str) -> str | None:
    parts = [part for part in re.split(r"\$+", text)[1:] if part.strip()] if text.count("$") > 1 else []
    if not parts:
        return None
    inside = re.findall(r"\$+([^$]+)\$+", text)[-1]
    return _normal(inside.split("\\quad \\text{or} \\quad")[-1])


def _normal(answer: str) -> str:
    """Return an answer without words around it, as LiveBench takes it from the appendix of Minerva."""
    last = answer.rsplit("=", 1)[-1]
    last = re.sub(r"\\(?:text|textbf|overline)\{(.*?)\}", r"\1", last)
    last = re.sub(r"frac([^{])(.)", r"frac{\1}{\2}", last)
    last = re.sub(r"sqrt([^{\[])", r"sqrt{\1}", last).replace("$", "").strip()
    return last.replace(",", "") if last.replace(",", "").isdecimal() else last
