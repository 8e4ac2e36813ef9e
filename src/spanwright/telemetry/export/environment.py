"""Where a backend is and who asks, as the environment says it: OTEL_EXPORTER_OTLP_*, MLFLOW_* and PHOENIX_* variables.

No form of configuration of our own: what is set for the backends' own clients holds here, too.
"""

import base64
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.util.re import parse_env_headers

from spanwright.errors import UsageError

_PREFIX = "OTEL_EXPORTER_OTLP_"
_PATH = "/v1/traces"
_LOGS = "/v1/logs"
_DEFAULT = "http://localhost:4318"
_TIMEOUT = 10.0
_COMPRESSIONS = ("none", "gzip", "deflate")
_PROTOCOL = "http/protobuf"
_NAMED = "spanwright"
"""What an experiment, a project or a service is called if nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One endpoint, and how to talk to it."""

    url: str
    """The whole of it."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    timeout: float = _TIMEOUT
    compression: str = "gzip"
    verify: ssl.SSLContext | bool = True


def traces_url(base: str) -> str:
    """Return where an endpoint takes traces, given its base or the whole."""
    base = base.rstrip("/")
    return base if base.endswith(_PATH) else f"{base}{_PATH}"


def logs_url(traces: str) -> str:
    """Return where the endpoint that takes traces at `traces` takes logs; empty where that is not to be known."""
    return f"{traces.removesuffix(_PATH)}{_LOGS}" if traces.endswith(_PATH) else ""


def named_logs_url() -> str:
    """Return where the environment wants logs to go; empty where it names no place, or wants none to be sent."""
    if os.environ.get("OTEL_LOGS_EXPORTER", "").strip() == "none":
        return ""
    base = _find("ENDPOINT")
    return _find("LOGS_ENDPOINT") or (f"{base.rstrip('/')}{_LOGS}" if base else "")


def checked(url: str) -> str:
    """Return an address that can be sent to. Raises UsageError for others."""
    try:
        scheme = httpx.URL(url).scheme
    except httpx.InvalidURL as error:
        raise UsageError(f"{url!r} is no address to export to: {error}", "Correct it") from error
    if scheme not in {"http", "https"}:
        raise UsageError(f"{url!r} is no address to export to", "Begin it with http:// or https://")
    return url


def is_given() -> bool:
    """Say whether the environment names an endpoint for traces."""
    return bool(_find("TRACES_ENDPOINT") or _find("ENDPOINT"))


def wire() -> Wire:
    """Return what the environment says. Raises UsageError where we cannot do as it says."""
    protocol = _either("PROTOCOL") or _PROTOCOL
    if protocol != _PROTOCOL:
        raise UsageError(
            f"{_PREFIX}PROTOCOL={protocol} is none that a run is exported by",
            f"Say {_PROTOCOL}: its port is 4318 where grpc's is 4317",
        )
    compression = _either("COMPRESSION") or "none"
    if compression not in _COMPRESSIONS:
        raise UsageError(f"{_PREFIX}COMPRESSION={compression} is unknown", f"Say one of {', '.join(_COMPRESSIONS)}")
    return Wire(
        url=checked(_find("TRACES_ENDPOINT") or f"{(_find('ENDPOINT') or _DEFAULT).rstrip('/')}{_PATH}"),
        headers=dict(parse_env_headers(_either("HEADERS"), liberal=True)),
        timeout=_timeout(),
        compression=compression,
        verify=_verify(),
    )


def to(url: str, headers: Mapping[str, str]) -> Wire:
    """Return the wire to an address that was given. Raises UsageError where it is none."""
    return Wire(url=checked(url.rstrip("/")), headers=headers)


def mlflow(url: str | None, experiment: str | None, headers: Mapping[str, str]) -> tuple[Wire, str]:
    """Return the wire to an MLflow server, and the name of the experiment."""
    address = url or os.environ.get("MLFLOW_TRACKING_URI") or "http://localhost:5000"
    named = experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or _NAMED
    return to(address, {**_mlflow_identity(), **headers}), named


def phoenix(url: str | None, project: str | None, headers: Mapping[str, str]) -> tuple[Wire, str]:
    """Return the wire to a Phoenix server, and the name of the project."""
    address = url or os.environ.get("PHOENIX_COLLECTOR_ENDPOINT") or "http://localhost:6006"
    named = project or os.environ.get("PHOENIX_PROJECT_NAME") or _NAMED
    key = os.environ.get("PHOENIX_API_KEY")
    identity = {"authorization": f"Bearer {key}"} if key else {}
    return to(address, {**identity, **headers}), named


def _mlflow_identity() -> Mapping[str, str]:
    if token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
        return {"authorization": f"Bearer {token}"}
    if user := os.environ.get("MLFLOW_TRACKING_USERNAME"):
        both = f"{user}:{os.environ.get('MLFLOW_TRACKING_PASSWORD', '')}"
        return {"authorization": f"Basic {base64.b64encode(both.encode()).decode()}"}
    return {}


def resource() -> Resource:
    """Return what is said of this process: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, or that it is ours."""
    found = Resource.create()
    named = str(found.attributes.get(SERVICE_NAME, ""))
    return found.merge(Resource({SERVICE_NAME: _NAMED})) if named.startswith("unknown_service") else found


def _find(name: str) -> str:
    return os.environ.get(f"{_PREFIX}{name}", "").strip()


def _either(name: str) -> str:
    """Return the value for traces, or that for every signal."""
    return _find(f"TRACES_{name}") or _find(name)


def _timeout() -> float:
    text = _either("TIMEOUT")
    try:
        return float(text) if text else _TIMEOUT
    except ValueError as error:
        raise UsageError(f"{_PREFIX}TIMEOUT={text} is no number", "Say it in seconds, as Python's SDK does") from error


def _verify() -> ssl.SSLContext | bool:
    authority, chain, key = _either("CERTIFICATE"), _either("CLIENT_CERTIFICATE"), _either("CLIENT_KEY")
    if not (authority or chain):
        return True
    try:
        context = ssl.create_default_context(cafile=authority or None)
        if chain:
            context.load_cert_chain(chain, key or None)
    except OSError as error:
        raise UsageError(f"the certificates of {_PREFIX}* cannot be read: {error}", "Correct their paths") from error
    return context
