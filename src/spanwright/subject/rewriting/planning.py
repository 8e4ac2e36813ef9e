"""What is done in a process of its own, in which the user's modules are imported as they are on the disk.

Two questions: which patch puts these texts into the source, and which texts do agents have if files are changed so.
"""

import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic_ai.agent import AbstractAgent

from spanwright.core.candidate import Component, ComponentId
from spanwright.errors import UsageError
from spanwright.source import Change, FunctionDocs, Library, Nowhere, Spot, find, patch
from spanwright.subject.discovery import discover
from spanwright.subject.optimizable import wearable_of
from spanwright.subject.own_files import file_of
from spanwright.subject.rewriting.origins import Origins
from spanwright.subject.rewriting.packs import InPack, patched
from spanwright.subject.rewriting.reach import Reach, agents_in, homes_of, other_agents, overlaid, variables_of
from spanwright.subject.rewriting.workspace import library
from spanwright.subject.skills import instead_of_files
from spanwright.subject.texts import texts_in_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked."""

    reach: Reach
    winner: Mapping[ComponentId, str] = field(default_factory=dict[ComponentId, str])
    refused: Mapping[ComponentId, str] = field(default_factory=dict[ComponentId, str])
    """Components that are known not to be writable, and why."""
    files: Mapping[str, bytes] | None = None
    """Files with another content: asks for the texts that agents have then. None asks for a patch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Texts as they were found, and a patch where one was asked for."""

    texts: Mapping[ComponentId, str]
    """As the source has them."""
    worn: Mapping[ComponentId, str]
    """Those over which the agents wear a champion's texts, and these."""
    others: Mapping[str, Mapping[ComponentId, str]]
    """The texts of other agents that the same modules have."""
    before: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    after: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    written: Mapping[str, Sequence[ComponentId]] = field(default_factory=dict[str, Sequence[ComponentId]])
    refused: Mapping[ComponentId, str] = field(default_factory=dict[ComponentId, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where a component's text is written, or why it cannot be written back."""

    component: ComponentId
    file: Path | None = None
    line: int = 0
    what: str = ""
    obstacle: str = ""


async def answer(question: Question) -> Answer:
    """Answer a question about the user's modules, which are imported for it."""
    files = {Path(path): content for path, content in (question.files or {}).items()}
    with _afresh(question.reach, files):
        subject = question.reach.load()
        agents = agents_in(subject)
        found = await _found(agents)
        texts = {component.id: component.text for component in found if not component.dynamic}
        bases = [wearable.base for agent in agents if (wearable := wearable_of(agent)) is not None and wearable.base]
        worn = {id: text for base in bases for id, text in base.texts.items() if id in texts}
        others = {name: await _texts(agent) for name, agent in other_agents(agents)}
        known = Answer(texts=texts, worn=worn, others=others)
        return known if question.files is not None else _planned(question, subject, agents, found, known)


def whereabouts(
    found: Sequence[Component], subject: object, agents: Sequence[AbstractAgent[Any, Any]], reach: Reach
) -> tuple[tuple[Component, Whereabouts], ...]:
    """Return the components that were found of agents, each with where its text is written."""
    known = library()
    sources = _origins(subject, agents, reach, tuple(known.files))
    told: list[tuple[Component, Whereabouts]] = []
    for component in found:
        spot = _spot(component, sources, known)
        if isinstance(spot, Nowhere):
            told.append((component, Whereabouts(component=component.id, obstacle=spot.reason)))
        else:
            line = spot.line if isinstance(spot, InPack) else spot.file.line(spot.node)
            told.append(
                (component, Whereabouts(component=component.id, file=spot.file.path, line=line, what=spot.what))
            )
    return tuple(told)


def _planned(
    question: Question,
    subject: object,
    agents: Sequence[AbstractAgent[Any, Any]],
    found: Sequence[Component],
    known: Answer,
) -> Answer:
    refused = dict(question.refused)
    by_id = {component.id: component for component in found}
    files = library()
    sources = _origins(subject, agents, question.reach, tuple(files.files))
    spots = {id: _spot(component, sources, files) for id, component in by_id.items()}
    wanted = {id: question.winner.get(id, component.text) for id, component in by_id.items()}
    refused.update({id: f"ambiguous: {other} has its text from the same place" for id, other in _shared(spots, wanted)})
    changes: list[Change] = []
    of_packs: dict[ComponentId, tuple[InPack, str]] = {}
    for id, text in wanted.items():
        spot, component = spots[id], by_id[id]
        if component.text == text or id in refused:
            continue
        if isinstance(spot, Nowhere):
            refused[id] = spot.reason
        elif isinstance(spot, InPack):
            of_packs[id] = (spot, text)
        else:
            beside = _origin(component, sources).registration(component)
            changes.append(Change(component=id, text=text, spot=spot, otherwise=beside))
    refused = {id: why for id, why in refused.items() if id in by_id and wanted[id] != by_id[id].text}
    made, packed = patch(changes, files), patched(of_packs)
    before = {path: files.files[path].content for path in made.files}
    return replace(
        known,
        before={str(path): content for path, content in {**before, **packed.before}.items()},
        after={str(path): content for path, content in {**made.files, **packed.after}.items()},
        written={str(path): tuple(components) for path, components in {**made.written, **packed.written}.items()},
        refused={**refused, **made.refused, **packed.refused},
    )


def _shared(
    spots: Mapping[ComponentId, Spot | InPack | Nowhere], wanted: Mapping[ComponentId, str]
) -> Iterator[tuple[ComponentId, ComponentId]]:
    """Yield components that are written at one place and shall have different texts, each with another such one."""
    places: dict[object, list[ComponentId]] = {}
    for id, spot in spots.items():
        if not isinstance(spot, Nowhere):
            places.setdefault(_key(spot), []).append(id)
    for together in places.values():
        if len({wanted[id] for id in together}) > 1:
            yield from ((id, next(each for each in together if wanted[each] != wanted[id])) for id in together)


def _key(spot: Spot | InPack) -> object:
    """Return by what a place is known."""
    if isinstance(spot, InPack):
        return (spot.file.path, spot.body)
    return (spot.node, spot.place.parameter) if isinstance(spot, FunctionDocs) else (spot.node, spot.what)


def _origins(
    subject: object, agents: Sequence[AbstractAgent[Any, Any]], reach: Reach, files: tuple[Path, ...]
) -> Mapping[str, Origins]:
    return {
        agent.name or "": Origins(
            agent=agent, homes=homes_of(agent, subject, reach), variables=variables_of(agent), others=files
        )
        for agent in agents
    }


def _spot(component: Component, sources: Mapping[str, Origins], files: Library) -> Spot | InPack | Nowhere:
    origin = _origin(component, sources)
    return origin.in_pack(component) or find(origin.of(component), component.text, files)


def _origin(component: Component, sources: Mapping[str, Origins]) -> Origins:
    """Return the places of a component's agent; a text that belongs to none may stand in any file."""
    return sources.get(component.agent) or next(iter(sources.values()))


async def _found(agents: Sequence[AbstractAgent[Any, Any]]) -> Sequence[Component]:
    found = [component for agent in agents for component in await discover(agent)]
    return (*found, *texts_in_code([agent.name or "" for agent in agents]))


async def _texts(agent: AbstractAgent[Any, Any]) -> Mapping[ComponentId, str]:
    """Return an agent's static texts; none of one that cannot be started without its own dependencies."""
    try:
        return {component.id: component.text for component in await discover(agent) if not component.dynamic}
    except UsageError:
        return {}


@contextmanager
def _afresh(reach: Reach, files: Mapping[Path, bytes]) -> Generator[None]:
    """Import a package anew inside the block, as if files had another content; what was loaded comes back after."""
    loaded = dict(sys.modules)
    changed = {name for name, module in loaded.items() if file_of(module) in files}
    anew = {name.partition(".")[0] for name in (reach.module, *changed)} - {"__main__"}
    away = {name: module for name, module in loaded.items() if name.partition(".")[0] in anew}
    for name in away:
        del sys.modules[name]
    try:
        with overlaid(files), instead_of_files(files):
            yield
    finally:
        sys.modules.update(away)
