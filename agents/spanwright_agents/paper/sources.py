"""Where the official data come from: address, licence, size, and how to get what no plain address serves.

Nothing is downloaded unless it is asked for, and nothing official lies in this repository.
"""

import csv
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, cast

import httpx

from spanwright import UsageError

Parsed = TypeVar("Parsed")
Row: TypeAlias = Mapping[str, Any]
"""A row of an official file, parsed where it is turned into a case."""

SMALL: Final = Path(__file__).with_name("small")
"""Data of our own in the official form, for tests and for looking: invented, and far too few to show anything."""
ROWS: Final = "https://datasets-server.huggingface.co/rows"
"""Serves rows of a Hugging Face data set as JSON, a hundred at a time."""
_PAGE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file of official data."""

    file: str
    """Its name below the folder of the data."""
    licence: str
    size: str
    """About how large it is."""
    address: str = ""
    """Where it can be downloaded as it is; a `.tar.gz` is unpacked."""
    dataset: str = ""
    """Where there is no such address: `owner/name` on Hugging Face, whose rows are fetched."""
    config: str = "default"
    split: str = "train"
    checksum: str = ""
    """The SHA-256 of the file, where it is known."""

    @property
    def how(self) -> str:
        """How to get it by hand."""
        if self.dataset:
            config = "" if self.config == "default" else f", {self.config!r}"
            return (
                f'python -c "from datasets import load_dataset; load_dataset({self.dataset!r}{config})[{self.split!r}]'
                f'.to_json({self.file!r})"'
            )
        return f"curl -L -o {self.address.rpartition('/')[2]} {self.address}"

    def path(self, folder: Path) -> Path:
        """Return the file in a folder. Raises UsageError for one that is not there or is another one."""
        path = folder / self.file
        if not path.is_file():
            raise UsageError(
                f"there is no {self.file} in {folder}",
                f"Get it ({self.size}, {self.licence}): {self.how}; or add --download",
            )
        if self.checksum and folder != SMALL and _digest(path) != self.checksum:
            raise UsageError(f"{path} is not the official file: its SHA-256 differs", f"Get it again: {self.how}")
        return path

    def rows(self, folder: Path) -> list[Row]:
        """Return the rows of the file. Raises UsageError for one that is not there, or cannot be read."""
        return rows_of(self.path(folder))

    def download(self, folder: Path, *, rows: str = ROWS) -> Path:
        """Fetch the file unless it is there, and return it. Raises UsageError where that fails."""
        path = folder / self.file
        if path.is_file():
            return path
        folder.mkdir(parents=True, exist_ok=True)
        try:
            if self.dataset:
                _write(path, (line.encode() for line in self._lines(rows)))
            else:
                self._fetch(folder)
        except (httpx.HTTPError, OSError, tarfile.TarError, KeyError, ValueError) as error:
            told = f"{type(error).__name__}: {error}".partition("\n")[0]
            raise UsageError(f"{self.file} cannot be downloaded: {told}", f"Get it by hand: {self.how}") from error
        return self.path(folder)

    def _fetch(self, folder: Path) -> None:
        fetched = folder / self.address.rpartition("/")[2]
        with httpx.stream("GET", self.address, follow_redirects=True, timeout=60) as answer:
            answer.raise_for_status()
            _write(fetched, answer.iter_bytes())
        if fetched.name.endswith(".tar.gz"):
            with tarfile.open(fetched) as archive:
                archive.extract(self.file, folder, filter="data")
            fetched.unlink()
        elif fetched.name != self.file:
            fetched.rename(folder / self.file)

    def _lines(self, rows: str) -> Iterator[str]:
        wanted = {"dataset": self.dataset, "config": self.config, "split": self.split, "length": _PAGE}
        offset, total = 0, 1
        while offset < total:
            answer = httpx.get(rows, params={**wanted, "offset": offset}, follow_redirects=True, timeout=60)
            page = answer.raise_for_status().json()
            for each in page["rows"]:
                yield f"{json.dumps(each['row'], ensure_ascii=False)}\n"
            offset, total = offset + _PAGE, page["num_rows_total"]


def rows_of(path: Path) -> list[Row]:
    """Return the rows of a CSV file, or of JSON: a list, or an object a line. Raises UsageError for anything else."""
    try:
        text = path.read_text("utf-8")
        if path.suffix == ".csv":
            return list(csv.DictReader(io.StringIO(text)))
        if text.lstrip().startswith("["):
            return cast("list[Row]", json.loads(text))
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except (ValueError, RecursionError, csv.Error) as error:
        form = "CSV" if path.suffix == ".csv" else "JSON"
        raise UsageError(f"{path} is no {form}: {error}", "Get the official file again") from error


def parsed(path: Path, rows: Iterable[Row], parse: Callable[[Row], Parsed]) -> list[Parsed]:
    """Parse rows. Raises UsageError that names the first row which lacks something."""
    found: list[Parsed] = []
    for number, row in enumerate(rows, 1):
        try:
            found.append(parse(row))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise UsageError(
                f"row {number} of {path} is not as in the official file: {type(error).__name__}: {error}",
                "Get the official file, or give it the same fields",
            ) from error
    return found


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that is either whole or not there."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.writelines(pieces)
    part.rename(path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
