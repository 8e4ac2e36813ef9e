"""What holds for all tests alike."""

import gc


def pytest_collection_finish() -> None:
    """Leave alone what was imported and collected: it stays to the end, and no test shall pay to look through it."""
    gc.collect()
    gc.freeze()
