"""Who says the same as whom: candidates by the normal form of their texts, so that finding a twin is one look-up."""

from hashlib import blake2b

from spanwright.core.candidate import Candidate, CandidateId
from spanwright.search.wording import normal


class Twins:
    """Folds the candidates that were judged."""

    def __init__(self) -> None:
        self._forms: dict[str, bytes] = {}
        self._first: dict[bytes, CandidateId] = {}

    def add(self, candidate: Candidate) -> None:
        """Take note of a candidate."""
        for text in candidate.texts.values():
            if text not in self._forms:
                self._forms[text] = _form(text)
        self._first.setdefault(self._form_of(candidate), candidate.id)

    def of(self, candidate: Candidate) -> CandidateId | None:
        """Return the first candidate that said the same as this one; None where it says something new."""
        return self._first.get(self._form_of(candidate))

    def form(self, text: str) -> bytes:
        """Return what is equal for texts that say the same."""
        return self._forms.get(text) or _form(text)

    def _form_of(self, candidate: Candidate) -> bytes:
        digest = blake2b(digest_size=16)
        for component, text in candidate.texts.items():
            digest.update(component.encode() + b"\0")
            digest.update(self.form(text))
        return digest.digest()


def _form(text: str) -> bytes:
    return blake2b(normal(text).encode("utf-8", "surrogatepass"), digest_size=16).digest()
