"""What a run can begin with: the lessons of an earlier one, as far as they are about the texts that are here."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from spanwright.api.options import LessonsFrom
from spanwright.core.proposal import Learnt
from spanwright.engine import Problem
from spanwright.errors import UsageError
from spanwright.report import Result
from spanwright.search import Policy, applicable
from spanwright.store import SqliteReader, Store


def taught(problem: Problem, source: LessonsFrom, store: Store, policy: Policy) -> tuple[Problem, str]:
    """Return the problem with the lessons of `source`, and a remark on them. Raises UsageError.

    A lesson on a component that is not here is dropped, and so is one on a text that has been edited since.
    """
    if not (policy.memory and policy.most_lessons):
        raise UsageError(
            "the policy shows a reflection no lessons, so lessons_from= is of no use", "Leave one of them out"
        )
    learnt, name = _learnt(source, store)
    lessons, gone = applicable(learnt, problem.seed, problem.components)
    dropped = f"; dropped for want of the component: {', '.join(gone)}" if gone else ""
    remark = f"Lessons of run {name!r}: {len(lessons)} of {len(learnt)} taken over{dropped}."
    return replace(problem, lessons=lessons), remark


def _learnt(source: LessonsFrom, store: Store) -> tuple[Sequence[Learnt], str]:
    if isinstance(source, Result):
        return source.learnt, source.run
    if isinstance(source, str):
        return Result.from_events(store.reader.events(source)).learnt, source
    path, run = source
    if not Path(path).exists():
        raise UsageError(f"lessons_from= names a store that is not there: {path}", "Give the path of an earlier store")
    return Result.from_events(SqliteReader(path).events(run)).learnt, run
