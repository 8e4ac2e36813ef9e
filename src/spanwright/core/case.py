"""A case of an eval set, and the splits: training cases teach, validation cases choose, test cases only report."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One task for the subject. `inputs`, `expected` and `metadata` are the user's own objects and are never stored."""

    id: str
    inputs: object
    expected: object = None
    metadata: object = None
    group: str = ""
    """Cases of one group (made from one template, one document, one user) always fall into the same split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """Disjoint sets of cases. `test` may be empty; a case never stands in two splits."""

    train: tuple[Case, ...]
    validation: tuple[Case, ...]
    test: tuple[Case, ...] = ()

    def __iter__(self) -> Iterator[Case]:
        yield from self.train
        yield from self.validation
        yield from self.test
