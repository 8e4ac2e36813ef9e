"""Runs code that nobody has read: in a process of its own, under bubblewrap, with limits, and with JSON in and out.

    ran = run(program, call="solve", arguments=[26], limits=Limits(seconds=5))
    circles = ran.unwrap()

Nothing of it runs in our process, and nothing is pickled. Where there is no sandbox `run` refuses.
"""

from spanwright.sandbox.limits import Limits
from spanwright.sandbox.running import Ending, Ran, obstacle, run

__all__ = ["Ending", "Limits", "Ran", "obstacle", "run"]
