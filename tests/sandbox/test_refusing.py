"""Where no sandbox is to be had: evolved code is refused, unless the user says by name that it is trusted."""

import pytest

from spanwright import UsageError
from spanwright.sandbox import Ending, Limits, run
from spanwright.sandbox import running as sandbox_running

SOON = Limits(seconds=20, memory=1 << 29)
NOW = Limits(seconds=1.5, memory=1 << 29)


def test_without_a_sandbox_it_refuses_unless_it_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_running, "obstacle", lambda: "bubblewrap (bwrap) is not installed")

    with pytest.raises(UsageError, match=r"no sandbox here: bubblewrap .* is not installed. Install bubblewrap"):
        run("def f(): return 1", call="f")
    assert 1 == run("def f(): return 1", call="f", without_sandbox=True, limits=SOON).unwrap()
    hung = run("def f():\n    while True: pass", call="f", without_sandbox=True, limits=NOW)
    assert Ending.TIME is hung.ending
