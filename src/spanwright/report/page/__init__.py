"""The page of a run: what people look at in a browser, as a file of its own or live over a store.

    model      what is shown, as plain values
    gathering  a fold over events; paging makes the page of it
    traces     a rollout for the trace viewer
    packing    the page as bytes for a browser
    document   the HTML around it, and its Content-Security-Policy
    writing    the file
    server     the live page

`assets/` are plain modules and styles, as they are sent: there is no build step, and nothing comes from a network.
"""

from spanwright.report.page.model import PAGE, Page
from spanwright.report.page.paging import Surroundings, page_from
from spanwright.report.page.server import Watched, live_app, showing, store_at
from spanwright.report.page.writing import html_of, page_of_run, write_private

__all__ = [
    "PAGE",
    "Page",
    "Surroundings",
    "Watched",
    "html_of",
    "live_app",
    "page_from",
    "page_of_run",
    "showing",
    "store_at",
    "write_private",
]
