"""What holds for all tests alike: what comes of them depends on no machine, terminal or shell they are started from."""

import gc
import multiprocessing
import os
import signal
import threading

from hypothesis import HealthCheck, settings

SAID_BY_SHELLS = ("CI", "GITHUB_ACTIONS", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "CLICOLOR", "CLICOLOR_FORCE")
SAID_OF_TERMINALS = ("COLUMNS", "LINES", "TERMINAL_WIDTH", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
OF_SOMEBODYS_ACCOUNT = ("OTEL_", "LOGFIRE_", "OPENAI_")

# A fork server imports this once, so that a process to be killed costs milliseconds. A test process has one for all.
PRELOADED = ["spanwright.api.optimizing", "spanwright.api.texts", "spanwright.testing", "pydantic_ai.models.openai"]

# Hypothesis has a profile of its own where CI is set. Ours is the same everywhere, and no example is late: whoever
# wants more of them says `--hypothesis-profile thorough`.
ANYWHERE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=False, print_blob=True)
settings.register_profile("quick", ANYWHERE, max_examples=40)
settings.register_profile("thorough", ANYWHERE, max_examples=400)
settings.load_profile("quick")


def pytest_configure() -> None:
    """Take away what people and build servers set for the programs that they start."""
    for name in list(os.environ):
        if name in {*SAID_BY_SHELLS, *SAID_OF_TERMINALS} or name.startswith(OF_SOMEBODYS_ACCOUNT):
            del os.environ[name]
    # A shell that starts tests in the background has them ignore Ctrl-C, and so would all processes that they start.
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)


def pytest_collection_finish() -> None:
    """Leave alone what was imported and collected: it stays to the end, and no test shall pay to look through it."""
    gc.collect()
    gc.freeze()
