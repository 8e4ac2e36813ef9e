"""Traces to proposals: a reflector reads what happened and writes new texts.

    prompt      the prompt of one reflection (components, examples, history), fitted to an allowance
    templates   a user's own way to show a component
    function    a reflector out of a function
    reflector   consults a model, climbing down the ladder of answer forms as its server demands
    parse       reads the answer, however messy (json_text, shapes, tagged, patch_answers)
    patches     SEARCH/REPLACE blocks in place of whole texts (placing)
    checks      tells a proposal from a refusal

The prose is in prompts/*.md. What tools, users and models said is evidence here: cleaned, indented and marked.
"""

from spanwright.reflection.artifact_prompt import compose_artifact, compose_draft, compose_patches, composer_of
from spanwright.reflection.demonstrations import Demonstrations, joined, parted
from spanwright.reflection.function import FunctionReflector
from spanwright.reflection.ladder import rungs
from spanwright.reflection.prompt import Rung, render_prompt
from spanwright.reflection.proposals import compose_reduction, compose_refinement
from spanwright.reflection.refiner import TextRefiner, refined_goal, refiner_prompt
from spanwright.reflection.refining import Refined
from spanwright.reflection.reflector import Conversing, ModelReflector
from spanwright.reflection.scores import compose_scores
from spanwright.reflection.values import show_within
from spanwright.reflection.worked_examples import WithWorkedExamples, covering

__all__ = [
    "Conversing",
    "Demonstrations",
    "FunctionReflector",
    "ModelReflector",
    "Refined",
    "Rung",
    "TextRefiner",
    "WithWorkedExamples",
    "compose_artifact",
    "compose_draft",
    "compose_patches",
    "compose_reduction",
    "compose_refinement",
    "compose_scores",
    "composer_of",
    "covering",
    "joined",
    "parted",
    "refined_goal",
    "refiner_prompt",
    "render_prompt",
    "rungs",
    "show_within",
]
