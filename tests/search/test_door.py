"""The room's door."""

import inspect

import spanwright.search as room


def test_the_door_names_what_it_offers_in_order():
    offered = {name for name, value in vars(room).items() if not name.startswith("_") and not inspect.ismodule(value)}

    assert sorted(offered) == room.__all__
