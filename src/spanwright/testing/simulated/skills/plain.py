"""Answering in plain words where there is nothing to call: from the instructions, as well as their words go."""

import re
from typing import Final

from spanwright.testing.simulated.conventions import obeyed
from spanwright.testing.simulated.reading import Reading
from spanwright.testing.simulated.skills.replying import answered
from spanwright.testing.simulated.wire import ChatReply, ChatRequest, Draws
from spanwright.testing.simulated.words import stems

_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|\n+")


class PlainAnswer:
    """The skill of last resort: it answers everything, and little."""

    def reply(self, request: ChatRequest, reading: Reading, draws: Draws) -> ChatReply | None:
        """Answer with the sentence of the instructions that has most of the question's words."""
        words = stems(reading.task)
        sentences = [sentence for sentence in _SENTENCE.split(reading.instructions.text) if sentence.strip()]
        best = max(sentences, key=lambda sentence: len(words & stems(sentence)), default="")
        text = best.strip() if words & stems(best) else "I am not sure how to help with that."
        if obeyed("answer_span", reading, draws) is not None:
            text = " ".join(text.split()[:6])
        return answered(text, request, (), reading, draws)
