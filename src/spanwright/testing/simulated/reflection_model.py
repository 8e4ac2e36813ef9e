"""The simulated reflection model: it reads a prompt with records of tries and writes better texts, as well as it can.

Its whole knowledge is the prompt, ordinary English and the public lexicon of directives. What the records do not show,
it cannot know; what they show, it sees only in part, concludes with doubt, and writes down with mistakes.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from spanwright.testing.simulated.answers import Answer, Edit
from spanwright.testing.simulated.coding.maintaining import Maintainer, is_about_builds
from spanwright.testing.simulated.lexicon import write
from spanwright.testing.simulated.reflecting.answering import Asked, spoiled
from spanwright.testing.simulated.reflecting.conclusions import Conclusions, conclude, shown
from spanwright.testing.simulated.reflecting.dossier import Dossier, read_prompt
from spanwright.testing.simulated.reflecting.findings import Finding, homes
from spanwright.testing.simulated.reflecting.obeying import obeyed
from spanwright.testing.simulated.reflecting.profile import MEDIUM, STRONG, WEAK, Profile
from spanwright.testing.simulated.reflecting.rewriting import rewritten
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws

__all__ = ["MEDIUM", "STRONG", "WEAK", "Profile", "ReflectionModel"]


class ReflectionModel:
    """A simulated model for reflectors."""

    def __init__(self, profile: Profile = MEDIUM, *, prompts: int = 256) -> None:
        self._profile: Final = profile
        self._maintainer: Final = Maintainer(profile)
        self._studied: Final = lru_cache(maxsize=prompts)(_studied)

    def reply(self, request: ChatRequest, draws: Draws) -> ChatReply:
        """Answer one request."""
        prompt = "\n\n".join(message.content for message in request.messages if message.role != "assistant")
        dossier, pieces = self._studied(prompt)
        named = any(text.id for text in dossier.editable)
        builds = is_about_builds(dossier)
        answer = self._maintainer.answer(dossier, draws) if builds else self._answer(dossier, pieces, draws)
        reply = Asked.of(request, prompt, named=named).given(answer)
        return spoiled(reply, draws) if draws.chance(self._profile.malformed, "spoiled") else reply

    def _answer(self, dossier: Dossier, pieces: tuple[Finding, ...], draws: Draws) -> Answer:
        concluded = conclude(dossier, pieces, self._profile, draws)
        concluded = replace(concluded, lines=(*concluded.lines, *obeyed(dossier, self._profile, draws)))
        edits = tuple(self._edits(dossier, concluded, draws))
        return Answer(edits=edits, diagnosis=_diagnosis(concluded), lessons=_lessons(concluded.lessons, dossier))

    def _edits(self, dossier: Dossier, concluded: Conclusions, draws: Draws) -> list[Edit]:
        edits: list[Edit] = []
        for home in dossier.editable:
            lines = [line for line in concluded.lines if line.home == home]
            text = rewritten(home, lines, self._profile, draws) if lines else home.text
            if text != home.text:
                edits.append(Edit(component=home.id, text=text, why=lines[0].why))
        if not edits and dossier.editable and not dossier.editable[0].id:
            return [Edit(component="", text=dossier.editable[0].text)]
        return edits


def _studied(prompt: str) -> tuple[Dossier, tuple[Finding, ...]]:
    dossier = read_prompt(prompt)
    return dossier, shown(dossier)


def _diagnosis(concluded: Conclusions) -> str:
    kinds = {line.directive.kind.replace("_", " ") for line in concluded.lines if line.directive is not None}
    if not concluded.lines:
        return "Nothing in the records speaks against these texts."
    return f"The texts do not state what the records show: {', '.join(sorted(kinds)) or 'care'}."


def _lessons(found: tuple[Finding, ...], dossier: Dossier) -> dict[str, str]:
    """Return what is worth remembering, by component: one sentence after the other."""
    lessons: dict[str, str] = {}
    for each in found:
        places = homes(each, dossier)
        if places and places[0].id:
            said = write(each.directive)
            lessons[places[0].id] = f"{lessons[places[0].id]} {said}" if places[0].id in lessons else said
    return lessons
