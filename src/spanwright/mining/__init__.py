"""Traces of production as eval cases: kept without what nobody should read, sorted by what went wrong.

    archive     a file of redacted spans; the only way into it leads through a Redactor
    sources     files of OTLP as batches for the archive, from where the last import ended (cursor)
    failing     what went wrong in a trace, and what was asked
    likeness    which inputs are nearly the same
    harvesting  which failures become cases: each kind has its share
    evidence    which traces a reflector may see beside its own, without a rollout paid for them
    pages       the cases as a pydantic_evals Dataset, the failures as a page of markdown

Spans of a backend (Phoenix, MLflow) come in by `import_spans`, those of other sources by `Archive.add`.
"""

from spanwright.mining.archive import Archive, archive_of
from spanwright.mining.evidence import Evidence, Recordings, evidence_of
from spanwright.mining.failing import Failure, Kind, failures, question
from spanwright.mining.harvesting import Harvest, Mined, harvest
from spanwright.mining.pages import dataset_of, page_of
from spanwright.mining.sources import Imported, import_files, import_spans

__all__ = [
    "Archive",
    "Evidence",
    "Failure",
    "Harvest",
    "Imported",
    "Kind",
    "Mined",
    "Recordings",
    "archive_of",
    "dataset_of",
    "evidence_of",
    "failures",
    "harvest",
    "import_files",
    "import_spans",
    "page_of",
    "question",
]
