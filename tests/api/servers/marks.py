"""A real MCP server as a child process: it puts a mark behind a word, and writes down that it did."""

import os
from pathlib import Path
from typing import Any

from fastmcp import FastMCP

server = FastMCP[Any]("marks")


@server.tool
def punctuate(word: str) -> str:
    """Punctuate."""
    with Path(os.environ["MARKS_LEDGER"]).open("a") as ledger:
        ledger.write(f"{word}\n")
    return f"{word}!"


if __name__ == "__main__":
    server.run(show_banner=False)
