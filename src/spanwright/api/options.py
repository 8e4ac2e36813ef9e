"""What a caller may say beyond the subject and the evals."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict, TypeVar

from pydantic_ai.messages import UserContent
from pydantic_ai.models import Model
from pydantic_evals import Case as TheirCase
from pydantic_evals import Dataset

from spanwright.baselines import Baseline
from spanwright.core.limits import Deadlines, Limits
from spanwright.core.prices import Price
from spanwright.core.protocols import Observer, Reflector, TraceRedactor
from spanwright.core.trace import Trace
from spanwright.core.usage import Budget
from spanwright.engine import Executor, InProcess, Stop
from spanwright.report import ProgressMode, Result
from spanwright.report.tracking import Tracker
from spanwright.search import Policy
from spanwright.store import Store
from spanwright.subject import Choice, Evals, Objective
from spanwright.telemetry import Export

DEFAULT_STORE = Path(".spanwright") / "store.sqlite"
"""Where runs are kept if nobody says otherwise, below the working directory."""

In = TypeVar("In")
Out = TypeVar("Out")
Deps = TypeVar("Deps")
Meta = TypeVar("Meta")
Prompt = TypeVar("Prompt", bound=str | Sequence[UserContent] | None)
"""What an agent takes as it is; a program may take anything."""

EvalsOf: TypeAlias = Dataset[In, Out, Meta] | Evals[In, Out, Meta]
DepsFrom: TypeAlias = Callable[[TheirCase[In, Out, Meta]], AbstractAsyncContextManager[Deps]]


EvidenceFrom: TypeAlias = Sequence[Trace] | str | os.PathLike[str]
"""Traces that were recorded before, or a file of spans."""
LessonsFrom: TypeAlias = str | tuple[str | os.PathLike[str], str] | Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a run is called, hurried, watched and exported, and what it knows from the start."""

    name: str | None = None
    """A name that the store knows is resumed; None gives a new name."""
    concurrency: int = 32
    """Rollouts in flight at most."""
    executor: Executor = field(default_factory=InProcess)
    """Where rollouts are done: in this process, in others (`Processes`), or on a Ray cluster (`Ray`)."""
    observers: Sequence[Observer] = ()
    """Are shown every event. One that raises or lags is detached with a warning."""
    progress: bool | ProgressMode | Literal["auto", "rich", "plain", "json", "quiet"] | None = None
    """How progress is shown on stderr. None: live lines on a terminal or in a notebook, else nothing; True is "auto"
    and shows plain lines then; False is "quiet"; "json" writes an object a line for programs."""
    lessons_from: LessonsFrom | None = None
    """An earlier run whose lessons this one begins with: its name in the same store, a store's path and a name, or its
    Result. They become part of the run when it starts; a resumed run has them already."""
    limits: Sequence[Limits] = ()
    """How hard each model may be asked; without any, as hard as its provider lets us, which the run finds out."""
    deadlines: Deadlines = field(default_factory=Deadlines)
    """How long a request, a tool, a rollout may take, and how long an outage may last before the run pauses."""
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    """What models cost that no list knows, by `provider:name` or name: dollars in a budget need it."""
    export: bool | Export = False
    """Whether and where the run and the rollouts' spans are exported.

    True: by the tracer provider that is in place, or where there is none to what OTEL_EXPORTER_OTLP_* name.
    """
    trackers: Sequence[Tracker] = ()
    """Where the run is tracked as an experiment: `Tracker.mlflow(...)`, `Tracker.wandb(...)`. A run that is resumed
    goes on in the same run there; none of them slows or fails it."""
    redact: Literal["secrets", "personal"] | TraceRedactor | None = None
    """What is taken out of evidence before it is stored, exported, or read by the reflection model.

    "secrets": keys, tokens and passwords; "personal": those, and addresses and numbers of persons; or a
    `spanwright.telemetry.redaction.Redactor` of your own. Evaluators see what really happened.
    """


class Options(TypedDict, total=False):
    """The options that `optimize` takes whatever is optimized; see there."""

    budget: Budget | None
    reflection_model: Model | str | Reflector | None
    components: Choice | None
    objective: Objective | None
    policy: Policy | Baseline | None
    evidence: EvidenceFrom | None
    store: Store | str | os.PathLike[str] | None
    run: str | Run | None
    stop: Stop | None
