"""All that a service needs so that its agent can be optimized from another process. Copy it: nothing in it is ours.

`rollouts = Rollouts(provider)` once, and for each request `return JSONResponse(await rollouts.answer(request, run))`.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from urllib import request as web

from opentelemetry import baggage, context, propagate, trace
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from starlette.requests import Request


class Rollouts(SpanProcessor):
    """Lets `run(inputs, texts)` answer a request with the texts of its candidate, and sends the spans of it."""

    def __init__(self, provider: TracerProvider, worlds: tuple[type[Exception], ...] = (), token: str = "") -> None:
        self._provider, self._worlds = provider, worlds  # `worlds` are exceptions that no text is to blame for
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._texts: dict[str, Mapping[str, str]] = {}  # a candidate's id is a hash: what it stands for never changes
        self._ended: Counter[int] = Counter()
        provider.add_span_processor(self)

    async def answer(self, request: Request, run: Callable[[object, Mapping[str, str]], Awaitable[object]]) -> object:
        asked, caller = await request.json(), propagate.extract(request.headers)  # traceparent and baggage
        token = context.attach(caller)
        try:
            texts = await self._texts_of(asked["candidate"])
            said = {"output": await run(asked["case"]["inputs"], texts)}
        except Exception as error:  # noqa: BLE001 - a run that failed is an answer, too
            blame = "world" if isinstance(error, self._worlds) else "candidate"
            said = {"error": f"{type(error).__name__}: {error}", "blame": blame}
        finally:
            context.detach(token)
        await asyncio.to_thread(self._provider.force_flush)
        return {**said, "spans": self._ended.pop(trace.get_current_span(caller).get_span_context().trace_id, 0)}

    async def _texts_of(self, candidate: Mapping[str, str]) -> Mapping[str, str]:
        if candidate["id"] not in self._texts:
            asked = web.Request(candidate["url"], headers=self._headers)  # noqa: S310 - the optimizer's address
            self._texts[candidate["id"]] = json.load(await asyncio.to_thread(web.urlopen, asked))["texts"]
        return self._texts[candidate["id"]]

    def on_start(self, span: Span, parent_context: context.Context | None = None) -> None:
        ids = {name: str(id) for name, id in baggage.get_all(parent_context).items() if name.startswith("spanwright.")}
        span.set_attributes(ids)  # spanwright.candidate and spanwright.rollout

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None:
            self._ended[span.context.trace_id] += 1
