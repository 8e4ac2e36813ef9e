"""Whether a champion still fits the agent that wears it: looked at in the agent's first request, and said once.

An agent's tools are registered after it was decorated, so nothing can be said before it runs. A misfit is a warning in
the log and no error: the texts that fit are worn.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition

from spanwright.core.candidate import Component
from spanwright.errors import UsageError
from spanwright.subject.champion import Champion, misfits
from spanwright.subject.surface import surface
from spanwright.subject.texts import texts_in_code

_log = logging.getLogger("spanwright")


@dataclass(slots=True)
class Fit:
    """What one agent is compared by. Without a champion it keeps nothing."""

    agent: str
    champion: Champion | None = None
    """Until it was looked at."""
    _bare: dict[bool, list[ToolDefinition]] = field(default_factory=dict[bool, list[ToolDefinition]])

    def note(self, tools: list[ToolDefinition], *, output: bool) -> None:
        """Keep tools as they are before they are dressed."""
        if self.champion is not None:
            self._bare[output] = tools

    def look(
        self,
        messages: Sequence[ModelMessage],
        parameters: ModelRequestParameters,
        made: Iterable[Component],
    ) -> None:
        """Warn of what does not fit, the first time only."""
        champion, self.champion = self.champion, None
        if champion is None:
            return
        tools = self._bare.pop(False, parameters.function_tools)
        known = {tool.name for tool in tools}
        bare = replace(
            parameters,
            function_tools=[*tools, *(tool for tool in parameters.function_tools if tool.name not in known)],
            output_tools=self._bare.pop(True, parameters.output_tools),
        )
        shown = tuple(surface(self.agent, messages, bare, made))
        if champion.texts.keys() - {component.id for component in shown}:
            shown += self._in_code(champion)
        for misfit in misfits(champion, shown):
            _log.warning("champion of %s: %s: %s", champion.run or "a run", misfit.component, misfit.said)

    def _in_code(self, champion: Champion) -> tuple[Component, ...]:
        """Return the texts of the user's own code. Two defaults under one key are for `optimize` to refuse."""
        try:
            return texts_in_code([self.agent])
        except UsageError as error:
            _log.warning("champion of %s: %s", champion.run or "a run", error.what)
            return ()
