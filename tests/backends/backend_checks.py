"""What must be found in a backend after an export: the same whoever keeps it."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan

from spanwright.core.trace import Span
from spanwright.telemetry.export.told import Place, Told

EVALUATION = "gen_ai.evaluation.result"


class Kept:
    """The spans that a backend gave back."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.traces: dict[str, list[Span]] = defaultdict(list)
        for span in spans:
            self.traces[span.trace_id].append(span)

    def root(self, trace_id: str) -> Span:
        (root,) = [span for span in self.traces[trace_id] if not span.parent_id]
        return root

    @property
    def run(self) -> Span:
        (run,) = [span for spans in self.traces.values() for span in spans if span.name == "run"]
        return run


def told_twice(name: str = "run") -> Iterator[ReadableSpan]:
    """Yield the span of a run as a process tells it that pauses, and as the one does that ends it."""
    now = time.time()
    place = Place.of_run(name, now)
    for seconds, complete in ((1, False), (2, True)):
        told = Told(
            name=name,
            place=place,
            started=float(int(now)),
            ended=float(int(now) + seconds),
            attributes={"spanwright.complete": complete},
        )
        yield told.as_span(Resource({}))


def check_tree(kept: Kept, exported) -> None:
    """Every rollout's trace hangs below a root of ours, as it does in the store; the run's trace holds the rest."""
    for rollout in exported.rollouts:
        root = kept.root(rollout.trace_id)
        assert "rollout" == root.name
        stored = {span.span_id: (span.name, span.parent_id) for span in exported.spans(rollout)}
        found = {span.span_id: (span.name, span.parent_id) for span in kept.traces[rollout.trace_id]}
        assert {**stored, root.span_id: ("rollout", "")} == found
    run = kept.traces[kept.run.trace_id]
    by_id = {span.span_id: span.name.split()[0] for span in run}
    tree = Counter((by_id[span.span_id], by_id.get(span.parent_id, "")) for span in run)
    within = sum(rollout.attempt is not None for rollout in exported.rollouts)
    assert 1 == tree["run", ""]
    assert (within, len(exported.rollouts) - within) == (tree["rollout", "attempt"], tree["rollout", "run"])
    assert tree["reflection", "attempt"] > 0
    assert set(by_id.values()) == {"run", "attempt", "reflection", "rollout"}


def check_tokens(kept: Kept, exported) -> None:
    for rollout in exported.rollouts:
        calls = [span for span in kept.traces[rollout.trace_id] if span.name.startswith("chat ")]
        assert rollout.usage.input_tokens == sum(span.attributes["gen_ai.usage.input_tokens"] for span in calls)
        assert rollout.usage.output_tokens == sum(span.attributes["gen_ai.usage.output_tokens"] for span in calls)


def check_candidates(kept: Kept, exported) -> None:
    for rollout in exported.rollouts:
        spans = kept.traces[rollout.trace_id]
        versions = {
            span.attributes["gen_ai.prompt.version"] for span in spans if "gen_ai.prompt.version" in span.attributes
        }
        assert {rollout.key.candidate} == versions
        assert rollout.key.case == kept.root(rollout.trace_id).attributes["spanwright.case"]
        assert all("gen_ai.prompt.name" in span.attributes for span in spans if span.name.startswith("chat "))
    assert exported.winner == kept.run.attributes["gen_ai.prompt.version"]


def check_events(kept: Kept, exported) -> None:
    for rollout in exported.rollouts:
        events = [event.attributes for event in kept.root(rollout.trace_id).events if event.name == EVALUATION]
        scores = {event["gen_ai.evaluation.name"]: event["gen_ai.evaluation.score.value"] for event in events}
        assert rollout.score.value == scores["score"]
