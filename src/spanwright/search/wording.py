"""When two texts say the same in other clothes.

An edit is a near-duplicate only where nothing that can carry meaning differs: white space, the capital that begins a
word, punctuation around words, articles, contractions, the order and the repetition of whole sentences. A ratio of
similarity would not do: in a text of two hundred words a negation, a number or one other tool's name is half a percent,
and it is what the edit was made for. So texts are equal or not by their normal form, which also costs one look-up
however many there are.

Lessons are looser: a lesson that says a little more than another is the same one, seen again.
"""

import re
from dataclasses import dataclass
from unicodedata import normalize

_TOKEN = re.compile(
    r"\"[^\"\n]{1,80}\"|`[^`\n]{1,80}`|“[^”\n]{1,80}”|(?<!\w)'[^'\n]{1,80}'(?!\w)|‘[^’\n]{1,80}’(?!\w)|\S+"
)
_SENTENCE_ENDS = re.compile(r"(?<=[^\W\d_][.!?])\s+|\n+")
_BULLET = re.compile(r"^\s*[-*•–]\s+")
_NOT = re.compile(r"\b(ca|wo|[a-z]+)n't\b")
_SEQUENCE = re.compile(r"^(?:first|then|next|after|afterwards|finally|second|third|last)\b")
_BEFORE, _AFTER = "([", ".,;:!?)]…"
_DASHES = frozenset({"–", "—", "…"})
_LIGHT = frozenset({"a", "an", "the", "please"})
_LOUD = frozenset({"NEVER", "ALWAYS", "NOT", "MUST", "ONLY", "DO", "ALL", "EVERY", "BEFORE", "AFTER", "EXACTLY", "NO"})
"""Words that are shouted for emphasis. Any other capitals may be a code."""

_NEGATIONS = frozenset({"not", "no", "never", "without", "neither", "nor", "nothing", "none", "cannot"})
_FILLERS = frozenset(
    {"is", "are", "be", "to", "of", "in", "on", "and", "it", "its", "that", "this", "with", "for", "by", "as", "always"}
)
"""What a lesson may say or leave out. `always` among them: its opposite is a negation."""
_SAME = 0.9
"""The share of words that two lessons have in common where each says something that the other does not."""
_MORE = 0.7
"""The share where one says all that the other does."""


def normal(text: str) -> str:
    """Return the normal form: texts that differ only in what carries no meaning have the same."""
    sentences = [form for piece in _SENTENCE_ENDS.split(normalize("NFC", text)) if (form := _sentence(piece))]
    told = list(dict.fromkeys(sentences))
    # Where a sentence leans on the one before it, their order says something.
    return "\n".join(told if any(map(_SEQUENCE.match, told)) else sorted(told))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gist:
    """What a lesson says, as far as words tell."""

    words: frozenset[str]
    telling: frozenset[str]
    """Numbers, codes, quotations, signs: where they differ, the facts do."""
    negated: bool

    def is_like(self, other: "Gist") -> bool:
        """Return whether both say the same."""
        return self.negated == other.negated and self._shares(other)

    def is_opposite_of(self, other: "Gist") -> bool:
        """Return whether one denies what the other says."""
        return self.negated != other.negated and self._shares(other)

    def _shares(self, other: "Gist") -> bool:
        if self.telling != other.telling:
            return False
        if self.words == other.words:
            return True
        common, most = len(self.words & other.words), max(len(self.words), len(other.words))
        contained = common == min(len(self.words), len(other.words))
        return common >= (_MORE if contained else _SAME) * most


def gist(text: str) -> Gist:
    """Return what a lesson says."""
    words = normal(text).split()
    plain = [word for word in words if _is_plain(word)]
    return Gist(
        words=frozenset(plain) - _NEGATIONS - _FILLERS,
        telling=frozenset(word for word in words if not _is_plain(word)),
        negated=sum(word in _NEGATIONS for word in plain) % 2 == 1,
    )


def _sentence(piece: str) -> str:
    words = (_word(token) for token in _TOKEN.findall(_BULLET.sub("", piece).replace("’", "'")))
    told = " ".join(word for word in words if word and word not in _LIGHT)
    return _NOT.sub(lambda found: f"{_WHOLE.get(found[1], found[1])} not", told).replace("cannot", "can not")


_WHOLE = {"ca": "can", "wo": "will"}


def _word(token: str) -> str:
    """Return a word without the punctuation around it, in small letters where capitals say nothing."""
    if token in _DASHES:
        return ""
    if token[0] == token[-1] and token[0] in "\"'`" and len(token) > 1:
        return token
    bare = token.removeprefix("**").removesuffix("**")
    if any(map(str.isalnum, bare)):
        bare = bare.lstrip(_BEFORE).rstrip(_AFTER).removesuffix("**")
    if bare in _LOUD or (len(bare) > 1 and bare[1:].islower() and bare.replace("'", "").replace("-", "").isalpha()):
        return bare.casefold()
    return bare


def _is_plain(word: str) -> bool:
    return word.replace("'", "").replace("-", "").isalpha() and word.islower()
