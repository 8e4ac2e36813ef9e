"""Requests in named fields, as DSPy and programs in its manner send them: `[[ ## question ## ]]`, then its content.

Whoever reads one knows what is given and which field is wanted. The rest is what the model can do anyway: the fields
are read as what a person would have asked, its own skills answer that, and the answer goes into the field.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from spanwright.testing.simulated.reading import Reading
from spanwright.testing.simulated.skills.answer import AnswerSkill
from spanwright.testing.simulated.skills.claims import Matter, query_for, summary_of
from spanwright.testing.simulated.skills.comprehension import NAME, Passage
from spanwright.testing.simulated.skills.manners import Conduct
from spanwright.testing.simulated.skills.odd_jobs import done
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws

_MARKER: Final = re.compile(r"^\[\[ ## (?P<name>\w+) ## \]\]", re.MULTILINE)
_ASKED: Final = re.compile(r"^Respond with the corresponding output fields,.*$", re.MULTILINE)
_WANTED: Final = re.compile(r"`\[\[ ## (?P<name>\w+) ## \]\]`")
_PASSAGE: Final = re.compile(r"^\[\d+\] «(?P<title>.+?) \| (?P<text>.*?)»$", re.MULTILINE | re.DOTALL)
_TOLD: Final = re.compile(rf"(?:(?<=^)|(?<=[.!?] ))(?P<name>{NAME}): ")


class FieldsSkill:
    """Answer requests in named fields."""

    def reply(self, request: ChatRequest, reading: Reading, draws: Draws) -> ChatReply | None:
        """Fill the wanted field; None where the request has no fields, or wants what the model cannot do."""
        asked = _ASKED.search(reading.task)
        if asked is None or reading.tools:
            return None
        wanted = [match["name"] for match in _WANTED.finditer(asked[0]) if match["name"] != "completed"]
        given = dict(_parts(reading.task[: asked.start()], _MARKER))
        text = _filled(wanted[-1], given, request, reading, draws)
        if text is None:
            return None
        thought = ("[[ ## reasoning ## ]]\nI go by what is given and by my objective.",) if len(wanted) > 1 else ()
        return ChatReply(text="\n\n".join((*thought, f"[[ ## {wanted[-1]} ## ]]\n{text}", "[[ ## completed ## ]]")))


def _filled(wanted: str, given: Mapping[str, str], request: ChatRequest, reading: Reading, draws: Draws) -> str | None:
    """Return the content of the wanted field."""
    conduct = Conduct(reading=reading, draws=draws)
    matter = _matter(given)
    if wanted == "summary":
        return summary_of(matter, conduct)
    if wanted == "query":
        return query_for(matter, conduct)
    if wanted == "answer" and matter.summaries:
        known = "\n\n".join(f"# {passage.name}\n{passage.text}" for passage in _retold(matter.summaries))
        asked = replace(reading, task=f"Question: {given['question']}\n\nPassages:\n\n{known}")
        answer = AnswerSkill().reply(request, asked, draws)
        return answer.text if answer else "unknown"
    return done(wanted, given, conduct)


def _matter(given: Mapping[str, str]) -> Matter:
    """Return what there is to know: what is asked or claimed, what was summed up so far, and what was found."""
    told = (given[name] for name in ("summary_1", "context", "summary_2") if name in given)
    found = (Passage(title=each["title"], text=each["text"]) for each in _PASSAGE.finditer(given.get("passages", "")))
    question = given.get("question", "")
    asked = f"{question[:1].lower()}{question[1:]}"  # its first word has a capital for no name's sake
    return Matter(claim=given.get("claim") or asked, summaries=tuple(told), found=tuple(found))


def _retold(summaries: Iterable[str]) -> tuple[Passage, ...]:
    """Return what summaries tell of each name."""
    retold = (Passage(title=name, text=text) for summary in summaries for name, text in _parts(summary, _TOLD))
    return tuple(dict.fromkeys(retold))


def _parts(text: str, heading: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield each heading's name with what stands below it."""
    found = list(heading.finditer(text))
    for this, following in zip(found, [*found[1:], None], strict=True) if found else ():
        yield this["name"], text[this.end() : following.start() if following else len(text)].strip()
