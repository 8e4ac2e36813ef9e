"""Official data: fetched from their addresses over real sockets, checked, and missed with a clear word."""

import io
import json
import tarfile
from hashlib import sha256

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spanwright import UsageError
from spanwright.testing.simulated.host import serve
from spanwright_agents.paper.corpus import Abstracts
from spanwright_agents.paper.sources import Source, rows_of

ROWS = [{"problem": f"What is {n}?", "answer": str(n)} for n in range(230)]


def archived(name, content):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


async def rows(request):
    """Answer as Hugging Face's server of rows does."""
    asked = request.query_params
    if asked["dataset"] != "somebody/problems":
        return JSONResponse({"error": "The dataset does not exist"}, status_code=404)
    start = int(asked["offset"])
    page = ROWS[start : start + int(asked["length"])]
    shown = [{"row_idx": start + place, "row": row, "truncated_cells": []} for place, row in enumerate(page)]
    return JSONResponse({"features": [], "rows": shown, "num_rows_total": len(ROWS), "partial": False})


async def plain(request):
    return Response(b'{"a": 1}\n{"a": 2}\n')


async def packed(request):
    return Response(archived("facts.jsonl", b'{"a": 3}\n'))


async def gone(request):
    return Response("gone", status_code=404)


@pytest.fixture(scope="module")
def address():
    paths = {"/rows": rows, "/facts.jsonl": plain, "/facts.tar.gz": packed, "/gone.jsonl": gone}
    with serve(Starlette(routes=[Route(path, function) for path, function in paths.items()])) as base_url:
        yield base_url.removesuffix("/v1")


def source(**said):
    return Source(**{"file": "facts.jsonl", "licence": "CC0", "size": "18 bytes", **said})


def test_a_file_is_fetched_once_and_its_rows_are_read(address, tmp_path):
    facts = source(address=f"{address}/facts.jsonl", checksum=sha256(b'{"a": 1}\n{"a": 2}\n').hexdigest())

    facts.download(tmp_path)
    (tmp_path / "facts.jsonl").chmod(0o400)
    facts.download(tmp_path)

    assert [{"a": 1}, {"a": 2}] == facts.rows(tmp_path)
    assert ["facts.jsonl"] == [path.name for path in tmp_path.iterdir()]


def test_an_archive_is_unpacked(address, tmp_path):
    packed = source(address=f"{address}/facts.tar.gz")

    packed.download(tmp_path)

    assert [{"a": 3}] == packed.rows(tmp_path)
    assert ["facts.jsonl"] == [path.name for path in tmp_path.iterdir()]


def test_rows_of_a_hugging_face_data_set_are_fetched_page_by_page(address, tmp_path):
    problems = source(file="problems.jsonl", dataset="somebody/problems")

    problems.download(tmp_path, rows=f"{address}/rows")

    assert ROWS == problems.rows(tmp_path)


def test_what_cannot_be_fetched_is_told_with_how_to_get_it_and_leaves_nothing(address, tmp_path):
    with pytest.raises(
        UsageError, match=r"facts.jsonl cannot be downloaded: HTTPStatusError.*404.* Get it by hand: curl"
    ):
        source(address=f"{address}/gone.jsonl").download(tmp_path)
    with pytest.raises(UsageError, match=r"by hand: python -c .*load_dataset\('nobody/has'\)\['train'\].to_json"):
        source(dataset="nobody/has").download(tmp_path, rows=f"{address}/rows")

    assert not any(path.name == "facts.jsonl" for path in tmp_path.iterdir())


def test_another_file_in_its_place_is_refused(tmp_path):
    (tmp_path / "facts.jsonl").write_text('{"a": 4}\n')

    with pytest.raises(UsageError, match="is not the official file: its SHA-256 differs"):
        source(address="https://example.org/facts.jsonl", checksum=sha256(b"other").hexdigest()).rows(tmp_path)


def test_a_list_is_read_like_lines_and_what_is_no_json_is_refused(tmp_path):
    path = tmp_path / "facts.jsonl"
    path.write_text(json.dumps([{"a": "\u2028"}]))
    assert [{"a": "\u2028"}] == source().rows(tmp_path)
    path.write_text('{"a": "\u2028"}\n')
    assert [{"a": "\u2028"}] == source().rows(tmp_path)

    path.write_text("<html>")
    with pytest.raises(UsageError, match=r"facts\.jsonl is no JSON"):
        source().rows(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("facts.jsonl", b"\xff\xfe\x00", "is no JSON: 'utf-8' codec can't decode"),
        ("facts.jsonl", b"[" * 100_000, "is no JSON: maximum recursion depth"),
        ("facts.csv", b"a,b\n" + b"x" * 200_000, "is no CSV: field larger than field limit"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(UsageError, match=f"{name} {said}"):
        rows_of(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no abstracts"),
        (b"\xff\xfe", "row 0 of .* is not as in the official file: UnicodeDecodeError"),
        (
            b'{"title": "A", "text": ["b"]}\n{"title": "A"',
            "row 2 of .* is not as in the official file: JSONDecodeError",
        ),
        (b"[1]\n", "row 1 of .* is not as in the official file: TypeError"),
    ],
)
def test_abstracts_that_are_none_are_told_by_their_row(tmp_path, content, said):
    path = tmp_path / "wiki.abstracts.2017.jsonl"
    path.write_bytes(content)

    with pytest.raises(UsageError, match=said):
        Abstracts.open(path)
