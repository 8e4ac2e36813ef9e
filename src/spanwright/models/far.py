"""Lanes of a run that goes on in another process: a worker asks for each request's turn, and the run grants it.

So there is one lane a model, whoever sends the requests: limits a minute, what a 429 teaches, the breaker and the pace
hold for all workers, judges and reflections together. It costs a request a message there and back.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import anyio

from spanwright.errors import WorldDown
from spanwright.models.lanes import Failing, Patience, Ticket, Way
from spanwright.models.traffic import Terms, Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOff:
    """A request asks for its turn."""

    kind: Literal["take_off"] = "take_off"
    ask: int
    """Names the request in all that follows."""
    lane: str
    again: bool = False
    beside: bool = False
    """It is the second one beside a slow one: now or never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A request was answered."""

    kind: Literal["landed"] = "landed"
    ask: int
    tokens: int
    keeps_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed:
    """A request failed in a way that may pass."""

    kind: Literal["crashed"] = "crashed"
    ask: int
    failing: Failing


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenUp:
    """A request was given up, before its turn or after, or refused for good."""

    kind: Literal["given_up"] = "given_up"
    ask: int
    alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Raced:
    """How a second request came out."""

    kind: Literal["raced"] = "raced"
    lane: str
    won: bool
    both: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A request may start."""

    kind: Literal["granted"] = "granted"
    ask: int
    patience: Patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """A request may not start: there is no room for a second one, or the model is down."""

    kind: Literal["denied"] = "denied"
    ask: int
    boundary: str = ""
    down: str = ""
    """Why the model is taken to be down; empty for a second request."""


FromSender: TypeAlias = TakeOff | Landed | Crashed | GivenUp | Raced
ToSender: TypeAlias = Granted | Denied


class FarTraffic(Traffic):
    """The lanes of a run as a worker knows them. `send` takes a message to the run; what comes back is `heard`."""

    def __init__(self, terms: Terms, send: Callable[[FromSender], None]) -> None:
        super().__init__(terms)
        self.send = send
        self._asked: dict[int, _Asked] = {}
        self._count = 0

    def way(self, name: str) -> Way:
        """Return the way to a model."""
        return _FarWay(name, self)

    async def ask(self, lane: str, *, again: bool = False, beside: bool = False) -> Granted | Denied:
        """Ask for a turn, and wait for the answer."""
        self._count += 1
        number, asked = self._count, _Asked()
        self._asked[number] = asked
        self.send(TakeOff(ask=number, lane=lane, again=again, beside=beside))
        settled = False
        try:
            await asked.heard.wait()
            settled = True
        finally:
            del self._asked[number]
            if not settled and not isinstance(asked.reply, Denied):
                self.send(GivenUp(ask=number, alive=False))
        assert asked.reply is not None
        return asked.reply

    def hear(self, reply: ToSender) -> None:
        """Take an answer from the run. One that nobody waits for any more was given up, which the run knows."""
        asked = self._asked.get(reply.ask)
        if asked is not None:
            asked.reply = reply
            asked.heard.set()


@dataclass(slots=True)
class _Asked:
    """A request that waits for its turn."""

    heard: anyio.Event = field(default_factory=anyio.Event)
    reply: ToSender | None = None


class _FarWay:
    """The way to one model through a lane of the run's."""

    def __init__(self, name: str, traffic: FarTraffic) -> None:
        self._name = name
        self._traffic = traffic

    async def take_off(self, *, again: bool) -> Ticket:
        reply = await self._traffic.ask(self._name, again=again)
        if isinstance(reply, Denied):
            raise WorldDown(reply.boundary, reply.down)
        return _FarTicket(reply.ask, reply.patience, self._traffic.send)

    async def beside(self) -> Ticket | None:
        reply = await self._traffic.ask(self._name, beside=True)
        return None if isinstance(reply, Denied) else _FarTicket(reply.ask, reply.patience, self._traffic.send)

    def raced(self, *, won: bool, both: bool) -> None:
        self._traffic.send(Raced(lane=self._name, won=won, both=both))


@dataclass(frozen=True, slots=True)
class _FarTicket:
    """A request that the run knows by its number."""

    ask: int
    patience: Patience
    send: Callable[[FromSender], None]

    def answered(self, tokens: int, *, keeps_up: bool) -> None:
        self.send(Landed(ask=self.ask, tokens=tokens, keeps_up=keeps_up))

    def failed(self, failing: Failing) -> None:
        self.send(Crashed(ask=self.ask, failing=failing))

    def left(self, *, alive: bool) -> None:
        self.send(GivenUp(ask=self.ask, alive=alive))


class Tower:
    """Lets the requests of one worker through the lanes of the run. What it lets wait, it lets wait in your task."""

    def __init__(self, traffic: Traffic, reply: Callable[[ToSender], None]) -> None:
        self._traffic = traffic
        self._reply = reply
        self._waiting: dict[int, anyio.CancelScope] = {}
        self._tickets: dict[int, Ticket] = {}

    def expect(self, asked: TakeOff) -> None:
        """Take note that a request waits, before a task of its own waits for it: it may be given up before."""
        self._waiting[asked.ask] = anyio.CancelScope()

    async def let(self, asked: TakeOff) -> None:
        """Wait until an expected request may start, and say so."""
        scope = self._waiting[asked.ask]
        try:
            with scope:
                ticket = await self._ticket(asked)
                if scope.cancel_called:  # a lane that is free waits for nothing, so nothing was cancelled in it
                    self._give_up(ticket)
                elif ticket is None:
                    self._reply(Denied(ask=asked.ask))
                else:
                    self._tickets[asked.ask] = ticket
                    self._reply(Granted(ask=asked.ask, patience=ticket.patience))
        except WorldDown as error:
            self._reply(Denied(ask=asked.ask, boundary=error.boundary, down=error.message))
        finally:
            del self._waiting[asked.ask]

    def _give_up(self, ticket: Ticket | None) -> None:
        if ticket is not None:
            ticket.left(alive=False)

    async def _ticket(self, asked: TakeOff) -> Ticket | None:
        way = self._traffic.way(asked.lane)
        return await way.beside() if asked.beside else await way.take_off(again=asked.again)

    def hear(self, said: Landed | Crashed | GivenUp | Raced) -> None:
        """Take note of how a request ended."""
        if isinstance(said, Raced):
            self._traffic.way(said.lane).raced(won=said.won, both=said.both)
            return
        if said.ask in self._waiting:
            self._waiting[said.ask].cancel()
            return
        ticket = self._tickets.pop(said.ask, None)
        if ticket is None:  # it was never granted
            return
        match said:
            case Landed():
                ticket.answered(said.tokens, keeps_up=said.keeps_up)
            case Crashed():
                ticket.failed(said.failing)
            case GivenUp():
                ticket.left(alive=said.alive)

    def lost(self) -> None:
        """Take note that the worker is gone, and all its requests with it."""
        for scope in self._waiting.values():
            scope.cancel()
        tickets, self._tickets = self._tickets, {}
        for ticket in tickets.values():
            ticket.left(alive=False)
