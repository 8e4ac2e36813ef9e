"""A console that goes quiet when nobody reads it any more: rich's own would end the process, and with it a paid run."""

import os
from collections.abc import Mapping
from typing import IO

from rich.console import Console


class Screen(Console):
    """Where reports are shown: colours and live lines on a terminal, plain text in a file or pipe."""

    def __init__(
        self,
        file: IO[str] | None = None,
        *,
        stderr: bool = False,
        width: int | None = None,
        terminal: bool | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        super().__init__(
            file=file,
            stderr=stderr,
            width=width,
            force_terminal=terminal,
            highlight=False,
            soft_wrap=True,
            _environ=environment,
        )

    @property
    def is_live(self) -> bool:
        """Whether lines can be drawn anew in place."""
        return self.is_terminal and not self.is_dumb_terminal

    def on_broken_pipe(self) -> None:
        """Print nothing more."""
        self.quiet = True
