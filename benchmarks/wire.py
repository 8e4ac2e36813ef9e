"""Both systems over a real wire: a pydantic-ai agent and the reflection model, served over HTTP by another process.

    python benchmarks/wire.py --quick            # under a minute: ends in the same candidate as in process?
    python benchmarks/wire.py                    # minutes: two worlds, 300 rollouts
    python benchmarks/wire.py --timed --json wire.jsonl     # hours: wall-clock at 32 at once, 1,000 rollouts

A world's answers come from the text of the request alone, with the draws that it has in process: so a run over the wire
must end in the candidate of one in process, hash for hash. Ours runs with the ordered schedule for that, gepa as it is.
`--timed` lets answers take their time, with a heavy tail and reflections ten times as long as rollouts, and races the
default policy against gepa in wall-clock time: `--pace` says how many seconds a rollout takes.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from statistics import fmean

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal
from comparing import Results
from contest import Arena, Contest, Course, Texts
from gepa_arms import SETTINGS, run_gepa, run_gepa_in
from our_arms import run_on, run_ours
from pydantic import TypeAdapter
from pydantic_ai.providers.openai import OpenAIProvider
from running import Job, Kept, add_keeping, do, key_of
from showing import Cell, Figure, Table, figure, show
from standings import overview

from spanwright.core.candidate import Candidate
from spanwright.core.case import Case
from spanwright.search import Policy
from spanwright.testing.simulated.host import read_log, serve_here
from spanwright.testing.simulated.latency import Latency, LatencyLaw
from spanwright.testing.simulated.server import simulated_app
from spanwright.testing.simulated.transport import over_socket, simulated_model
from spanwright.testing.worlds import Played, World
from spanwright.testing.worlds.staging import Stage
from spanwright.testing.worlds.wire import Desk, models
from spanwright.testing.worlds.world import REFLECTION

OURS = "spanwright"
WORLDS = (("rules", 100), ("single", 100))
REFLECTION_TIMES = 10.0
"""How much longer a reflection takes than a rollout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A contest over the wire. `pace` is about how many seconds a rollout takes; 0: answers come at once."""

    arm: str
    contest: Contest
    pace: float = 0.0


def latency_of(world: World, pace: float) -> Latency:
    """Return the laws under which a rollout takes `pace` seconds, and a reflection ten times as long."""
    plays = [world.play(world.seed_texts, case, 0) for case in world.splits.train]
    calls = fmean(len(played.deeds) + 1 for played in plays)
    laws = (
        LatencyLaw(models=REFLECTION, median=REFLECTION_TIMES * pace, sigma=0.5, tokens_per_second=1e9),
        LatencyLaw(median=pace / calls, sigma=0.9, tokens_per_second=1e9),
    )
    return Latency(scale=1.0 if pace else 0.0, laws=laws)


@contextmanager
def served(contest: Contest, pace: float) -> Generator[str]:
    """Serve a world's models in a process of its own, and give the base URL."""
    asked = (contest.family, contest.seed, contest.salt, pace)
    command = [sys.executable, __file__, "--serve", *map(str, asked)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def serve(family: str, seed: str, salt: str, pace: str) -> None:
    """Be that process."""
    world = Contest(family=family, seed=int(seed), salt=int(salt), budget=0).world()
    salted = f"world {world.name} {world.salt}"
    serve_here(simulated_app(models(world), salt=salted, latency=latency_of(world, float(pace))), port=0)


def over_wire(line: Line, policy: Policy | None = None) -> tuple[Course, int]:
    """Take part over the wire: the course, in paces, and the calls that the server served."""
    with served(line.contest, line.pace) as url:
        if line.arm in SETTINGS:
            course = gepa_over_wire(line, over_socket(url))
        else:
            course = anyio.run(ours_over_wire, line, url, policy or Policy.default(seed=line.contest.salt))
        calls = sum(read_log(url).served.values())
    return (in_paces(course, line.pace) if line.pace else course), calls


async def ours_over_wire(line: Line, url: str, policy: Policy) -> Course:
    """Let our engine take part, with the world's agent as its subject."""
    world = line.contest.world()
    async with over_socket(url) as provider:
        desk = Desk(world, provider)
        stage = Stage(world, play=desk.play, reflection=simulated_model(REFLECTION, provider))
        return await run_on(line.arm, line.contest, stage, policy)


def gepa_over_wire(line: Line, provider: OpenAIProvider) -> Course:
    """Let gepa take part, with the same agent behind its adapter and the same endpoint for its reflections."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(provider):
        world = line.contest.world()
        arena = WireArena(contest=line.contest, world=world, portal=portal, provider=provider, began=time.monotonic())
        return run_gepa_in(line.arm, arena)


@dataclass(slots=True, kw_only=True)
class WireArena(Arena):
    """An arena whose plays and answers come over the wire, as many at once as there are slots."""

    portal: BlockingPortal
    provider: OpenAIProvider
    began: float
    _desk: Desk | None = None

    def tried(self, pairs: Sequence[tuple[Texts, Case]]) -> list[Played]:
        """Try texts on cases. What was served how often is settled before anything is under way."""
        flat = [(texts, case, self.serving(Candidate(texts=texts), case)) for texts, case in pairs]
        played = self.portal.call(self._plays, flat)
        self.now = time.monotonic() - self.began
        return played

    def asked(self, prompts: Sequence[str]) -> list[str]:
        """Ask the reflection model, all prompts side by side."""
        self.reflections += len(prompts)
        answers = self.portal.call(self._answers, prompts)
        self.now = time.monotonic() - self.began
        return answers

    async def _plays(self, asked: Sequence[tuple[Texts, Case, int]]) -> list[Played]:
        desk = self._desk = self._desk or Desk(self.world, self.provider)
        slots = anyio.CapacityLimiter(self.contest.width)
        found: dict[int, Played] = {}

        async def play(place: int, texts: Texts, case: Case, serving: int) -> None:
            async with slots:
                began = time.monotonic()
                found[place] = await desk.play(texts, case, serving)
                self.busy += time.monotonic() - began

        async with anyio.create_task_group() as plays:
            for place, each in enumerate(asked):
                plays.start_soon(play, place, *each)
        return [found[place] for place in range(len(asked))]

    async def _answers(self, prompts: Sequence[str]) -> list[str]:
        found: dict[int, str] = {}

        async def ask(place: int, prompt: str) -> None:
            answer = await self.provider.client.chat.completions.create(
                model=REFLECTION, messages=[{"role": "user", "content": prompt}]
            )
            found[place] = answer.choices[0].message.content or ""

        async with anyio.create_task_group() as asking:
            for place, prompt in enumerate(prompts):
                asking.start_soon(ask, place, prompt)
        return [found[place] for place in range(len(prompts))]


def in_paces(course: Course, pace: float) -> Course:
    """Return a course with its times in median rollouts, as in virtual time."""
    points = tuple(replace(point, seconds=point.seconds / pace) for point in course.points)
    return replace(course, points=points, seconds=course.seconds / pace, busy=course.busy / pace)


def sameness(contests: Iterable[Contest]) -> Table:
    """Run each contest in process and over the wire, and compare what they end in."""
    rows: list[tuple[Cell, ...]] = []
    for contest in contests:
        for arm in (OURS, "gepa"):
            ordered = Policy.default(seed=contest.salt, schedule="ordered")
            lean = run_gepa(arm, contest) if arm in SETTINGS else run_ours(arm, contest, ordered)
            began = time.monotonic()
            wired, calls = over_wire(Line(arm=arm, contest=contest), ordered)
            same = outcome(lean) == outcome(wired)
            row = (
                f"{contest.family} {contest.seed}: {arm}",
                figure(wired.rollouts, "d"),
                figure(wired.reflections, "d"),
                figure(calls, "d"),
                figure(time.monotonic() - began, ".0f"),
                *(f"{each.candidate[:8]} of {each.candidates} {each.pool[:8]}" for each in (lean, wired)),
                Figure(same, "yes" if same else "NO"),
            )
            rows.append(row)
    return Table(
        title="In process and over HTTP",
        columns=("world: system", "rollouts", "refl.", "calls", "seconds", "in process", "over HTTP", "same"),
        rows=tuple(rows),
        note="The winner's hash, how many candidates there were, and the hash of all of them in their order. Calls are"
        " those that the server served.",
    )


def outcome(course: Course) -> tuple[object, ...]:
    """Return what must be the same over the wire and in process."""
    return course.candidate, course.pool, course.candidates, course.rollouts, course.reflections


def timed(line: Line) -> Course:
    """Race over the wire."""
    return over_wire(line)[0]


def race(asked: argparse.Namespace, contests: Iterable[Contest]) -> Iterable[Table]:
    """Race the default policy and gepa's arms at the pace that was asked for, one run at a time."""
    lines = [Line(arm=arm, contest=contest, pace=asked.pace) for contest in contests for arm in asked.arms]
    kept = Kept(file=asked.json, kind=TypeAdapter(Course), key=key_of)
    courses = do({Job(arm=line.arm, contest=line.contest).key: line for line in lines}, timed, kept, processes=1)
    yield overview(Results(courses), f"{asked.rollouts} rollouts, {asked.width} at once, over HTTP", OURS)


def main(arguments: Iterable[str] | None = None) -> None:
    """Run what is asked for; exit code 1 where a run over the wire ends in another candidate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--rollouts", type=int, help="default 300, with --timed 1,000")
    add("--width", type=int, default=32, help="rollouts at once (default 32)")
    add("--quick", action="store_true", help="one world, 90 rollouts")
    add("--timed", action="store_true", help="race in wall-clock time")
    add("--pace", type=float, default=1.0, help="with --timed: the median of a rollout's seconds (default 1)")
    add("--arms", nargs="+", default=(OURS, "gepa", "gepa PxN"), help="with --timed")
    add("--serve", nargs=4, help=argparse.SUPPRESS)
    add_keeping(parser)
    asked = parser.parse_args(None if arguments is None else list(arguments))
    if asked.serve:
        serve(*asked.serve)
        return
    asked.rollouts = asked.rollouts or (90 if asked.quick else 1_000 if asked.timed else 300)
    worlds = WORLDS[:1] if asked.quick else WORLDS
    contests = [Contest(family=family, seed=seed, budget=asked.rollouts, width=asked.width) for family, seed in worlds]
    if asked.timed:
        show(race(asked, contests), asked.figures)
        return
    table = sameness(contests)
    show([table], asked.figures)
    sys.exit(any(str(row[-1]) == "NO" for row in table.rows))


if __name__ == "__main__":
    main()
