"""A winner's texts back into the user's source: found by what an agent knows of itself, patched, and read back.

Apart from the rest of the room, because reading source takes a library that a run does not need.
"""

from spanwright.subject.patched import FilePatch, Unwritable, WriteBack
from spanwright.subject.rewriting.apart import ask
from spanwright.subject.rewriting.planning import Answer, Question, Whereabouts, answer, whereabouts
from spanwright.subject.rewriting.reach import Reach, agents_in, reach_of
from spanwright.subject.rewriting.write_back import apply, write_back

__all__ = [
    "Answer",
    "FilePatch",
    "Question",
    "Reach",
    "Unwritable",
    "Whereabouts",
    "WriteBack",
    "agents_in",
    "answer",
    "apply",
    "ask",
    "reach_of",
    "whereabouts",
    "write_back",
]
