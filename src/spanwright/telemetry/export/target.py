"""Where a run is exported to: `Export`, with a preset for every backend that wants more than an endpoint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from spanwright.telemetry.export import environment
from spanwright.telemetry.export.mlflow import Mlflow
from spanwright.telemetry.export.otlp import Otlp
from spanwright.telemetry.export.outbox import Destination
from spanwright.telemetry.export.phoenix import Phoenix

_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Export:
    """A backend to which a run and its rollouts are exported; make one with `otlp`, `mlflow` or `phoenix`.

    A backend of another kind is a function that returns a `Destination`:

        Run(export=Export("my backend", connect))
    """

    name: str
    """What the result's remarks call it."""
    connect: Callable[[], Destination]
    """Is called once, in the thread that sends."""
    patience: float = _PATIENCE
    """Seconds that `optimize` waits, when all is done, for what is still queued; a dead backend is not waited for."""

    def waiting(self, seconds: float) -> "Export":
        """Return the same with another patience."""
        return replace(self, patience=seconds)

    @classmethod
    def otlp(cls, url: str | None = None, *, headers: Mapping[str, str] | None = None) -> "Export":
        """Export to an OTLP/HTTP endpoint: to `url` with `headers`, or to what OTEL_EXPORTER_OTLP_* name.

        `url` is the endpoint's base or the whole of it, to `/v1/traces`; the environment's headers do not go there.
        Scores go to `/v1/logs` as log records, too, unless the endpoint takes none.
        Raises UsageError for an environment that asks for what we cannot do.
        """
        wire = environment.wire() if url is None else environment.to(environment.traces_url(url), headers or {})
        if url is None and headers:
            wire = replace(wire, headers={**wire.headers, **headers})
        logs = environment.named_logs_url() if url is None else environment.logs_url(wire.url)
        resource = environment.resource()
        return cls(wire.url, lambda: Otlp(wire, resource, logs_url=logs))

    @classmethod
    def mlflow(
        cls, url: str | None = None, experiment: str | None = None, *, headers: Mapping[str, str] | None = None
    ) -> "Export":
        """Export to an MLflow server; scores become assessments of the rollouts' traces.

        What is left out is taken from MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME; who asks is said by
        MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
        """
        wire, named = environment.mlflow(url, experiment, headers or {})
        resource = environment.resource()
        return cls(f"MLflow at {wire.url}", lambda: Mlflow(wire, resource, experiment=named))

    @classmethod
    def phoenix(
        cls, url: str | None = None, project: str | None = None, *, headers: Mapping[str, str] | None = None
    ) -> "Export":
        """Export to a Phoenix server; scores become annotations of the rollouts' spans.

        What is left out is taken from PHOENIX_COLLECTOR_ENDPOINT, PHOENIX_PROJECT_NAME and PHOENIX_API_KEY.
        """
        wire, named = environment.phoenix(url, project, headers or {})
        resource = environment.resource()
        return cls(f"Phoenix at {wire.url}", lambda: Phoenix(wire, resource, project=named))
