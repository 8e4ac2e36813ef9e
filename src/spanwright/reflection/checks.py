"""Whether a reading is a proposal: pure checks, each with a named reason.

Good edits are kept where others of the same answer are refused.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from spanwright.core.breaches import breach, brought_in
from spanwright.core.candidate import CandidateId, Component, ComponentId, Kind
from spanwright.core.context import ReflectionContext
from spanwright.core.proposal import Lesson, Proposal, Refusal, RefusalReason
from spanwright.core.runs import runs
from spanwright.core.strangers import Strangers
from spanwright.reflection.answer import Edit, Learned
from spanwright.reflection.artifacts import elides, whole_artifact
from spanwright.reflection.evidence import clean, line
from spanwright.reflection.fences import unfenced
from spanwright.reflection.names import meant
from spanwright.reflection.patches import Broken, blocks_of, has_blocks, has_remains, is_all_blocks, patchable, patched
from spanwright.reflection.placeholders import placeholders
from spanwright.reflection.placing import Misfit
from spanwright.reflection.prose import prose
from spanwright.reflection.reading import Reading
from spanwright.reflection.values import show

_COMPARED = 40_000
"""Characters of an input that texts are compared with."""
_MOST_COPIED = 0.5
_MOST_ECHOED = 0.25
_MARKED = re.compile(r"</?evidence-[0-9a-f]{8}>|(?:text|start)-[0-9a-f]{8}\b")
_PARTIAL = re.compile(
    r"^@@ -\d+|^[ \t.…*#>-]{0,8}[(\[<{][^\n]{0,40}\b(?:rest|remaining|other|unchanged|previous|existing|original)\b"
    r"[^\n]{0,40}\b(?:unchanged|omitted|as before|the same|here|above)\b[^\n]{0,20}[)\]>}][ \t.…*]{0,8}$",
    re.MULTILINE | re.IGNORECASE,
)
_SAMPLES = frozenset(
    {"the complete new text", "<the complete new text>", "new text", "one fact", "the general cause", "…", "..."}
)
_PROSE = (
    "reflect",
    "reflect_artifact",
    "reflect_patches",
    "scores",
    "reduce",
    "refine",
    "request",
    "stuck",
    "most_edits",
    "form_tool",
    "form_json",
    "form_tagged",
    "form_patches",
    "repair",
)
_LESSONS, _LESSON_LENGTH = 5, 400
_LEAST_WHOLE = 0.3
"""A text without blocks, where blocks were asked for, has at least this part of the current one's length: a shorter one
is a piece of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What an edit is checked against."""

    parent: CandidateId
    texts: Mapping[ComponentId, str]
    """The parent's texts."""
    offered: Mapping[ComponentId, Component]
    inputs: frozenset[str]
    """Every run of words in the inputs of the examples."""
    own: frozenset[str]
    """Those that only their cases have, and no guarded text may repeat."""
    strangers: Strangers
    """Who else speaks in the evidence."""
    most: int | None
    """How many of them may be edited; None: all."""
    others: tuple[ComponentId, ...] = ()
    """Components at work that may not be edited now."""
    patches: bool = False
    """Whether SEARCH/REPLACE blocks were asked for."""

    @classmethod
    def of(cls, context: ReflectionContext, offered: Sequence[Component], *, patches: bool = False) -> "Ground":
        """Return the ground for an answer to a prompt that offered these components."""
        seen = (run for example in context.examples for run in runs(clean(show(example.case.inputs)[:_COMPARED])))
        return cls(
            parent=context.parent.id,
            texts=context.parent.texts,
            offered={component.id: component for component in offered},
            inputs=frozenset(seen),
            own=context.own,
            strangers=Strangers.of(context),
            most=context.most_edits,
            others=tuple(each.id for each in (*context.components, *context.others) if each not in offered),
            patches=patches,
        )

    def meant(self, name: str) -> ComponentId | None:
        """Return the component that is meant; with one on offer it need not be named."""
        offered = tuple(self.offered)
        return offered[0] if not name.strip() and len(offered) == 1 else meant(name, offered)

    def anywhere(self, name: str) -> ComponentId | None:
        """Return the component that is meant, be it on offer or not."""
        return self.meant(name) or meant(name, self.others)


def judged(reading: Reading, ground: Ground) -> Proposal | Refusal:
    """Return the proposal that `reading` makes, or the reason why none of its edits can be used."""
    good: dict[ComponentId, Edit] = {}
    bad: list[Refusal] = []
    surplus: list[str] = []
    for edit in _joined(reading.edits, ground):
        checked = _checked(edit, ground)
        if isinstance(checked, Refusal):
            bad.append(checked)
        elif ground.most is None or checked.component in good or len(good) < ground.most:
            good[checked.component] = checked
        else:
            surplus.append(f"not used: more than {ground.most} edits: {checked.component}")
    suspected = tuple(_suspected(reading, ground))
    if surplus and ground.patches:
        bad.append(_no(RefusalReason.PATCH, f"it changes {len(good) + len(surplus)} texts, {ground.most} are allowed"))
    if halved := [each for each in bad if _halves(each, ground)]:
        detail = "\n".join(dict.fromkeys(each.detail for each in halved))
        return Refusal(reason=halved[0].reason, detail=detail, suspected=suspected)
    if not good:
        return replace(_worst(bad), suspected=suspected)
    why = [f"{each.component}: {each.why or 'no reason given'}" for each in good.values()]
    return Proposal(
        parents=(ground.parent,),
        edits={each.component: each.text for each in good.values()},
        diagnosis=clean(reading.diagnosis).strip(),
        rationale="\n".join([*why, *(f"not used: {refusal.reason}: {refusal.detail}" for refusal in bad), *surplus]),
        lessons=tuple(_lessons(reading.lessons, ground, tuple(good))),
        suspected=suspected,
    )


def repeats_a_record(text: str) -> bool:
    """Return whether `text` holds a tag of our records: it repeats the prompt."""
    return _MARKED.search(text) is not None


def _suspected(reading: Reading, ground: Ground) -> Iterator[ComponentId]:
    """Yield the components that the diagnosis names by their id, and those that an edit asked for, be it in vain."""
    said = clean(reading.diagnosis).casefold()
    asked = {ground.anywhere(edit.component) for edit in reading.edits}
    for id in (*ground.offered, *ground.others):
        if id in asked or re.search(rf"(?<![\w/:.-]){re.escape(id.casefold())}(?![\w/:-])", said):
            yield id


def _joined(edits: Iterable[Edit], ground: Ground) -> list[Edit]:
    """Return edits with all blocks for one text in one of them: they are read against the same text."""
    joined: dict[ComponentId, int] = {}
    found: list[Edit] = []
    for edit in edits:
        id = ground.meant(edit.component)
        if id is None or ground.offered[id].kind is not Kind.ARTIFACT or not has_blocks(clean(edit.text)):
            found.append(edit)
        elif id in joined:
            first = found[joined[id]]
            why = "; ".join(each for each in (first.why, edit.why) if each)
            found[joined[id]] = Edit(component=first.component, why=why, text=f"{first.text}\n{edit.text}")
        else:
            joined[id] = len(found)
            found.append(edit)
    return found


def _halves(refusal: Refusal, ground: Ground) -> bool:
    """Return whether the rest of an answer is half a change without what was refused: texts are patched together."""
    return refusal.reason is RefusalReason.PATCH or (ground.patches and refusal.reason is RefusalReason.WRONG_COMPONENT)


def _worst(refusals: Sequence[Refusal]) -> Refusal:
    """Return one refusal for all: an unchanged text tells least of why an answer was no use."""
    if not refusals:
        return Refusal(reason=RefusalReason.UNCHANGED, detail="no edit was proposed")
    first = next((each for each in refusals if each.reason is not RefusalReason.UNCHANGED), refusals[0])
    return Refusal(reason=first.reason, detail="; ".join(dict.fromkeys(each.detail for each in refusals)))


def _checked(edit: Edit, ground: Ground) -> Edit | Refusal:
    """Return the edit with its component's id and a clean text, or the first reason against it."""
    id = ground.meant(edit.component)
    if id is None:
        known = ", ".join(f"`{each}`" for each in ground.offered)
        named = f"`{line(edit.component)[:80]}`" if edit.component.strip() else "an edit without a component"
        return _no(RefusalReason.WRONG_COMPONENT, f"{named} is not one of {known}")
    parent = ground.texts[id]
    if ground.offered[id].kind is Kind.ARTIFACT:
        written, checks = _artifact(edit.text, id, ground), _OF_ARTIFACTS
        if isinstance(written, Refusal):
            return written
        text = written
    else:
        text, checks = _bared(edit.text, parent), _OF_PROSE
    for check in checks:
        refusal = check(text, ground, id)
        if refusal is not None:
            return refusal
    return Edit(component=id, why=" ".join(clean(edit.why).split()), text=text)


def _artifact(said: str, id: ComponentId, ground: Ground) -> str | Refusal:
    """Return the whole new text of an artifact, be it given as such or as blocks; or why it is neither."""
    parent, text = ground.texts[id], clean(said)
    as_blocks = has_blocks(text) and not has_blocks(parent) and (ground.patches or is_all_blocks(text))
    if not as_blocks and not (ground.patches and patchable(parent)):
        return whole_artifact(said, parent)
    written = _from_blocks(text, parent) if as_blocks else _in_place_of_blocks(said, parent)
    return written if isinstance(written, str) else _no(RefusalReason.PATCH, f"in `{id}` {written.why}")


def _from_blocks(text: str, parent: str) -> str | Misfit:
    blocks = blocks_of(text)
    written = Misfit(why=blocks.why) if isinstance(blocks, Broken) else patched(parent, blocks)
    if isinstance(written, str) and has_remains(written) and not has_remains(parent):
        return Misfit(why="a block has marks within its lines")
    return written


def _in_place_of_blocks(said: str, parent: str) -> str | Misfit:
    """Return a whole text that was given though blocks were asked for, if it is one."""
    whole = whole_artifact(said, parent)
    if has_remains(whole) and not has_remains(parent):
        return Misfit(why="the marks of a block are not whole")
    if len(whole) < _LEAST_WHOLE * len(parent):
        lengths = f"{len(whole)} characters, the current one has {len(parent)}"
        return Misfit(why=f"is no block, and no whole text: it has {lengths}")
    return whole


def _bared(text: str, parent: str) -> str:
    """Return the text without what a model wrapped around it: fences, quotes, line breaks spelled out."""
    bare = clean(text).strip()
    if not parent.lstrip().startswith(("```", "~~~")):
        bare = unfenced(bare).strip()
    if bare.count("\\n") > 1 and "\n" not in bare and "\\n" not in parent:
        bare = bare.replace("\\n", "\n").replace('\\"', '"')
    if len(bare) > 1 and bare[0] == bare[-1] == '"' and '"' not in bare[1:-1] and not parent.startswith('"'):
        bare = bare[1:-1].strip()
    return bare


def _empty(text: str, ground: Ground, id: ComponentId) -> Refusal | None:
    if text and text.casefold() not in _SAMPLES:
        return None
    return _no(RefusalReason.EMPTY, f"the new text of `{id}` is empty")


def _echoed(text: str, ground: Ground, id: ComponentId) -> Refusal | None:
    if repeats_a_record(text) or _share(text, _our_runs(), ground.texts[id]) > _MOST_ECHOED:
        return _no(RefusalReason.ECHO, f"the new text of `{id}` repeats the request instead of steering the agent")
    return None


def _unchanged(text: str, ground: Ground, id: ComponentId) -> Refusal | None:
    if text.split() == clean(ground.texts[id]).split():
        return _no(RefusalReason.UNCHANGED, f"the new text of `{id}` is the current one")
    return None


def _partial(text: str, ground: Ground, id: ComponentId) -> Refusal | None:
    if _PARTIAL.search(text) and not _PARTIAL.search(ground.texts[id]):
        return _no(RefusalReason.MALFORMED, f"the new text of `{id}` is not complete: it only says what changes")
    return None


def _too_long(text: str, ground: Ground, id: ComponentId) -> Refusal | None:
    limit = ground.offered[id].limit
    if len(text) > limit:
        return _no(RefusalReason.TOO_LONG, f"the new text of `{id}` has {len(text)} characters, {limit} are allowed")
    return None


def _placeholder_lost(text: str, ground: Ground, id: ComponentId) -> Refusal | None:
    kept = placeholders(text)
    lost = [each for each in placeholders(clean(ground.texts[id])) if each not in kept]
    if lost:
        return _no(RefusalReason.PLACEHOLDER, f"the new text of `{id}` lacks {', '.join(f'`{each}`' for each in lost)}")
    return None


def _copied(text: str, ground: Ground, id: ComponentId) -> Refusal | None:
    if _share(text, ground.inputs, ground.texts[id]) > _MOST_COPIED:
        return _no(RefusalReason.ECHO, f"most of the new text of `{id}` is copied from the inputs of the examples")
    return None


def _strange(text: str, ground: Ground, id: ComponentId) -> Refusal | None:
    return brought_in(ground.offered[id], text, ground.strangers)


def _breach(text: str, ground: Ground, id: ComponentId) -> Refusal | None:
    return breach(ground.offered[id], text, ground.own)


def _same(text: str, ground: Ground, id: ComponentId) -> Refusal | None:
    if text.strip() == ground.texts[id].strip():
        return _no(RefusalReason.UNCHANGED, f"the new text of `{id}` is the current one")
    return None


def _elided(text: str, ground: Ground, id: ComponentId) -> Refusal | None:
    if elides(text) and not elides(ground.texts[id]):
        return _no(RefusalReason.MALFORMED, f"the new text of `{id}` is not complete: it only says what changes")
    return None


_OF_PROSE = (_empty, _too_long, _echoed, _unchanged, _partial, _placeholder_lost, _copied, _breach, _strange)
_OF_ARTIFACTS = (_empty, _too_long, _echoed, _same, _elided, _breach)
"""White space, braces and words of a task may be the very point of code or data."""


def _lessons(learned: Iterable[Learned], ground: Ground, edited: Sequence[ComponentId]) -> Iterator[Lesson]:
    """Yield the lessons on a component that is known; one without a name is on the only component that was edited."""
    seen: set[str] = set()
    for each in learned:
        component = ground.anywhere(each.component) or (edited[0] if not each.component and len(edited) == 1 else None)
        text = " ".join(clean(each.text).split())[:_LESSON_LENGTH]
        told = component is None or not text or text.casefold() in _SAMPLES or text in seen
        told = told or repeats_a_record(text) or bool(ground.strangers.brought_in(text))
        if component is not None and not told and len(seen) < _LESSONS:
            seen.add(text)
            yield Lesson(component=component, text=text)


def _share(text: str, foreign: frozenset[str], current: str) -> float:
    """Return the share of the text's runs of words that are among `foreign` and not in the current text."""
    own = runs(text)
    return len((foreign - frozenset(runs(current))).intersection(own)) / len(own) if own else 0.0


@cache
def _our_runs() -> frozenset[str]:
    return frozenset(run for name in _PROSE for run in runs(prose(name)))


def _no(reason: RefusalReason, detail: str) -> Refusal:
    return Refusal(reason=reason, detail=detail)
