"""Secrets and personal data out, placeholders in, before anything is written: `<email-1>`, `<secret-2>`.

    finders     where a text holds what should not be kept: detect-secrets, phonenumbers, and patterns with check digits
    json_texts  texts that are JSON, whole or cut off: their strings are redacted one by one, so JSON stays JSON
    of_run      what a run keeps, exports and reflects on
    redactor    spans, events and traces without what was found; equal values of a trace get equal placeholders

Names of persons and postal addresses are not found: that takes a language model. docs/design/redaction.md has the why.
It is imported by who needs it: the detectors bring `requests` along.
"""

from spanwright.telemetry.redaction.finders import Finder, Found, found, personal, secret
from spanwright.telemetry.redaction.of_run import RedactedDestination, RunRedaction
from spanwright.telemetry.redaction.redactor import Redactor

__all__ = ["Finder", "Found", "RedactedDestination", "Redactor", "RunRedaction", "found", "personal", "secret"]
