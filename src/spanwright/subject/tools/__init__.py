"""What an agent's tools do while it is tried: run, answer from recordings, or be refused, so that trying is safe.

    calls       a call of a tool, in the form in which two equal ones are known as equal
    outcomes    what a call came to, as JSON and back: a result, a retry, a failure, a deferral
    recordings  the file of calls and what they came to
    fakes       stand-ins that the user gives, checked against the tools that they stand in for
    rehearsal   the block in which the rules hold: a rollout, or one of the user's own
    rules       which of these a call gets, and who is to blame where none fits
    timed       the deadline of a call
    guarded     the toolset around all tools of a run, where the rules are kept

Output functions, tools that run at the model's provider, and agents that are not decorated are out of its reach.
docs/design/side-effects.md has the why.
"""

from spanwright.subject.tools.calls import RehearsedCall
from spanwright.subject.tools.guarded import GuardedToolset
from spanwright.subject.tools.rehearsal import Rehearsal, current_rehearsal, rehearsing
from spanwright.subject.tools.rules import OnMissing, ReadOnly, Rules, ToolMode, Tools, inherited_rules
from spanwright.subject.tools.timed import TimedToolset

__all__ = [
    "GuardedToolset",
    "OnMissing",
    "ReadOnly",
    "Rehearsal",
    "RehearsedCall",
    "Rules",
    "TimedToolset",
    "ToolMode",
    "Tools",
    "current_rehearsal",
    "inherited_rules",
    "rehearsing",
]
