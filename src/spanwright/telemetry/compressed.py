"""Opens files that may be compressed: plain, gzip, and zstd where this Python can.

What is wrong with a file is a UsageError, when it is opened as well as while it is read.
"""

import gzip
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

from spanwright.errors import SpanwrightError, UsageError

_ZSTD = b"\x28\xb5\x2f\xfd"
_GZIP = b"\x1f\x8b"


@contextmanager
def opened(path: Path) -> Generator[IO[bytes]]:
    """Open a file for reading, decompressed by what it holds and not by its name."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if start[:2] == _GZIP:
                with gzip.GzipFile(fileobj=file) as unzipped:
                    yield cast("IO[bytes]", unzipped)
            elif start == _ZSTD:
                with _unzstd(file, path) as unzipped:
                    yield unzipped
            else:
                yield file
    except SpanwrightError:  # StoreError is an OSError, too: what fails in the caller's block is not this file's fault
        raise
    except (zlib.error, gzip.BadGzipFile, EOFError) as error:
        raise UsageError(f"{str(path)!r} is no whole gzip file: {error}", "Fetch it again") from error
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror or error}", "Check the path") from error


@contextmanager
def _unzstd(file: IO[bytes], path: Path) -> Generator[IO[bytes]]:
    """Decompress with what is installed: Python itself can from 3.14 on."""
    zstd = _zstd(path)
    try:
        with zstd.ZstdFile(file) as unzipped:
            yield unzipped
    except (zstd.ZstdError, EOFError) as error:
        raise UsageError(f"{str(path)!r} is no whole zstd file: {error}", "Fetch it again") from error


def _zstd(path: Path) -> Any:
    for name in ("compression.zstd", "backports.zstd", "pyzstd"):
        try:
            return import_module(name)
        except ImportError:
            continue
    remedy = "Decompress it first (zstd -d), use Python 3.14, or install backports.zstd"
    raise UsageError(f"{str(path)!r} is compressed with zstd, which this Python cannot read", remedy)
