"""What people look at: a run's result, its progress in the terminal, its cost before it begins, a trace to read."""

from spanwright.report.calibrated import Calibrated
from spanwright.report.chronicle import Chronicle, Generation
from spanwright.report.comparison import Comparison
from spanwright.report.estimate import Estimate, announcement, estimate
from spanwright.report.modes import ProgressMode
from spanwright.report.noise_floor import FlakyCase, NoiseFloor
from spanwright.report.preflight import Preflight
from spanwright.report.progress import Progress
from spanwright.report.result import Result
from spanwright.report.screen import Screen
from spanwright.report.standing import Standing
from spanwright.report.transcript import reflection_transcript, rollout_transcript
from spanwright.report.transferred import OnModel, Transferred
from spanwright.report.tree import Tree
from spanwright.report.worth import Worth

__all__ = [
    "Calibrated",
    "Chronicle",
    "Comparison",
    "Estimate",
    "FlakyCase",
    "Generation",
    "NoiseFloor",
    "OnModel",
    "Preflight",
    "Progress",
    "ProgressMode",
    "Result",
    "Screen",
    "Standing",
    "Transferred",
    "Tree",
    "Worth",
    "announcement",
    "estimate",
    "reflection_transcript",
    "rollout_transcript",
]
