"""What the benchmarks of spans measure with."""

import time
from collections.abc import Callable

from opentelemetry.sdk.trace import SpanProcessor, Tracer, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON


def tracer_of(processor: SpanProcessor) -> Tracer:
    """Return a tracer of a provider that has this processor alone."""
    provider = TracerProvider(sampler=ALWAYS_ON, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("benchmark")
    assert isinstance(tracer, Tracer)
    return tracer


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds that some work takes."""
    before = time.process_time()
    work()
    return time.process_time() - before
