"""Wikipedia's abstracts of 2017 behind BM25, as the paper searches them: k1 0.9, b 0.4, English stems and stop words.

Five million abstracts take minutes to index, so a large index is kept beside its file and mapped into memory.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

import anyio.to_thread
import bm25s

from spanwright import UsageError
from spanwright_agents.paper.extra import needed

KEPT_FROM: Final = 100_000
"""Abstracts from which on an index is kept beside the file."""

Passage: TypeAlias = str
"""`title | text`, as all modules are shown it."""


class Abstracts:
    """A searchable collection of abstracts. Equal queries find equal passages, in equal order."""

    def __init__(self, passages: Sequence[Passage], index: bm25s.BM25) -> None:
        self._passages = passages
        self._index = index
        self._stemmer = _stemmer()

    @classmethod
    def of(cls, passages: Sequence[Passage]) -> "Abstracts":
        """Index passages."""
        index = bm25s.BM25(k1=0.9, b=0.4)
        index.index(_tokens(passages, _stemmer()), show_progress=False)
        return cls(passages, index)

    @classmethod
    def open(cls, path: Path, *, kept_from: int = KEPT_FROM) -> "Abstracts":
        """Open a file of abstracts, JSON lines with `title` and `text`; an index that was kept is used again."""
        kept = path.with_suffix(".bm25s")
        if not (kept / "complete").exists():
            passages = list(_passages(path))
            if len(passages) < kept_from:
                return cls.of(passages)
            cls.of(passages).keep(kept)
        index = bm25s.BM25.load(kept, load_corpus=True, mmap=True, show_progress=False, verbosity=0)
        rows, index.corpus = index.corpus, None  # else it would answer with rows in place of their places
        return cls(_Kept(rows), index)

    def keep(self, folder: Path) -> None:
        """Write the index and its passages into a folder. What is not complete is written again the next time."""
        self._index.save(folder, corpus=[{"text": passage} for passage in self._passages], show_progress=False)
        (folder / "complete").touch()

    async def search(self, query: str, *, most: int) -> tuple[Passage, ...]:
        """Return the best passages for a query, without holding up whatever else is under way."""
        return await anyio.to_thread.run_sync(self.best, query, most)

    def best(self, query: str, most: int) -> tuple[Passage, ...]:
        """Return the best passages for a query; equals keep the corpus's order as far as BM25S does."""
        tokens = _tokens([query], self._stemmer)
        places, _ = cast(
            "tuple[Any, Any]",
            self._index.retrieve(tokens, k=min(most, len(self._passages)), n_threads=1, show_progress=False),
        )
        return tuple(dict.fromkeys(self._passages[int(place)] for place in places[0]))


class _Kept(Sequence[Passage]):
    """The passages of a kept index, read from its file when they are asked for."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: Any) -> Any:
        return self._rows[place]["text"]


def title_of(passage: Passage) -> str:
    """Return the title that a passage begins with."""
    return passage.partition(" | ")[0].strip()


def _passages(path: Path) -> Iterator[Passage]:
    number = 0
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):  # noqa: B007  (the error names it)
                row = json.loads(line)
                text = row["text"] if isinstance(row["text"], str) else " ".join(row["text"])
                yield f"{row['title']} | {text}"
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"row {number} of {path} is not as in the official file: {type(error).__name__}: {error}",
            "Get the official file again",
        ) from error
    if not number:
        raise UsageError(f"{path} has no abstracts", "Get the official file again")


def _stemmer() -> Any:
    return needed("Stemmer", package="PyStemmer").Stemmer("english")


def _tokens(texts: Sequence[str], stemmer: Any) -> Any:
    return bm25s.tokenize(list(texts), stopwords="en", stemmer=stemmer, show_progress=False)
