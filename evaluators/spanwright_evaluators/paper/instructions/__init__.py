"""The instructions of IFEval and IFBench: 83 checks of what a response has to keep, none by a model."""

from spanwright_evaluators.paper.instructions.checking import Instruction, Verdict, check, kept
from spanwright_evaluators.paper.instructions.given import Given
from spanwright_evaluators.paper.instructions.language import demand

__all__ = ["Given", "Instruction", "Verdict", "check", "demand", "kept"]
