"""A real MCP server, as a child process or on a port: a shop that writes down the refunds that it makes."""

import os
from pathlib import Path
from typing import Annotated, Any

from fastmcp import FastMCP
from pydantic import BaseModel, Field

LEDGER = Path(os.environ.get("SHOP_LEDGER", os.devnull))

server = FastMCP[Any]("shop", instructions="Refund nobody twice.")


class Reason(BaseModel):
    """Why."""

    code: Annotated[str, Field(description="a code")]


@server.tool
def refund(
    order: Annotated[str, Field(description="which order")], reasons: Annotated[list[Reason], Field(description="why")]
) -> str:
    """Refund an order."""
    with LEDGER.open("a") as ledger:
        ledger.write(f"{order}\n")
    return f"refunded {order}"


@server.tool(annotations={"readOnlyHint": True})
def price(item: Annotated[str, Field(description="an item")]) -> int:
    """Look up a price."""
    return len(item)


if __name__ == "__main__":
    server.run(show_banner=False)
