"""The options that several commands share, each with its help."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

DEFAULT_STORE = Path(".spanwright") / "store.sqlite"


class Rules(StrEnum):
    """The policies that the command line knows by name."""

    DEFAULT = "default"
    GEPA = "gepa"
    BEST_OF_N = "best-of-n"
    GREEDY = "greedy"
    OPRO = "opro"
    RANDOM_SEARCH = "random-search"
    FEW_SHOT = "few-shot"
    BEAM = "beam"
    MIPRO = "mipro"


class Backend(StrEnum):
    """Where a run can be exported to; addresses and keys stand in the environment."""

    OTLP = "otlp"
    MLFLOW = "mlflow"
    PHOENIX = "phoenix"


class Watching(StrEnum):
    """The ways to watch a run."""

    AUTO = "auto"
    RICH = "rich"
    PLAIN = "plain"
    JSON = "json"
    QUIET = "quiet"


class Packaged(StrEnum):
    """The agents that come along."""

    SUPPORT_DESK = "support_desk"
    MULTIHOP = "multihop"
    CLAIMS = "claims"
    REPO_SKILLS = "repo_skills"


class PaperTasks(StrEnum):
    """The tasks of the GEPA paper."""

    HOTPOTQA = "hotpotqa"
    HOVER = "hover"
    IFBENCH = "ifbench"
    PUPA = "pupa"
    AIME = "aime"
    LIVEBENCH = "livebench"


_BUDGET = "Budget"
_MODELS = "Models"
_SEARCH = "Search"

RunName: TypeAlias = Annotated[str, typer.Argument(metavar="RUN", help="The run's name; `spanwright runs` lists them.")]
Subject: TypeAlias = Annotated[
    str, typer.Argument(metavar="MODULE:NAME", help="An agent, or a factory or program decorated with `optimizable`.")
]
Evals: TypeAlias = Annotated[
    str, typer.Option(metavar="MODULE:NAME|FILE", help="A pydantic_evals Dataset: an object, a function, a file.")
]
EvaluatorClasses: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--evaluator",
        metavar="MODULE:NAME",
        help="An evaluator class that the dataset file names; can be repeated.",
    ),
]
DepsOfCase: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--deps", metavar="MODULE:NAME", help="A function of a case: an async context manager of the agent's deps."
    ),
]
Group: TypeAlias = Annotated[
    str | None, typer.Option(help="A field of the cases' metadata: equal ones stay in one split.")
]
ObjectiveName: TypeAlias = Annotated[
    str | None,
    typer.Option("--objective", help="The evaluator whose figure to maximize; by default the mean of all."),
]
Store: TypeAlias = Annotated[
    Path, typer.Option("--store", metavar="FILE", help="The file that remembers runs.", show_default=True)
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
ExportTo: TypeAlias = Annotated[
    Backend | None,
    typer.Option(
        "--export",
        help="Export the run and its rollouts: otlp goes by the tracer provider in place or OTEL_EXPORTER_OTLP_*, "
        "mlflow by MLFLOW_*, phoenix by PHOENIX_* variables.",
    ),
]
TrackBy: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--track",
        metavar="TRACKER",
        help="Track the run as an experiment: mlflow, mlflow:URI, wandb or wandb:PROJECT; can be repeated.",
    ),
]
ExecutorOf: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--executor",
        metavar="processes|ray[:WORKERS]",
        help="Where rollouts are done: in worker processes, or on a Ray cluster; by default in this process.",
    ),
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress: --progress quiet.")]
Progress: TypeAlias = Annotated[
    Watching,
    typer.Option(
        "--progress",
        help="auto: live lines on a terminal, plain ones elsewhere and in CI; json: an object a line, on stderr.",
    ),
]

Model: TypeAlias = Annotated[
    str | None,
    typer.Option(help="The agents' model, like openai:gpt-5-mini; by default their own.", rich_help_panel=_MODELS),
]
ReflectionModel: TypeAlias = Annotated[
    str | None, typer.Option(help="The model that proposes new texts; by default the agents'.", rich_help_panel=_MODELS)
]
BaseUrl: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="An OpenAI-compatible server, like http://localhost:11434/v1: --model is then a name that it serves.",
        rich_help_panel=_MODELS,
    ),
]

Rollouts: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="The most rollouts; by default 20 a validation case.", rich_help_panel=_BUDGET)
]
Reflections: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="The most reflections.", rich_help_panel=_BUDGET)
]
Usd: TypeAlias = Annotated[float | None, typer.Option(min=0.0, help="The most dollars.", rich_help_panel=_BUDGET)]
Seconds: TypeAlias = Annotated[
    float | None,
    typer.Option(min=0.0, help="The longest time; what is in flight is finished.", rich_help_panel=_BUDGET),
]
Concurrency: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="The most rollouts at once; 32 unless said.", rich_help_panel=_BUDGET)
]


class ToolsDo(StrEnum):
    """What tools do in rollouts."""

    LIVE = "live"
    REPLAY = "replay"
    SANDBOX = "sandbox"


_BOUNDS = "Bounds for texts and tools"

ToolsMode: TypeAlias = Annotated[
    ToolsDo | None,
    typer.Option(
        "--tools",
        help="What tools do in rollouts: run, answer from recordings, or be refused unless they only read; by default"
        " what the code says.",
        rich_help_panel=_BOUNDS,
    ),
]
Pinned: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--pin", metavar="GLOB", help="What stays as it is; can be repeated.", rich_help_panel=_BOUNDS),
]
MaxTokens: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--max-tokens",
        metavar="GLOB=N",
        help="The most tokens of a new text; can be repeated.",
        rich_help_panel=_BOUNDS,
    ),
]
Forbidden: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--forbid",
        metavar="GLOB=REGEX",
        help="What may stand in no new text; can be repeated.",
        rich_help_panel=_BOUNDS,
    ),
]
MaxMore: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--max-more",
        metavar="GLOB=FIGURE=PART",
        help="How much more than the seed a winner that edits it may take, like '*=tokens=0.2'; can be repeated.",
        rich_help_panel=_BOUNDS,
    ),
]
NoRegression: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--no-regression",
        metavar="GLOB",
        help="No winner whose edit of it is shown to harm the cases that use the tool; can be repeated.",
        rich_help_panel=_BOUNDS,
    ),
]

Seed: TypeAlias = Annotated[
    int, typer.Option(help="Draws the splits and keys the search's random streams.", rich_help_panel=_SEARCH)
]
Policy: TypeAlias = Annotated[Rules, typer.Option(help="How to search.", rich_help_panel=_SEARCH)]
Ordered: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--ordered", help="One attempt at a time: slower, and reproducible for a seed.", rich_help_panel=_SEARCH
    ),
]

_GOALS = "Goals beside the score: cost, latency, tokens, requests, tool_calls, or an evaluator's figure"

Low: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--minimize", metavar="FIGURE", help="To be low; can be repeated.", rich_help_panel=_GOALS),
]
High: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--maximize", metavar="FIGURE", help="To be high; can be repeated.", rich_help_panel=_GOALS),
]
Most: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--at-most",
        metavar="FIGURE=N",
        help="Not to be exceeded, on average; can be repeated.",
        rich_help_panel=_GOALS,
    ),
]
Least: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--at-least",
        metavar="FIGURE=N",
        help="Not to be undercut, on average; can be repeated.",
        rich_help_panel=_GOALS,
    ),
]
