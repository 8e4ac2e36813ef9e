"""Runs code that nobody has read: in a process of its own, under bubblewrap, with limits, and with JSON in and out.

    ran = run(program, call="solve", arguments=[26], limits=Limits(seconds=5))
    circles = ran.unwrap()

    ran = Sandbox(functions={"complete": complete}).run(program, call="answer", arguments=["6 x 7?"])

Nothing of it runs in our process, and nothing is pickled. Where there is no sandbox `run` refuses.
"""

from spanwright.sandbox.limits import Limits
from spanwright.sandbox.listening import Ending, Functions, Refused
from spanwright.sandbox.running import Ran, Sandbox, obstacle, run
from spanwright.sandbox.snippets import Snippets, snippets

__all__ = [
    "Ending",
    "Functions",
    "Limits",
    "Ran",
    "Refused",
    "Sandbox",
    "Snippets",
    "obstacle",
    "run",
    "snippets",
]
