"""Memory: the journal, the traces and the reflections of runs, in one SQLite file or in this process alone.

One writer thread writes, readers have connections of their own, a file lock gives each run to one process at a time.
Nothing is ever pickled, and nothing here decides anything: what a run knows is a fold over its events.
"""

from spanwright.store.accounts import Accounts, audited
from spanwright.store.checking import CheckedRun, Checkup, check
from spanwright.store.compacting import Compacted, compact
from spanwright.store.contract import Reader, RunSummary, Status, Store
from spanwright.store.exporting import export
from spanwright.store.fingerprints import compare, fingerprint, fingerprint_code, of_cases, of_evaluators
from spanwright.store.memory import MemoryStore
from spanwright.store.reader import SqliteReader
from spanwright.store.sqlite import SqliteStore

__all__ = [
    "Accounts",
    "CheckedRun",
    "Checkup",
    "Compacted",
    "MemoryStore",
    "Reader",
    "RunSummary",
    "SqliteReader",
    "SqliteStore",
    "Status",
    "Store",
    "audited",
    "check",
    "compact",
    "compare",
    "export",
    "fingerprint",
    "fingerprint_code",
    "of_cases",
    "of_evaluators",
]
