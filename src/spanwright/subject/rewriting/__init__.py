"""A winner's texts back into the user's source: found by what an agent knows of itself, patched, and read back.

Apart from the rest of the room, because reading source takes a library that a run does not need.
"""

from spanwright.subject.rewriting.apart import ask
from spanwright.subject.rewriting.planning import Answer, Origin, Question, answer, origins
from spanwright.subject.rewriting.reach import Reach, agents_in, reach_of
from spanwright.subject.rewriting.write_back import FilePatch, Unwritable, WriteBack, apply, write_back

__all__ = [
    "Answer",
    "FilePatch",
    "Origin",
    "Question",
    "Reach",
    "Unwritable",
    "WriteBack",
    "agents_in",
    "answer",
    "apply",
    "ask",
    "origins",
    "reach_of",
    "write_back",
]
