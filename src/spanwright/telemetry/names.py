"""The names under which facts travel in attributes and baggage: Spanwright's own, and OpenTelemetry's for GenAI."""

from collections.abc import Iterable

from spanwright.core.candidate import ComponentId

PREFIX = "spanwright."
CANDIDATE = f"{PREFIX}candidate"
ROLLOUT = f"{PREFIX}rollout"
COMPONENTS = f"{PREFIX}components"
"""On a model call's span: the components whose text the request carries."""

PROMPT_NAME = "gen_ai.prompt.name"
PROMPT_VERSION = "gen_ai.prompt.version"
EVALUATION = "gen_ai.evaluation.result"
EVALUATED = "gen_ai.evaluation.name"
SCORE = "gen_ai.evaluation.score.value"
LABEL = "gen_ai.evaluation.score.label"
EXPLANATION = "gen_ai.evaluation.explanation"
EXPECTATION = "expectation"
"""The label of an evaluation that judges nothing: its explanation is what should have come."""


def prompt_name(components: Iterable[ComponentId]) -> str:
    """Return what a candidate is a version of: the agents that its components belong to."""
    return "+".join(sorted({component.partition("/")[0] for component in components}))
