"""A winner's texts back into the user's source: a patch that was read back before anybody sees it.

The source has to say what the run began with, or nothing is written. What cannot be written, or would not be read back
exactly, or would change another agent's texts, too, is listed with its reason.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from spanwright.core.candidate import ComponentId
from spanwright.errors import UsageError
from spanwright.subject.champion import is_added
from spanwright.subject.nearest import nearest
from spanwright.subject.patched import FilePatch, Unwritable, WriteBack
from spanwright.subject.rewriting.apart import Ask, ask
from spanwright.subject.rewriting.formatting import formatted
from spanwright.subject.rewriting.planning import Answer, Question
from spanwright.subject.rewriting.reach import Reach
from spanwright.subject.rewriting.workspace import replace_file

_ROUNDS = 6
_ABSENT = "its agent is not among those that were handed over"
_ADDED = "it is no text of the source: an agent gets it when it runs"
_MISREAD = "after the patch it would not be read back exactly"


def write_back(
    reach: Reach,
    seed: Mapping[ComponentId, str],
    winner: Mapping[ComponentId, str],
    *,
    write: bool = False,
    asking: Ask = ask,
) -> WriteBack:
    """Return the patch that puts a winner's texts where the seed's are, and with `write` apply it.

    Raises UsageError where the source does not say what the seed says, or cannot be imported.
    """
    if winner == seed:
        return WriteBack(patches=(), unwritable=())
    question = Question(reach=reach, winner=winner)
    planned = asking(question)
    _check(planned, seed, winner)
    already = tuple(sorted(id for id in winner if planned.texts.get(id) == winner[id] != seed.get(id)))
    for _ in range(_ROUNDS):
        contents = {path: formatted(Path(path), planned.before[path], after) for path, after in planned.after.items()}
        misread = _misread(planned, contents, winner, reach, asking)
        if not misread:
            break
        question = replace(question, refused={**question.refused, **misread})
        planned = asking(question)
    else:
        raise UsageError("no patch was found that is read back exactly", "Deploy the champion file instead")
    patches = tuple(
        FilePatch(
            path=Path(path),
            components=tuple(sorted(planned.written[path])),
            before=planned.before[path],
            after=content,
        )
        for path, content in sorted(contents.items())
    )
    absent = {
        id: _ADDED if is_added(id) else _ABSENT
        for id, text in winner.items()
        if id not in planned.texts and text != seed.get(id)
    }
    refused = sorted({**absent, **planned.refused}.items())
    unwritable = tuple(Unwritable(component=id, reason=why) for id, why in refused)
    found = WriteBack(patches=patches, unwritable=unwritable, already=already, remarks=tuple(_remarks(planned)))
    return apply(found) if write else found


def apply(found: WriteBack) -> WriteBack:
    """Write a patch into its files. Raises UsageError where one of them changed since, before any is written."""
    for patch in found.patches:
        if not patch.path.exists() or patch.path.read_bytes() != patch.before:
            raise UsageError(f"{patch.path} changed while the patch was made", "Look at the change, and apply again")
    for patch in found.patches:
        replace_file(patch.path, patch.before, patch.after)
    return replace(found, written=bool(found.patches))


def _check(planned: Answer, seed: Mapping[ComponentId, str], winner: Mapping[ComponentId, str]) -> None:
    """Raise UsageError where the source is not what the run began with."""
    named = {_agent(id) for id in planned.texts}
    mine = {id: text for id, text in seed.items() if _agent(id) in named}
    missing = sorted(id for id in mine if id not in planned.texts and not is_added(id)) if mine else sorted(seed)
    if missing:
        likely = nearest(missing[0], [id for id in planned.texts if id not in seed])
        hint = f" (is it {likely!r} now?)" if likely else ""
        told = ", ".join(map(repr, missing))
        raise UsageError(f"the source has no {told} any more{hint}", "It changed since the run: optimize anew")
    shown = {**planned.texts, **planned.worn}
    differing = sorted(
        id for id in mine if id in shown and shown[id] != seed[id] and planned.texts[id] != winner.get(id)
    )
    if differing:
        raise UsageError(
            f"the source changed since the run began: {', '.join(differing)}",
            "Restore these texts, or optimize what is there now",
        )


def _agent(id: ComponentId) -> str:
    return id.partition("/")[0]


def _remarks(planned: Answer) -> Iterator[str]:
    if planned.worn:
        names = ", ".join(sorted({_agent(id) for id in planned.worn}))
        yield f"{names}: a champion's texts are worn over those in the source; drop champion= when the patch is in"


def _misread(
    planned: Answer, contents: Mapping[str, bytes], winner: Mapping[ComponentId, str], reach: Reach, asking: Ask
) -> Mapping[ComponentId, str]:
    """Return the components of a patch that go wrong when the patched files are imported, and how."""
    written = {id for components in planned.written.values() for id in components}
    if not contents:
        return {}
    try:
        found = asking(Question(reach=reach, files=contents))
    except UsageError as error:
        return dict.fromkeys(written, f"the patched source cannot be imported: {error.what.splitlines()[-1]}")
    wanted = {**planned.texts, **{id: winner[id] for id in written}}
    wrong = {id: _MISREAD for id in written if found.texts.get(id) != wanted[id]}
    strays = [text for id, text in found.texts.items() if id not in written and text != wanted.get(id)]
    blamed: dict[ComponentId, str] = {}
    for id in sorted(written):
        if winner[id] in strays:
            blamed[id] = "another component's text is written at the same place"
    for name, texts in planned.others.items():
        now = found.others.get(name, {})
        differing = {id for id in texts.keys() | now.keys() if texts.get(id) != now.get(id)}
        if differing:
            theirs = {now.get(id) for id in differing}
            guilty = [id for id in written if winner[id] in theirs] or list(written)
            blamed.update(dict.fromkeys(guilty, f"the agent {name} has its text from the same place"))
    if strays and not blamed and not wrong:
        blamed = dict.fromkeys(written, "the patch would change other texts of the agent, too")
    return {**blamed, **wrong}
