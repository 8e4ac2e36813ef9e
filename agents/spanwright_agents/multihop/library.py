"""The library of Orrenmark: 1,000 paragraphs behind a BM25 index, and a search box that takes six words at a time."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import bm25s
import numpy as np

CORPUS = Path(__file__).with_name("corpus.jsonl")
MOST_WORDS = 6
BEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A paragraph and its title."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a search found, best first, and the words that were really searched for."""

    words: str
    passages: tuple[Passage, ...]


class Library:
    """A searchable collection of passages. Equal queries find equal passages, in equal order."""

    def __init__(self, passages: tuple[Passage, ...]) -> None:
        self.passages = passages
        self._index = bm25s.BM25(k1=0.9, b=0.4)
        self._index.index(_words([f"{passage.title}. {passage.text}" for passage in passages]), show_progress=False)

    def search(self, query: str) -> Finding:
        """Find the best passages for the first words of `query`; the search box drops the rest."""
        words = " ".join(query.split()[:MOST_WORDS])
        return Finding(words=words, passages=self.best(words))

    def best(self, words: str, *, most: int = BEST) -> tuple[Passage, ...]:
        """Return the best passages for `words`, however many these are; fewer where nothing else has a word of them."""
        known = [word for word in _words([words])[0] if word in self._index.vocab_dict]
        if not known:
            return ()
        scores = self._index.get_scores(known)
        ranked = np.argsort(-scores, kind="stable")[:most]  # stable: equal scores stand in the corpus's order
        return tuple(self.passages[place] for place in ranked if scores[place] > 0)


@cache
def library() -> Library:
    """Return the library of the committed corpus, indexed once in a process."""
    lines = CORPUS.read_text("utf-8").splitlines()
    return Library(tuple(Passage(**json.loads(line)) for line in lines))


def _words(texts: list[str]) -> list[list[str]]:
    return bm25s.tokenize(texts, stopwords="en", return_ids=False, show_progress=False)  # pyright: ignore[reportReturnType]
