"""The thirty tools, documented as busy people do it: tersely, by copy and paste, and now and then wrongly.

To make these texts better is the optimizer's task; nothing here is written for it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from pydantic_ai import ModelRetry, RunContext

from spanwright_agents.tool_desk.house import House, Mistake, Told, a_count, a_day, an_email, one_of

Ctx = RunContext[House]

CANCELLED: Final = ("DUPLICATE", "LATE", "UNWANTED")
RETURNED: Final = ("DAMAGED", "LATE", "UNWANTED", "WRONG_ITEM")
CLAIMED: Final = ("CRUSHED", "OPENED", "WET")
LEVELS: Final = ("BASIC", "GOLD", "PLUS")


@contextmanager
def told_again() -> Iterator[None]:
    """Tell the model what the house could not read, so that it may try again."""
    try:
        yield
    except Mistake as mistake:
        raise ModelRetry(str(mistake)) from mistake


async def order_info(ctx: Ctx, id: str) -> Told:
    """Order info."""
    with told_again():
        return ctx.deps.look("orders", "orders", id)


async def order_history(ctx: Ctx, id: str) -> list[Told]:
    """Order info."""
    with told_again():
        return ctx.deps.orders_of(id)


async def order_stop(ctx: Ctx, id: str, why: str) -> str:
    """Stop."""
    with told_again():
        return ctx.deps.note("cancellations", "orders", id, one_of("why", why, CANCELLED))


async def order_close(ctx: Ctx, id: str) -> str:
    """Close an order. Cancels it."""
    with told_again():
        return ctx.deps.change("archived orders", ("orders", id, "status"), "archived")


async def order_hold(ctx: Ctx, id: str, day: str) -> str:
    """Hold."""
    with told_again():
        return ctx.deps.change("held orders", ("orders", id, "held_until"), a_day(day))


async def order_amend(ctx: Ctx, id: str, count: int) -> str:
    """Amend."""
    with told_again():
        return ctx.deps.change("quantities", ("orders", id, "count"), a_count(count))


async def billing_view(ctx: Ctx, id: str) -> Told:
    """View."""
    with told_again():
        return ctx.deps.look("invoices", "invoices", id)


async def billing_return(ctx: Ctx, id: str, amount: float, why: str) -> str:
    """Billing op."""
    with told_again():
        return ctx.deps.note("refunds", "invoices", id, f"{round(amount)} {one_of('why', why, RETURNED)}")


async def billing_apply(ctx: Ctx, id: str, amount: float) -> str:
    """Billing op."""
    with told_again():
        return ctx.deps.note("vouchers", "customers", id, f"{amount:.2f}")


async def billing_reverse(ctx: Ctx, id: str) -> str:
    """Pays the money back."""
    with told_again():
        return ctx.deps.change("void invoices", ("invoices", id, "status"), "void")


async def billing_send(ctx: Ctx, id: str, to: str) -> str:
    """Send."""
    with told_again():
        return ctx.deps.note("copies", "invoices", id, an_email(to))


async def billing_split(ctx: Ctx, id: str, count: int) -> str:
    """Split (TODO: docs)."""
    with told_again():
        return ctx.deps.change("instalments", ("invoices", id, "instalments"), a_count(count))


async def parcel_status(ctx: Ctx, id: str) -> Told:
    """Status."""
    with told_again():
        return ctx.deps.look("parcels", "parcels", id)


async def parcel_trace(ctx: Ctx, id: str) -> str:
    """Tracking."""
    with told_again():
        return ctx.deps.note("searches", "parcels", id, "search")


async def parcel_redirect(ctx: Ctx, id: str, value: str) -> str:
    """Update."""
    with told_again():
        return ctx.deps.change("parcel addresses", ("parcels", id, "address"), value)


async def parcel_move(ctx: Ctx, id: str, day: str) -> str:
    """Update."""
    with told_again():
        return ctx.deps.change("delivery days", ("parcels", id, "due"), a_day(day))


async def parcel_recall(ctx: Ctx, id: str) -> str:
    """Recall."""
    with told_again():
        return ctx.deps.change("recalls", ("parcels", id, "status"), "recalled")


async def parcel_claim(ctx: Ctx, id: str, kind: str) -> str:
    """Claim. See wiki."""
    with told_again():
        return ctx.deps.note("claims", "parcels", id, one_of("kind", kind, CLAIMED))


async def account_get(ctx: Ctx, id: str) -> Told:
    """Get."""
    with told_again():
        return ctx.deps.look("accounts", "customers", id)


async def account_update(ctx: Ctx, id: str, value: str) -> str:
    """Update the account."""
    with told_again():
        return ctx.deps.change("emails", ("customers", id, "email"), an_email(value))


async def account_set(ctx: Ctx, id: str, value: str) -> str:
    """Update the account."""
    with told_again():
        return ctx.deps.change("addresses", ("customers", id, "address"), value)


async def account_close(ctx: Ctx, id: str) -> str:
    """Close."""
    with told_again():
        return ctx.deps.change("closed accounts", ("customers", id, "closed"), 1)


async def account_block(ctx: Ctx, id: str, day: str) -> str:
    """Block."""
    with told_again():
        return ctx.deps.change("suspensions", ("customers", id, "blocked_until"), a_day(day))


async def account_level(ctx: Ctx, id: str, value: str) -> str:
    """Level."""
    with told_again():
        return ctx.deps.change("levels", ("customers", id, "level"), one_of("value", value, LEVELS))


async def item_show(ctx: Ctx, id: str) -> Told:
    """Item."""
    with told_again():
        return {key: value for key, value in ctx.deps.look("products", "products", id).items() if key != "stock"}


async def item_check(ctx: Ctx, id: str) -> Told:
    """Item."""
    with told_again():
        return {key: value for key, value in ctx.deps.look("stock", "products", id).items() if key != "cents"}


async def item_price(ctx: Ctx, id: str, amount: float) -> str:
    """Show the price."""
    with told_again():
        return ctx.deps.change("prices", ("products", id, "cents"), round(amount))


async def item_reserve(ctx: Ctx, id: str, count: int) -> str:
    """Reserve."""
    with told_again():
        return ctx.deps.note("reservations", "products", id, str(a_count(count)))


async def item_alert(ctx: Ctx, id: str, to: str) -> str:
    """Alert."""
    with told_again():
        return ctx.deps.note("alerts", "products", id, an_email(to))


async def item_retire(ctx: Ctx, id: str) -> str:
    """Retire."""
    with told_again():
        return ctx.deps.change("withdrawn products", ("products", id, "on_sale"), 0)


TOOLS: Final[tuple[Callable[..., Any], ...]] = (
    order_info, order_history, order_stop, order_close, order_hold, order_amend,
    billing_view, billing_return, billing_apply, billing_reverse, billing_send, billing_split,
    parcel_status, parcel_trace, parcel_redirect, parcel_move, parcel_recall, parcel_claim,
    account_get, account_update, account_set, account_close, account_block, account_level,
    item_show, item_check, item_price, item_reserve, item_alert, item_retire,
)  # fmt: skip
