"""Round trips through sources as people write them: in factories, behind decorators, in other encodings."""

from itertools import cycle

import pytest
from source_examples import EXAMPLES, is_formatted
from test_round_trips import shape

TEXTS = (
    "Plain.",
    'Two lines.\nWith "quotes", \\d and {braces}.',
    f"Long {'words ' * 40}end.",
    "Grüße 日本 🙂.",
    "Both \"\"\"triple\"\"\" and '''triple'''.",
    "Ends with a backslash \\",
)
WRAPPED = (EXAMPLES / "styles_wrapped.py").read_text(encoding="utf-8")


def rewritten(package, module: str, name: str) -> tuple[dict[str, str], set[str], bytes]:
    """Give each text a new one, look whether it comes back, and return what could not be written and the file."""
    before = package.texts(module, name)
    places = enumerate(id for id in before if "tool_name" not in id)
    winner = {id: f"{place}. {text}" for (place, id), text in zip(places, cycle(TEXTS), strict=False)}
    source = shape(package.path(module))

    found = package.write_back(module, name, winner, before=before)

    refused = {each.component for each in found.unwritable}
    wanted = {id: text if id in refused else winner.get(id, text) for id, text in before.items()}
    assert wanted == package.texts(module, name)
    assert source == shape(package.path(module))
    return winner, refused, package.path(module).read_bytes()


@pytest.mark.parametrize(
    ("module", "name", "refused"),
    [
        ("styles_built", "build", set()),
        ("styles_shop", "agent", {"shop/tool:look/query"}),
        ("styles_wrapped", "agent", {"wrapped/tool:later/query"}),
    ],
)
def test_texts_in_factories_methods_constants_and_behind_decorators_are_written(package, module, name, refused):
    assert refused >= rewritten(package, module, name)[1]
    assert is_formatted(package.path(module))


@pytest.mark.parametrize(
    "encoded",
    [
        WRAPPED.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + WRAPPED.encode(),
        ("# -*- coding: latin-1 -*-\n" + WRAPPED.replace("Be kind", "Sei höflich")).encode("latin-1"),
        WRAPPED.replace("    ", "\t").encode(),
    ],
    ids=["crlf", "bom", "latin-1", "tabs"],
)
def test_a_file_keeps_its_encoding_its_line_ends_and_its_tabs(package, encoded):
    package.path("styles_wrapped").write_bytes(encoded)

    _, refused, content = rewritten(package, "styles_wrapped", "agent")

    assert {"wrapped/tool:later/query"} == refused
    assert encoded[:24].startswith(b"\xef\xbb\xbf") == content.startswith(b"\xef\xbb\xbf")
    assert (b"\r\n" in encoded) == (b"\r\n" in content) == (content.count(b"\n") == content.count(b"\r\n"))
    assert (b"\n\t" in encoded) == (b"\n\t" in content) == (b"\n    " not in content)
