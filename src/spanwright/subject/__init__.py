"""Where a candidate meets an agent: discover components, wear a candidate for one run, judge what came out."""

from spanwright.subject.artifacts import Cases, Seed, TextSubject, TextTask, Trial, cases_of, texts_of
from spanwright.subject.capability import Wearable
from spanwright.subject.captured import parted_streams
from spanwright.subject.champion import (
    Champion,
    ChampionFile,
    Measured,
    Misfit,
    is_added,
    misfits,
    read_champion,
    write_champion,
)
from spanwright.subject.components import Choice, Components, chosen
from spanwright.subject.discovery import discover, preview_of
from spanwright.subject.evals import Evals, EvalSet, Metric, eval_set
from spanwright.subject.evaluating import Earlier, Evaluate, Evaluated
from spanwright.subject.naming import name_of, named
from spanwright.subject.optimizable import Definition, decorate, definition_of, optimizable, wearable_of
from spanwright.subject.out_of_reach import OutOfReach
from spanwright.subject.recast import recast
from spanwright.subject.refining import Refiner, Refining
from spanwright.subject.scoring import Objective, Scoring, score_of
from spanwright.subject.service import HttpSubject, Listening
from spanwright.subject.skills import skills
from spanwright.subject.subjects import DepsFor, PydanticSubject, subject_of
from spanwright.subject.texts import text, texts_in_code
from spanwright.subject.tools import RehearsedCall, Rules, Tools, rehearsing
from spanwright.subject.wearing import bare, wearing, worn

__all__ = [
    "Cases",
    "Champion",
    "ChampionFile",
    "Choice",
    "Components",
    "Definition",
    "DepsFor",
    "Earlier",
    "EvalSet",
    "Evals",
    "Evaluate",
    "Evaluated",
    "HttpSubject",
    "Listening",
    "Measured",
    "Metric",
    "Misfit",
    "Objective",
    "OutOfReach",
    "PydanticSubject",
    "Refiner",
    "Refining",
    "RehearsedCall",
    "Rules",
    "Scoring",
    "Seed",
    "TextSubject",
    "TextTask",
    "Tools",
    "Trial",
    "Wearable",
    "bare",
    "cases_of",
    "chosen",
    "decorate",
    "definition_of",
    "discover",
    "eval_set",
    "is_added",
    "misfits",
    "name_of",
    "named",
    "optimizable",
    "parted_streams",
    "preview_of",
    "read_champion",
    "recast",
    "rehearsing",
    "score_of",
    "skills",
    "subject_of",
    "text",
    "texts_in_code",
    "texts_of",
    "wearable_of",
    "wearing",
    "worn",
    "write_champion",
]
