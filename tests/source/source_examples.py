"""Examples of agents as others write them, copied into a package of their own that can be imported and patched."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from spanwright.subject.rewriting import Answer, Question, Reach, WriteBack, answer, write_back

EXAMPLES = Path(__file__).with_name("examples")

AWKWARD = [
    "",
    "One line.",
    "Two\nlines.",
    "First.\n\nSecond, with a list:\n- one\n  - below\n\nThird.",
    'He said "hi".',
    "It's 'so'.",
    'Ends with a quote "',
    "Ends with a backslash \\",
    '"""',
    "'''\"\"\"",
    "A \\d+ \\N{BULLET} \\x41 {braces} {{two}} %s",
    "Tab\there.",
    "Trailing  \nspace. ",
    " Leading.",
    "Grüße, 日本 🙂 \u2028 \x00\x1b \u200b",
    "Args:\n    query: no\n",
    "Say.\n\nArgs:\n    x: y",
    "Do.\n\nReturns:\n    Nothing",
    ":param query: no",
    "Parameters\n----------\nquery\n    no",
    "name: with a colon",
    "(see below): yes",
    "a" * 200,
    "many words " * 30,
    "# no comment",
    "<summary>S</summary>\n<returns>\n<description>R</description>\n</returns>",
    "\r\n",
]
LETTERS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
PIECES = st.one_of(st.sampled_from(AWKWARD), LETTERS, st.text("ab\"'\\{}\n \t:-", max_size=30))
TEXTS = st.lists(PIECES, min_size=1, max_size=3).map("".join)


def here(question: Question) -> Answer:
    """Answer a question in this process: what the library does in one of its own, without the seconds that takes."""
    return asyncio.run(answer(question))


@dataclass(frozen=True)
class Package:
    folder: Path

    def reach(self, module: str, name: str) -> Reach:
        return Reach(module=f"{self.folder.name}.{module}", name=name)

    def path(self, module: str) -> Path:
        return self.folder / f"{module}.py"

    def texts(self, module: str, name: str) -> dict[str, str]:
        """Return the texts of an agent as its source has them now."""
        self.forget()
        return dict(here(Question(reach=self.reach(module, name))).texts)

    def write_back(
        self,
        module: str,
        name: str,
        winner: Mapping[str, str],
        *,
        write: bool = True,
        before: Mapping[str, str] | None = None,
    ) -> WriteBack:
        seed = {id: text for id, text in (before or self.texts(module, name)).items() if id in winner}
        self.forget()
        return write_back(self.reach(module, name), seed, winner, write=write, asking=here)

    def forget(self) -> None:
        for each in [each for each in sys.modules if each.split(".")[0] == self.folder.name]:
            del sys.modules[each]


def is_formatted(path: Path) -> bool:
    command = [Path(sys.executable).with_name("ruff"), "format", "--isolated", "--check", "-q", path]
    return subprocess.run(command, check=False).returncode == 0
