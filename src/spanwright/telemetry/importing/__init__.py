"""Spans that a backend keeps, brought back as plain spans: what production recorded is evidence, too.

    phoenix, mlflow    read one project or experiment, page by page, with the judgements that people and programs left
    reading            what the two have in common

A judgement stands on its span as an event `gen_ai.evaluation.result`, as if it had been sent so.
"""

from spanwright.telemetry.importing.mlflow import from_mlflow
from spanwright.telemetry.importing.phoenix import from_phoenix

__all__ = ["from_mlflow", "from_phoenix"]
