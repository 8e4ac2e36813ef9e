"""Spanwright makes tool-using agents better from their own traces.

    support = optimizable(Agent("openai:gpt-5-mini", name="support", instructions="Help the customer."))
    result = await optimize(support, tickets)

Decorate a pydantic-ai agent, hand over evals, and the texts of its instructions and tools are rewritten by what its
rollouts show, kept where they measurably help.
"""

from spanwright.api import DEFAULT_STORE, Run, interruptible, optimize, optimize_sync
from spanwright.core.candidate import Candidate, Component, ComponentId, Kind
from spanwright.core.case import Case
from spanwright.core.context import ReflectionContext
from spanwright.core.events import Event, StopReason
from spanwright.core.proposal import Proposal, Reflection, Refusal
from spanwright.core.protocols import Evaluator, Observer, Reflector, Subject
from spanwright.core.score import Score
from spanwright.core.trace import Trace
from spanwright.core.usage import Budget, Usage
from spanwright.engine import Stop
from spanwright.errors import RunMismatch, SpanwrightError, StoreError, UsageError, UserBug
from spanwright.report import Result
from spanwright.search import Policy
from spanwright.store import SqliteStore
from spanwright.subject import Evals, optimizable, wearing

__all__ = [
    "DEFAULT_STORE",
    "Budget",
    "Candidate",
    "Case",
    "Component",
    "ComponentId",
    "Evals",
    "Evaluator",
    "Event",
    "Kind",
    "Observer",
    "Policy",
    "Proposal",
    "Reflection",
    "ReflectionContext",
    "Reflector",
    "Refusal",
    "Result",
    "Run",
    "RunMismatch",
    "Score",
    "SpanwrightError",
    "SqliteStore",
    "Stop",
    "StopReason",
    "StoreError",
    "Subject",
    "Trace",
    "Usage",
    "UsageError",
    "UserBug",
    "interruptible",
    "optimizable",
    "optimize",
    "optimize_sync",
    "wearing",
]
