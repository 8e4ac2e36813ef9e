"""Spanwright makes tool-using agents better from their own traces.

    support = optimizable(Agent("openai:gpt-5-mini", name="support", instructions="Help the customer."))
    result = await optimize(support, tickets)

Decorate a pydantic-ai agent, hand over evals, and the texts of its instructions and tools are rewritten by what its
rollouts show, kept where they measurably help.

Names are loaded when they are first asked for: an agent framework takes a second, and `spanwright --help` needs none.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from spanwright.api import (
        DEFAULT_STORE,
        Run,
        calibrate,
        interruptible,
        optimize,
        optimize_sync,
        optimize_text,
        transfer,
    )
    from spanwright.core.candidate import Candidate, Component, ComponentId, Kind
    from spanwright.core.case import Case
    from spanwright.core.context import ReflectionContext
    from spanwright.core.events import Event, StopReason
    from spanwright.core.goal import Goal, at_least, at_most, maximize, minimize
    from spanwright.core.guard import Guard
    from spanwright.core.limits import Deadlines, Limits
    from spanwright.core.prices import Price
    from spanwright.core.proposal import Proposal, Reflection, Refusal, RefusalReason
    from spanwright.core.protocols import Evaluator, Observer, Reflector, Subject
    from spanwright.core.score import Score
    from spanwright.core.trace import Image, Trace
    from spanwright.core.usage import Budget, Usage
    from spanwright.engine import Executor, Imports, Processes, Ray, Stop
    from spanwright.errors import (
        CandidateFailed,
        RunMismatch,
        SpanwrightError,
        StoreError,
        UsageError,
        UserBug,
        WorldFailed,
    )
    from spanwright.report import NoiseFloor, OnModel, Result, Transferred
    from spanwright.report.tracking import Tracker
    from spanwright.search import Policy
    from spanwright.store import MemoryStore, SqliteStore
    from spanwright.subject import (
        Components,
        Earlier,
        Evals,
        Evaluated,
        HttpSubject,
        Listening,
        Refiner,
        RehearsedCall,
        TextTask,
        Tools,
        Trial,
        optimizable,
        rehearsing,
        skills,
        text,
        wearing,
    )
    from spanwright.telemetry import Export

__all__ = [
    "DEFAULT_STORE",
    "Budget",
    "Candidate",
    "CandidateFailed",
    "Case",
    "Component",
    "ComponentId",
    "Components",
    "Deadlines",
    "Earlier",
    "Evals",
    "Evaluated",
    "Evaluator",
    "Event",
    "Executor",
    "Export",
    "Goal",
    "Guard",
    "HttpSubject",
    "Image",
    "Imports",
    "Kind",
    "Limits",
    "Listening",
    "MemoryStore",
    "NoiseFloor",
    "Observer",
    "OnModel",
    "Policy",
    "Price",
    "Processes",
    "Proposal",
    "Ray",
    "Refiner",
    "Reflection",
    "ReflectionContext",
    "Reflector",
    "Refusal",
    "RefusalReason",
    "RehearsedCall",
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
    "TextTask",
    "Tools",
    "Trace",
    "Tracker",
    "Transferred",
    "Trial",
    "Usage",
    "UsageError",
    "UserBug",
    "WorldFailed",
    "at_least",
    "at_most",
    "calibrate",
    "interruptible",
    "maximize",
    "minimize",
    "optimizable",
    "optimize",
    "optimize_sync",
    "optimize_text",
    "rehearsing",
    "skills",
    "text",
    "transfer",
    "wearing",
]

_HOMES: Final = {
    "DEFAULT_STORE": "spanwright.api",
    "Budget": "spanwright.core.usage",
    "Candidate": "spanwright.core.candidate",
    "CandidateFailed": "spanwright.errors",
    "Case": "spanwright.core.case",
    "Component": "spanwright.core.candidate",
    "ComponentId": "spanwright.core.candidate",
    "Components": "spanwright.subject",
    "Deadlines": "spanwright.core.limits",
    "Earlier": "spanwright.subject",
    "Evals": "spanwright.subject",
    "Evaluated": "spanwright.subject",
    "Guard": "spanwright.core.guard",
    "Goal": "spanwright.core.goal",
    "HttpSubject": "spanwright.subject",
    "Evaluator": "spanwright.core.protocols",
    "Event": "spanwright.core.events",
    "Export": "spanwright.telemetry",
    "Image": "spanwright.core.trace",
    "Kind": "spanwright.core.candidate",
    "Limits": "spanwright.core.limits",
    "Listening": "spanwright.subject",
    "MemoryStore": "spanwright.store",
    "Observer": "spanwright.core.protocols",
    "NoiseFloor": "spanwright.report",
    "OnModel": "spanwright.report",
    "Policy": "spanwright.search",
    "Price": "spanwright.core.prices",
    "Proposal": "spanwright.core.proposal",
    "Reflection": "spanwright.core.proposal",
    "ReflectionContext": "spanwright.core.context",
    "Reflector": "spanwright.core.protocols",
    "Refusal": "spanwright.core.proposal",
    "RefusalReason": "spanwright.core.proposal",
    "Result": "spanwright.report",
    "Run": "spanwright.api",
    "RunMismatch": "spanwright.errors",
    "Score": "spanwright.core.score",
    "SpanwrightError": "spanwright.errors",
    "SqliteStore": "spanwright.store",
    "Executor": "spanwright.engine",
    "Imports": "spanwright.engine",
    "Processes": "spanwright.engine",
    "Ray": "spanwright.engine",
    "Stop": "spanwright.engine",
    "StopReason": "spanwright.core.events",
    "StoreError": "spanwright.errors",
    "Subject": "spanwright.core.protocols",
    "Refiner": "spanwright.subject",
    "RehearsedCall": "spanwright.subject",
    "TextTask": "spanwright.subject",
    "Tools": "spanwright.subject",
    "Trial": "spanwright.subject",
    "Trace": "spanwright.core.trace",
    "Transferred": "spanwright.report",
    "Tracker": "spanwright.report.tracking",
    "Usage": "spanwright.core.usage",
    "UsageError": "spanwright.errors",
    "UserBug": "spanwright.errors",
    "WorldFailed": "spanwright.errors",
    "at_least": "spanwright.core.goal",
    "at_most": "spanwright.core.goal",
    "calibrate": "spanwright.api",
    "interruptible": "spanwright.api",
    "maximize": "spanwright.core.goal",
    "minimize": "spanwright.core.goal",
    "optimizable": "spanwright.subject",
    "optimize": "spanwright.api",
    "optimize_sync": "spanwright.api",
    "optimize_text": "spanwright.api",
    "rehearsing": "spanwright.subject",
    "skills": "spanwright.subject",
    "text": "spanwright.subject",
    "transfer": "spanwright.api",
    "wearing": "spanwright.subject",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
