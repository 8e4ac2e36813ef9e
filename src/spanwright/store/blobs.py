"""Texts by their content: each is compressed and kept once for all runs of a store, under the hash of what it says."""

import sqlite3
import zlib
from hashlib import blake2b

from spanwright.errors import StoreError

REMEMBERED = 65_536
"""How many hashes a writer remembers to have written; forgetting one costs a needless insertion."""


def digest(body: bytes) -> str:
    """Return the hash under which a text is kept, in hexadecimal."""
    return blake2b(body, digest_size=20).hexdigest()


class Blobs:
    """The table of texts, through one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._written: set[str] = set()

    def put(self, body: bytes) -> str:
        """Keep a text and return its hash."""
        key = digest(body)
        self.put_hashed(key, body)
        return key

    def put_hashed(self, key: str, body: bytes) -> None:
        """Keep a text whose hash is known."""
        if key in self._written:
            return
        row = (bytes.fromhex(key), zlib.compress(body))
        self._connection.execute("INSERT OR IGNORE INTO blobs (hash, body) VALUES (?, ?)", row)
        if len(self._written) >= REMEMBERED:
            self._written.clear()
        self._written.add(key)

    def get(self, key: str) -> bytes:
        """Return a text. Raises StoreError where it is lost or not what was kept."""
        row = self._connection.execute("SELECT body FROM blobs WHERE hash = ?", (bytes.fromhex(key),)).fetchone()
        if row is None:
            raise StoreError(f"the store is damaged: text {key} is missing", "Restore it from a copy")
        body = zlib.decompress(row[0])
        if digest(body) != key:
            raise StoreError(f"the store is damaged: text {key} is not what was written", "Restore it from a copy")
        return body
