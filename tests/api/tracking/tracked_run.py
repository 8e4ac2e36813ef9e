"""What the tests of trackers share: a run that is tracked, and a tracker that keeps what it is told in lists."""

from dataclasses import dataclass, field
from pathlib import Path

from api_world import World, words

from spanwright import Result, Run, Tracker, optimize
from spanwright.report.tracking import Point, Undertaking
from spanwright.report.tracking.tracker import Ending


async def tracked(world: World, *trackers: Tracker, rollouts: int = 40, **options) -> Result:
    common = {**world.options(rollouts=rollouts), **options}
    run = Run(name="first", progress=False, trackers=trackers)
    return await optimize(world.agent, words(30), **{**common, "run": run})


@dataclass
class Listed:
    """A sheet that fails as often as it is told to, at once or when it has taken what it was given."""

    undertaking: Undertaking
    points: list[Point] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    endings: list[Ending] = field(default_factory=list)
    faults: int = 0
    opened: int = 0

    def last(self) -> int:
        return max((point.step for point in self.points), default=-1)

    def log(self, points: list[Point]) -> None:
        self.points += points
        if self.faults:
            self.faults -= 1
            raise ConnectionError("it broke off")

    def keep(self, folder: Path) -> None:
        self.files |= {file.name: file.read_text() for file in folder.iterdir()}

    def close(self, ending: Ending) -> None:
        self.endings.append(ending)


@dataclass
class Lists:
    """All sheets of a tracker, by the ids of the runs."""

    sheets: dict[str, Listed] = field(default_factory=dict)
    faults: int = 0

    @property
    def tracker(self) -> Tracker:
        return Tracker("a list", self.open, patience=20)

    def open(self, undertaking: Undertaking) -> Listed:
        sheet = self.sheets.setdefault(undertaking.id, Listed(undertaking, faults=self.faults))
        sheet.opened += 1
        return sheet

    @property
    def sheet(self) -> Listed:
        (sheet,) = self.sheets.values()
        return sheet

    def steps(self) -> list[int]:
        return [point.step for point in self.sheet.points]
