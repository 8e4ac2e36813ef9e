"""Runs of an agent that began where no rollout reaches, as in a raw thread: they ran it as it is, and nobody saw them.

Context variables say what is worn and recorded, and such a thread has none of them. So all that can be known is that
a run began bare while rollouts of the same agent were going on; that is counted, and said once.
"""

from collections import deque
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType

from spanwright.telemetry import note_unreached


class Unreached:
    """Counts such runs of one agent."""

    def __init__(self, agent: str) -> None:
        self.agent = agent
        self._rollouts = 0
        self._runs: deque[None] = deque()
        """One for each run: threads append to it, and a number would lose some of them."""

    def note(self) -> None:
        """Count a run that began bare, from any thread."""
        if self._rollouts:
            self._runs.append(None)

    def began(self) -> None:
        """Take note of a rollout that may use the agent."""
        self._rollouts += 1

    def ended(self) -> None:
        """Hand what was counted to the recording of the rollout that ends here, which need not be the one it was in."""
        self._rollouts -= 1
        if count := len(self._runs):
            for _ in range(count):
                self._runs.popleft()
            note_unreached(self.agent, count)


class Watch(AbstractContextManager[None]):
    """Counts the unreached runs of agents inside the block, a rollout's."""

    __slots__ = ("_agents",)

    def __init__(self, agents: Sequence[Unreached]) -> None:
        self._agents = agents

    def __enter__(self) -> None:
        for agent in self._agents:
            agent.began()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for agent in self._agents:
            agent.ended()
