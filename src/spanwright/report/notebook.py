"""An output of a notebook cell that is kept up to date: by IPython alone, which runs there anyway."""

import io
import sys
from typing import Protocol

from rich.console import Console, RenderableType

_PAGE = '<pre style="line-height: normal; overflow-x: auto; font-family: monospace; margin: 0">{code}</pre>'


class Display(Protocol):
    """Where a notebook shows things."""

    def update(self, html: str, text: str) -> None:
        """Replace what was shown by the last `update`, or show it for the first time."""
        ...

    def add(self, html: str, text: str) -> None:
        """Show something that stays."""
        ...


class _Handle(Protocol):
    def update(self, obj: object, *, raw: bool) -> None: ...


class IPythonDisplay:
    """Shows by IPython's display messages, which notebooks, labs and notebook services all understand."""

    def __init__(self) -> None:
        self._handle: _Handle | None = None

    def update(self, html: str, text: str) -> None:
        from IPython.display import display  # noqa: PLC0415  # pyright: ignore  (there wherever a notebook is)

        bundle = {"text/html": html, "text/plain": text}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    def add(self, html: str, text: str) -> None:
        from IPython.display import display  # noqa: PLC0415  # pyright: ignore  (there wherever a notebook is)

        display({"text/html": html, "text/plain": text}, raw=True)


def in_notebook() -> bool:
    """Say whether this process is the kernel of a notebook; a terminal's IPython is none."""
    shell: object = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    kind = f"{shell.__class__.__module__}.{shell.__class__.__name__}"
    return kind.endswith(".ZMQInteractiveShell") or kind.startswith("google.colab")


def html(drawn: RenderableType, width: int) -> str:
    """Return something drawn as HTML. All of it is text to the browser, whatever stands in it."""
    console = Console(file=io.StringIO(), record=True, width=width, force_jupyter=False, force_terminal=True)
    console.print(drawn)
    return console.export_html(inline_styles=True, code_format=_PAGE)
