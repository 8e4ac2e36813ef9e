"""Reads every tracked file, compressed ones too: nothing in it tells where it was written, or opens a door.

Evidence counts: recorded spans name their author's folders and keys, so they are cleaned before they are committed.
"""

import gzip
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# None of these matches its own source text.
PRIVATE = {
    "an index address": r"pypi\.org/simple|pythonhosted\.org|registry\.npmjs\.org|PIP_(?:EXTRA_)?INDEX_URL *="
    r"|--(?:extra-)?index-url|--find[-]links|--trusted[-]host",
    "a machine's path": r"(?<![\w.~$})\]*-])/(?:root|work|home|opt|Users)(?![\w-])",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE[ ]KEY-----",
    "an API key": r"\b(?:sk-(?:ant-|proj-|or-)?[A-Za-z0-9]{20}|AKIA[0-9A-Z]{16}\b|AIza[\w-]{30}"
    r"|gh[pousr]_[A-Za-z0-9]{30}|github_pat_\w{30}|hf_[A-Za-z0-9]{30}|glpat-[\w-]{20}|xox[abpr]-\w{10}|pylf_v\d_\w{10}|pypi-AgE\w{20})",
    "a password in an address": r"\w://[^\s/:@'\"<>{}$]+:[^\s/:@'\"<>{}$]+@[\w.-]+",
}


def tracked_files() -> list[Path]:
    """List what git knows; skip where the tests were copied away from their repository."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode(errors="replace")


def findings(text: str) -> list[str]:
    return [
        f"line {text.count(chr(10), 0, match.start()) + 1}: {kind}: {match.group()[:12]}…"
        for kind, pattern in PRIVATE.items()
        for match in re.finditer(pattern, text)
    ]


def test_nothing_private_is_committed() -> None:
    found = [f"{path.relative_to(ROOT)}, {one}" for path in tracked_files() for one in findings(text_of(path))]

    assert [] == found


@pytest.mark.parametrize(
    "text",
    [
        "--extra" + "-index-url https://example.test/packages",
        "see /" + "home/someone/notes.txt",
        "cd '/" + "work'",
        "-----BEGIN RSA PRIVATE" + " KEY-----",
        "key = 'sk-" + "a1b2c3d4e5" * 3 + "'",
        "postgres://me" + ":secret@db.example.test/x",
    ],
)
def test_each_kind_of_leak_is_found(text: str) -> None:
    assert 1 == len(findings(text))


@pytest.mark.parametrize(
    "text",
    ["https://example.test/home/page", "src/work/plan.py", "opt-in/opt-out", "a homework", "http://127.0.0.1:4318/v1"],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert [] == findings(text)


def test_pins_have_hashes_and_no_address() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    pins = [line for line in lines if not line.startswith("#")]

    assert [] == [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin or "://" in pin]
