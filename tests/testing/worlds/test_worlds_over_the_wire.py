"""An agent behind the simulated server does what a play in process says, call for call."""

import anyio
import pytest

from spanwright.testing.simulated.transport import in_process
from spanwright.testing.worlds import FAMILIES, Played, Sizes, World, make_world
from spanwright.testing.worlds.wire import Desk, world_app

SIZES = Sizes(train=5, validation=1, test=1)
LONG = Sizes(train=1, validation=1, test=1)
"""Forty turns make a whole test by themselves."""


async def _both(world: World) -> list[tuple[Played, Played]]:
    desk = Desk(world, in_process(world_app(world)))
    texts = (world.seed_texts, world.oracle)
    return [
        (await desk.play(said, case, serving), world.play(said, case, serving))
        for said in texts
        for case in world.splits.train
        for serving in (0, 3)
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_play_over_the_wire_has_the_outcome_of_one_in_process(family: str) -> None:
    world = make_world(family, 5, sizes=LONG if family == "long" else SIZES)
    for wired, lean in anyio.run(_both, world):
        assert [(deed.tool, deed.asked, deed.result) for deed in wired.deeds] == [
            (deed.tool, deed.asked, deed.result) for deed in lean.deeds
        ]
        assert (wired.output, wired.score, wired.feedback, wired.blame) == (
            lean.output,
            lean.score,
            lean.feedback,
            lean.blame,
        )
