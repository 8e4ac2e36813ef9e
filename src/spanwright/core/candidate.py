"""A candidate: one text for each component. Its identity is its content; lineage and scores live elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import TypeAlias

from spanwright.core.guard import Guard

ComponentId: TypeAlias = str
"""The address of one evolvable text: `support/instructions`, `support/tool:search`, `support/tool:search/query`,
`support/output:final_result/total`, `support/skill:refunds`. The part before the first slash is the agent's name."""

CandidateId: TypeAlias = str
"""The first 16 hexadecimal digits of the BLAKE2b hash of a candidate's texts."""


class Kind(StrEnum):
    """What a component's text is for the model that reads it."""

    INSTRUCTIONS = "instructions"
    SYSTEM_PROMPT = "system prompt"
    TOOL = "tool description"
    TOOL_NAME = "tool name"
    PARAMETER = "tool parameter"
    OUTPUT = "output description"
    OUTPUT_FIELD = "output field"
    SETTING = "setting"
    DEMONSTRATIONS = "demonstrations"
    SKILL = "skill description"
    SKILL_BODY = "skill"
    TEXT = "text"
    ARTIFACT = "artifact"
    """What is measured as it stands: code, a policy, a configuration, whatever `optimize_text` was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One evolvable text as it was found in the subject."""

    id: ComponentId
    kind: Kind
    agent: str
    text: str
    """The seed's text; empty where nothing is written yet."""
    dynamic: bool = False
    """True where code computes the text at run time: replacing it would freeze run-time data, so it is not evolved."""
    reach: str = ""
    """One line for the reflector: what this text governs and what it cannot change."""
    limit: int = 8_000
    """The most characters that a new text may have."""
    values: tuple[str, ...] = ()
    """The only texts that it may have: measured one against the other, and never shown to a reflector. Empty: any."""
    guard: Guard | None = None
    """What the user demands of every new text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An immutable set of component texts. Two candidates with the same texts are the same candidate."""

    texts: Mapping[ComponentId, str]
    id: CandidateId = field(init=False, default="")

    def __post_init__(self) -> None:
        ordered = dict(sorted(self.texts.items()))
        digest = blake2b(digest_size=8)
        for component, text in ordered.items():
            for piece in (component.encode(), text.encode("utf-8", "surrogatepass")):
                digest.update(len(piece).to_bytes(8, "big"))
                digest.update(piece)
        object.__setattr__(self, "texts", ordered)
        object.__setattr__(self, "id", digest.hexdigest())

    def __hash__(self) -> int:
        return hash(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Candidate) and self.id == other.id

    def edited(self, edits: Mapping[ComponentId, str]) -> "Candidate":
        """Return a new candidate with `edits` in place of the texts of the same components.

        Raises KeyError for a component that this candidate does not have.
        """
        unknown = edits.keys() - self.texts.keys()
        if unknown:
            raise KeyError(min(unknown))
        return Candidate(texts={**self.texts, **edits})

    def changes_from(self, other: "Candidate") -> tuple[ComponentId, ...]:
        """Return the components whose text differs from `other`'s, sorted."""
        return tuple(key for key in sorted(self.texts) if self.texts[key] != other.texts.get(key))
