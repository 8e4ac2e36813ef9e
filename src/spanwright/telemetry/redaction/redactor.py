"""Spans, events and traces without what should not be kept.

Equal values of a trace get equal placeholders, so that a reader can still follow; values of different traces have
nothing to do with each other. Identifiers of spans stay. Nothing that was found is written anywhere.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from hashlib import sha256
from typing import TypeVar, cast

from spanwright.core.trace import Attribute, Span, SpanEvent, Trace
from spanwright.telemetry.redaction.finders import Finder, Found, by_default, found
from spanwright.telemetry.redaction.json_texts import looks_like_json, rewritten
from spanwright.telemetry.sink import LoggedEvent

PLACEHOLDER = re.compile(r"<([a-z]{2,12})-(\d{1,9})>")
_SENSITIVE = re.compile(
    r"(?:^|[._])(?:password|passwd|passphrase|pwd|secret|client_secret|api_?key|private_key|secret_key|access_key"
    r"|secret_access_key|(?:access|refresh|auth|id|bearer|session|csrf)_token|authorization|cookie|set_cookie"
    r"|credentials?|cvv|cvc|ssn|social_security_number)$"
)
"""Keys whose values are secret whatever they look like."""
_TOKEN_KEY = re.compile(r"(?:^|[._])token$")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KEPT = frozenset(
    {"id", "trace_id", "span_id", "parent_id", "links", "scope", "kind", "status", "role", "retry", "components"}
)
"""Fields that are identifiers or words of ours."""
_REMEMBERED = 20_000
_TELLING = 200
"""So many secrets of a trace are looked for again: each costs a search of all its texts."""
_T = TypeVar("_T")


@dataclass(slots=True)
class _Known:
    """What a trace has had so far."""

    placeholders: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    last: Counter[str] = field(default_factory=Counter[str])
    telling: dict[str, None] = field(default_factory=dict[str, None])
    """Secrets that are known again where nothing says that they are some."""
    texts: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])


class Redactor:
    """Replaces secrets and personal data by placeholders. It remembers each trace, so give a trace one redactor."""

    def __init__(
        self, finders: Sequence[Finder] = (), *, regions: Sequence[str] = ("US",), personal: bool = True
    ) -> None:
        """Make a redactor; without `personal` it finds secrets, and what `finders` find."""
        self._finders = (*by_default(regions, persons=personal), *finders)
        self._traces: dict[str, _Known] = {}
        self._clean: set[bytes] = set()
        """Digests of texts in which the finders find nothing."""
        self.counted: Counter[str] = Counter()
        """How many different values were replaced, by kind, summed over the traces."""

    def spans(self, spans: Iterable[Span]) -> tuple[Span, ...]:
        """Return spans redacted. A secret that one of them gives away is one in all of their trace that is given."""
        some = tuple(spans)
        before = {span.trace_id: len(self._of(span.trace_id).telling) for span in some}
        once = tuple(self._span(span) for span in some)
        return tuple(
            self._span(span) if len(self._of(span.trace_id).telling) > before[span.trace_id] else span for span in once
        )

    def events(self, events: Iterable[LoggedEvent]) -> tuple[LoggedEvent, ...]:
        """Return events redacted; they share the placeholders of their trace."""
        return tuple(replace(event, attributes=self._attributes(event.attributes, event.trace_id)) for event in events)

    def trace(self, trace: Trace) -> Trace:
        """Return a trace redacted, in every text of its steps and spans."""
        before = len(self._of(trace.id).telling)
        once = self._any(trace, trace.id, "")
        return self._any(once, trace.id, "") if len(self._of(trace.id).telling) > before else once

    def text(self, text: str, trace_id: str = "", *, key: str = "") -> str:
        """Return a text redacted, whose value stands under `key`."""
        known = self._of(trace_id)
        memory = (text, key)
        if (other := known.texts.get(memory)) is not None:
            return other
        telling = len(known.telling)
        other = self._rewritten(text, key, known)
        if telling < len(known.telling):
            other = self._rewritten(other, key, known)
        if telling < len(known.telling) or len(known.texts) > _REMEMBERED:
            known.texts.clear()  # what was read before may hold the secret that is known only now
        known.texts[memory] = other
        return other

    def forget(self, trace_id: str) -> None:
        """Let go of all that is known of a trace."""
        self._traces.pop(trace_id, None)

    def forget_texts(self) -> None:
        """Let go of the texts that were read, after each of the batches of a long import; placeholders stay."""
        for known in self._traces.values():
            known.texts.clear()

    def reserve(self, text: str, trace_id: str) -> None:
        """Let new placeholders of a trace begin after those of a text that was redacted before."""
        for kind, number in PLACEHOLDER.findall(text):
            last = self._of(trace_id).last
            last[kind] = max(last[kind], int(number))

    def _of(self, trace_id: str) -> _Known:
        return self._traces.setdefault(trace_id, _Known())

    def _rewritten(self, text: str, key: str, known: _Known) -> str:
        if key and text and _is_sensitive(key, text) and not PLACEHOLDER.fullmatch(text):
            return self._placeholder(text, "secret", known)
        if looks_like_json(text):
            return rewritten(text, lambda inner, name: self._rewritten(inner, name, known))
        return self._plain(text, known)

    def _plain(self, text: str, known: _Known) -> str:
        ours = {at for match in PLACEHOLDER.finditer(text) for at in range(*match.span())} if "<" in text else ()
        pieces, at = list[str](), 0
        for one in self._found(text, known):
            if ours and any(at in ours for at in range(one.start, one.end)):
                continue
            pieces += [text[at : one.start], self._placeholder(text[one.start : one.end], one.kind, known)]
            at = one.end
        return "".join([*pieces, text[at:]]) if pieces else text

    def _found(self, text: str, known: _Known) -> tuple[Found, ...]:
        """Look through a text, but for what the finders found nothing in before: each trace repeats the prompts."""
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        finders = () if digest in self._clean else self._finders
        there = found(text, (*finders, _Again(tuple(known.telling))))
        if finders and not there:
            if len(self._clean) > _REMEMBERED:
                self._clean.clear()
            self._clean.add(digest)
        return there

    def _placeholder(self, value: str, kind: str, known: _Known) -> str:
        given = known.placeholders.get((kind, value))
        if given is None:
            known.last[kind] += 1
            given = known.placeholders[kind, value] = f"<{kind}-{known.last[kind]}>"
            self.counted[kind] += 1
            if kind == "secret" and len(value) >= 6 and not value.isalpha() and len(known.telling) < _TELLING:
                known.telling[value] = None
        return given

    def _span(self, span: Span) -> Span:
        return replace(
            span,
            name=self.text(span.name, span.trace_id),
            status_message=self.text(span.status_message, span.trace_id),
            service=self.text(span.service, span.trace_id),
            attributes=self._attributes(span.attributes, span.trace_id),
            events=tuple(self._event(event, span.trace_id) for event in span.events),
        )

    def _event(self, event: SpanEvent, trace_id: str) -> SpanEvent:
        name = self.text(event.name, trace_id)
        return replace(event, name=name, attributes=self._attributes(event.attributes, trace_id))

    def _attributes(self, attributes: Mapping[str, Attribute], trace_id: str) -> dict[str, Attribute]:
        return {self.text(key, trace_id): self._attribute(value, trace_id, key) for key, value in attributes.items()}

    def _attribute(self, value: Attribute, trace_id: str, key: str) -> Attribute:
        match value:
            case str():
                return self.text(value, trace_id, key=key)
            case bool() | float():
                return value
            case int():
                written = str(value)
                other = self.text(written, trace_id, key=key)
                return value if other == written else other
            case _:
                row = [self._attribute(item, trace_id, key) for item in value]
                # an array of OTLP's is of one type here: numbers beside a placeholder become texts
                changed = any(isinstance(item, str) for item in row)
                return tuple(str(item) for item in row) if changed else value

    def _any(self, value: _T, trace_id: str, key: str) -> _T:
        """Return any part of a trace redacted; the very same where nothing changes, so that what is shared stays so."""
        other = self._other(value, trace_id, key)
        return value if other == value else cast("_T", other)

    def _other(self, value: object, trace_id: str, key: str) -> object:
        if isinstance(value, str):
            return self.text(value, trace_id, key=key)
        if isinstance(value, Mapping):
            return self._attributes(cast("Mapping[str, Attribute]", value), trace_id)
        if isinstance(value, tuple):
            return tuple(self._any(item, trace_id, key) for item in cast("tuple[object, ...]", value))
        if is_dataclass(value) and not isinstance(value, type):
            held = {each.name: getattr(value, each.name) for each in fields(value) if each.name not in _KEPT}
            rewritten = {name: self._any(item, trace_id, "") for name, item in held.items()}
            changed = {name: item for name, item in rewritten.items() if item is not held[name]}
            return cast("object", replace(value, **changed)) if changed else value
        return value


@dataclass(frozen=True, slots=True)
class _Again:
    """Finds secrets that are known by now."""

    values: tuple[str, ...]

    def __call__(self, text: str) -> Iterable[Found]:
        for value in self.values:
            at = text.find(value)
            while at >= 0:
                yield Found(at, at + len(value), "secret")
                at = text.find(value, at + len(value))


def _is_sensitive(key: str, text: str) -> bool:
    name = _CAMEL.sub("_", key).replace("-", "_").replace(" ", "_").lower()
    if _SENSITIVE.search(name):
        return not looks_like_json(text)
    return bool(_TOKEN_KEY.search(name)) and len(text) >= 12 and not any(letter.isspace() for letter in text)
