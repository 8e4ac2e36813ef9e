"""Where a test lets this process die: SPANWRIGHT_FAILPOINT=STAGE:KIND[:PASSED], like `committed:rollout_ended:3`.

The process kills itself by SIGKILL when the record of that kind comes to that stage, after PASSED others have passed.
Nothing is flushed, closed or told. Without the variable there is no failpoint, and all this is one comparison.
"""

import os
import signal
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

VARIABLE = "SPANWRIGHT_FAILPOINT"


class Stage(StrEnum):
    """How far a record has come."""

    QUEUED = "queued"
    """It is in memory, and the run goes on with it."""
    WRITTEN = "written"
    """It stands in a transaction that is not committed."""
    COMMITTED = "committed"
    """It is on disk, and nobody knows yet."""
    ACKNOWLEDGED = "acknowledged"
    """Whoever waited for it goes on."""


@dataclass(slots=True)
class Failpoint:
    """The moment at which this process is to die."""

    stage: str
    kind: str
    left: int

    @classmethod
    def armed(cls) -> Self | None:
        """Return the failpoint that the environment names, or None."""
        stage, _, rest = os.environ.get(VARIABLE, "").partition(":")
        kind, _, passed = rest.partition(":")
        return cls(stage=stage, kind=kind, left=int(passed or 0)) if stage else None

    def passed(self, stage: Stage, kind: str) -> None:
        """Take note that a record has come to a stage, and die where that is the moment."""
        if (stage, kind) != (self.stage, self.kind):
            return
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
