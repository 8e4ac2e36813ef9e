"""The files of a run that trackers keep: the report, the winner as a champion, and the summary.

The report is the one of `spanwright report`, with what was said and done in the rollouts: whoever may look into the
tracker may read it.
"""

from pathlib import Path

from spanwright.report.page import html_of, write_private
from spanwright.report.page.paging import page_from
from spanwright.report.result import Result
from spanwright.store import Reader

_MOST_BYTES = 8_000_000
"""Of traces in the report: it is uploaded when everybody waits for the run to end."""


def files_of(reader: Reader, run: str, folder: Path) -> None:
    """Write the files of a run into a folder. Raises UsageError for a run that has not begun, StoreError."""
    events = tuple(reader.events(run))
    result = Result.from_events(events)
    write_private(folder / "report.html", html_of(reader, page_from(events), _MOST_BYTES))
    write_private(folder / "summary.md", result.to_markdown())
    result.save(folder / "champion.json")
