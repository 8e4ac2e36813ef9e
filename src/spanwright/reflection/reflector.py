"""The reflector that asks a language model: one prompt, one answer, at most one repair.

It decides nothing about the search and keeps no evidence; all it remembers is in which form its model can answer.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelContextWindowExceededError, ModelHTTPError
from pydantic_ai.messages import BinaryContent, ModelMessage, ModelResponse, TextPart, ToolCallPart, UserContent
from pydantic_ai.models import Model
from pydantic_ai.output import NativeOutput, OutputSpec, PromptedOutput, ToolOutput
from pydantic_ai.settings import ModelSettings

from spanwright.core.candidate import Kind
from spanwright.core.context import ReflectionContext
from spanwright.core.proposal import Proposal, Reflection, Refusal, RefusalReason
from spanwright.core.tokens import tokens
from spanwright.core.trace import Image
from spanwright.errors import CandidateFailed, SpanwrightError, UsageError, UserBug, WorldFailed
from spanwright.models import Retries, boundary, capabilities
from spanwright.reflection.answer import Answer
from spanwright.reflection.checks import Ground, judged, repeats_a_record
from spanwright.reflection.evidence import cut, fenced, marked
from spanwright.reflection.ladder import Ladder, Manner, rungs, speaks_of_form
from spanwright.reflection.parse import Said, parse
from spanwright.reflection.prompt import Composer, Prompt, Rung, compose
from spanwright.reflection.prose import entries, filled
from spanwright.reflection.templates import Briefs, Templates
from spanwright.reflection.turns import SHARE, TOOL, Conversation, conversation

_ALLOWANCE: Final = 24_000
"""Tokens of a prompt where nobody says otherwise: longer ones dilute what they show."""
_SMALLEST: Final = 2_000
_REPAIRED_TOKENS: Final = 1_000
_SAID: Final = 500
"""Characters of a server's error that are read."""
_UNREADABLE: Final = (RefusalReason.MALFORMED, RefusalReason.EMPTY)
_FINAL: Final = (RefusalReason.UNCHANGED, RefusalReason.DECLINED)
"""Asking again would only press a model that found no reason to edit, or that refused."""
_REFUSED: Final = (400, 405, 415, 422, 501)
_BEYOND: Final = (404, 413, 500)
"""Codes with which some servers refuse a picture."""
_PICTURES: Final = re.compile(r"image|picture|vision|multi-?modal", re.IGNORECASE)
_ELSEWHERE: Final = (401, 402, 403, 408, 409, 429)
"""These never speak of how a request is put, whatever words they contain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Consultation:
    """One answered request."""

    manner: Manner
    prompt: Prompt
    sent: str
    """All that was sent, as one text."""
    said: Said
    repaired: bool
    """Whether it was asked for a repair."""


class ModelReflector:
    """Proposes new texts by consulting `model`.

    `allowance` is the most tokens of a prompt; by default 24,000, or half of the context window where that is less.

    `prompts` are templates for components, by id, by a pattern such as `support/tool:*`, or by `Kind`. A template is
    what stands below the component's name in the prompt: `{{text}}` is its current text and must be there;
    `{{governs}}` and `{{limits}}` say what it is for and what a new text must keep. All else is said as always.

    `composer` makes the prompt: what the model is told of the evidence.
    """

    agent: ClassVar[str] = "spanwright-reflector"
    """The name by which spans tell its requests."""
    named: ClassVar[str] = "the reflection model"
    """What errors call the model."""

    def __init__(
        self,
        model: Model,
        *,
        allowance: int | None = None,
        temperature: float | None = None,
        retries: Retries | None = None,
        prompts: Templates | None = None,
        composer: Composer = compose,
    ) -> None:
        self._briefs = Briefs(prompts or {})
        window = model.context_window
        self._model = model
        self._allowance = allowance or min(_ALLOWANCE, window // 2 if window else _ALLOWANCE)
        self._temperature = temperature
        self._retries = retries or Retries()
        self._compose = composer
        self._ladder = Ladder(rungs(model.profile), temperature=temperature is not None)
        self._sees = True

    @property
    def rung(self) -> Rung:
        """The form in which the model is asked to answer next."""
        return self._ladder.manner.rung

    async def reflect(self, context: ReflectionContext, *, most_turns: int = 0) -> Reflection:
        """Answer with a Proposal or a named Refusal. Raises WorldFailed, or UserBug if the model can never answer.

        `most_turns` of the turns before this one are shown as such; `Conversing` asks for them.
        """
        context = replace(context, turns=context.turns[-most_turns:] if most_turns else ())
        if unused := self._briefs.unused((*context.components, *context.others)):
            remedy = "Name components by their ids or by patterns of them: `spanwright components` lists them"
            raise UserBug("the reflector's prompts", f"{unused[0]!r} fits no component", remedy=remedy)
        try:
            first = await self._consult(context)
        except UsageError as error:
            return Reflection(result=Refusal(reason=RefusalReason.TOO_LONG, detail=str(error)))
        except CandidateFailed as error:
            return Reflection(result=self._blamed(error))
        result = self._judge(first, context)
        if isinstance(result, Proposal) or result.reason in _FINAL:
            return Reflection(result=result, prompt=first.sent, answer=first.said.raw)
        try:
            second = await self._consult(context, repair=_repair(result, first.said))
        except (CandidateFailed, WorldFailed, UsageError):
            return Reflection(result=result, prompt=first.sent, answer=first.said.raw)
        return Reflection(
            result=self._judge(second, context),
            prompt=second.sent,
            answer=f"{first.said.raw}\n\n[{result.reason}: {result.detail}. Asked to repair it:]\n\n{second.said.raw}",
        )

    async def _consult(self, context: ReflectionContext, repair: str = "") -> _Consultation:
        """Ask until the model answers, leaving out what its server refuses. Raises what `boundary` raises."""
        manner = self._ladder.manner
        while True:
            earlier, prompt, rung = self._composed(context, manner.rung)
            user = "\n\n".join(part for part in (earlier.opening, prompt.user, repair) if part)
            try:
                with boundary(self.named):
                    response = await self._ask(prompt, user, replace(manner, rung=rung), earlier.messages)
            except SpanwrightError as error:
                manner = self._after(error, manner, tokens(earlier.text) + tokens(prompt.text))
            else:
                sent = "\n\n".join(part for part in (prompt.system, earlier.text, user) if part)
                return _Consultation(
                    manner=manner, prompt=prompt, sent=sent, said=_said(response), repaired=bool(repair)
                )

    def _composed(self, context: ReflectionContext, rung: Rung) -> tuple[Conversation, Prompt, Rung]:
        """Return earlier turns and the prompt, for an answer in the form of `rung`, or of that which patches have."""
        earlier = self._earlier(context, rung)
        prompt = self._compose(context, self._allowance - tokens(earlier.text), rung, self._briefs)
        if not prompt.patches or rung is Rung.TAGGED:
            return earlier, prompt, rung
        return self._composed(context, Rung.TAGGED) if earlier.text else (earlier, prompt, Rung.TAGGED)

    def _earlier(self, context: ReflectionContext, rung: Rung) -> Conversation:
        return conversation(context.turns, rung, int(self._allowance * SHARE))

    async def _ask(
        self, prompt: Prompt, user: str, manner: Manner, earlier: Sequence[ModelMessage] = ()
    ) -> ModelResponse:
        """Send one request through an agent, so that it is instrumented; return the answer before anybody judges it."""
        agent = Agent(name=self.agent, output_type=_output(manner.rung))
        system = prompt.system
        text = user if manner.system else f"{system}\n\n{user}"
        run = agent.iter(
            _with_images(text, prompt.images) if prompt.images and self._sees else text,
            message_history=earlier,
            model=self._model,
            instructions=system if manner.system else None,
            model_settings=ModelSettings(temperature=self._temperature) if manner.temperature else None,  # pyright: ignore[reportArgumentType]
            capabilities=capabilities(self._retries),
        )
        async with run as steps:
            node = steps.next_node
            while not Agent.is_call_tools_node(node):
                assert not Agent.is_end_node(node), "an agent's run ends only after an answer"
                node = await steps.next(node)
            return node.model_response

    def _after(self, error: SpanwrightError, manner: Manner, sent: int) -> Manner:
        """Return how to ask again after a refused request of `sent` tokens; raises `error` where that is no help."""
        cause = error.__cause__
        if isinstance(cause, ModelContextWindowExceededError) and sent > _SMALLEST:
            self._allowance = max(_SMALLEST, min(self._allowance, sent) // 2)
            return manner
        if isinstance(cause, ModelHTTPError) and self._sees and _speaks_of_pictures(cause):
            self._sees = False  # the feedback still says in words what there is to say
            return manner
        if isinstance(cause, ModelHTTPError) and _refuses_the_manner(cause):
            lower = self._ladder.below(manner, _words(cause))
            if lower is not None:
                return lower
        raise error

    def _judge(self, consultation: _Consultation, context: ReflectionContext) -> Proposal | Refusal:
        """Read and check an answer, and remember whether it could be read."""
        offered = consultation.prompt.offered
        patches, said = consultation.prompt.patches, consultation.said
        ids = tuple(component.id for component in offered)
        reading = parse(said, ids, patches=any(each.kind is Kind.ARTIFACT for each in offered))
        # Patches come in one form, however the model answers else.
        unreadable = isinstance(reading, Refusal) and reading.reason in _UNREADABLE and not patches
        self._ladder.answered(consultation.manner, readable=not unreadable, repaired=consultation.repaired)
        ground = Ground.of(context, offered, patches=patches)
        result = reading if isinstance(reading, Refusal) else judged(reading, ground)
        if patches and not said.finished and isinstance(result, Proposal):
            return Refusal(
                reason=RefusalReason.TRUNCATED, detail="it was cut at a limit of length: half a change is none"
            )
        if isinstance(result, Refusal) and repeats_a_record(said.raw):
            return Refusal(reason=RefusalReason.ECHO, detail="the answer repeats the request")
        return result

    def _blamed(self, error: CandidateFailed) -> Refusal:
        """Return the refusal for a request that failed for good. Raises UserBug where no request ever succeeded."""
        if error.boundary == "output":
            return Refusal(reason=RefusalReason.MALFORMED, detail=error.message)
        if self._ladder.proven:
            return Refusal(reason=RefusalReason.DECLINED, detail=error.message)
        remedy = "Check that model's settings and what its server supports, or choose another one"
        raise UserBug(self.named, error.message, remedy=remedy) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversing:
    """Lets `reflector` carry on a conversation along each lineage, in place of beginning anew with each attempt.

    Before its prompt stand the latest proposals that led to the parent or were made from it: as the model's own turns,
    each with what came of it, in at most 0.3 of the allowance. They are taken from the run's history and nothing is
    kept here, so that a resumed run goes on where it was, and no lineage hears of another.

        Conversing(reflector=ModelReflector(model))
    """

    reflector: ModelReflector
    most_turns: int = 6

    def __post_init__(self) -> None:
        if self.most_turns < 1:
            raise UsageError(f"most_turns={self.most_turns} of a conversation is none", "Give 1 or more")

    async def reflect(self, context: ReflectionContext) -> Reflection:
        """Answer as `reflector` does, after its earlier turns."""
        return await self.reflector.reflect(context, most_turns=self.most_turns)


def _output(rung: Rung) -> OutputSpec[Answer | str]:
    """Return what an agent is told to expect. Schemas stand in our own prose, so nothing is added to the messages."""
    match rung:
        case Rung.TOOL:
            return ToolOutput(Answer, name=TOOL, description="Hand in the diagnosis, the edits and the lessons.")
        case Rung.NATIVE:
            return NativeOutput(Answer, name="answer", template=False)
        case Rung.PROMPTED:
            return PromptedOutput(Answer, template=False)
        case Rung.TAGGED:
            return str


def _said(response: ModelResponse) -> Said:
    calls = tuple(
        part.args if isinstance(part.args, str) else json.dumps(part.args or {}, ensure_ascii=False)
        for part in response.parts
        if isinstance(part, ToolCallPart)
    )
    details = response.provider_details or {}
    reason = details.get("refusal") or details.get("finish_reason") or "content filter"
    return Said(
        calls=calls,
        text="".join(part.content for part in response.parts if isinstance(part, TextPart)),
        finished=response.finish_reason != "length",
        declined=str(reason) if response.finish_reason == "content_filter" else "",
    )


def _repair(refusal: Refusal, said: Said) -> str:
    """Return what follows the prompt when the answer to it could not be used."""
    problem = entries("problems")[refusal.reason]
    problem += f"\n\n{refusal.detail}" if "\n" in refusal.detail else f" ({refusal.detail}.)"
    answer = fenced(cut(said.raw, _REPAIRED_TOKENS), "answer")
    return marked(filled("repair", {"problem": problem, "answer": answer}))


def _refuses_the_manner(error: ModelHTTPError) -> bool:
    """Return whether another way of asking may succeed. Some servers answer 404 or 500 to a form they do not know."""
    if error.status_code in _REFUSED:
        return True
    return error.status_code not in _ELSEWHERE and speaks_of_form(_words(error))


def _speaks_of_pictures(error: ModelHTTPError) -> bool:
    """Return whether a server refused a request because its model cannot see."""
    return error.status_code in _REFUSED + _BEYOND and _PICTURES.search(_words(error)) is not None


def _with_images(text: str, images: Sequence[Image]) -> Sequence[UserContent]:
    """Return a prompt with its pictures behind it, each below its name."""
    shown: list[UserContent] = [text]
    for image in images:
        shown += [f"Picture of {image.label}", BinaryContent(data=image.content, media_type=image.media_type)]
    return shown


def _words(error: ModelHTTPError) -> str:
    """Return the beginning of what the server said: some repeat the whole request behind it."""
    return str(error.body)[:_SAID]
