"""The page as one HTML document: script, styles and data in it, and a policy that lets nothing else in.

The policy names the very scripts and styles by their hashes, forbids every connection (of the live page: but to its own
server) and every sink that would make markup out of text. So a text that came from a model or a tool can only be shown.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template

_ASSETS = files("spanwright.report.page") / "assets"
_FIRST = "app.js"
_LIBRARIES = ("vendor/uplot/uPlot.iife.min.js", "vendor/jsdiff/diff.min.js")
_STYLES = ("vendor/uplot/uPlot.min.css", "style.css")
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?:async )?(?:function|const|class) (\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An HTML document, and the policy under which it works."""

    html: str
    policy: str


def static_document(title: str, page: bytes, traces: Mapping[int, bytes], left_out: int) -> Document:
    """Return the document of one run: `page` is its JSON, `traces` are compressed JSON by the rollouts' numbers."""
    packed = {number: base64.b64encode(body).decode() for number, body in traces.items()}
    pieces = ",".join(f'"{number}":"{body}"' for number, body in packed.items())
    data = [
        _block("page", page.decode()),
        _block("traces", f'{{"leftOut":{left_out:d},"packed":{{{pieces}}}}}'),
    ]
    return _document(title, data, connect="'none'", in_meta=True)


def live_document() -> Document:
    """Return the document that asks its server for everything."""
    return _document("Spanwright", [], connect="'self'", in_meta=False)


def woven() -> str:
    """Return the page's modules as one script: each a function of its own, after those that it imports."""
    woven: dict[str, str] = {}

    def add(name: str) -> None:
        if name in woven:
            return
        source = _asset(name)
        for _, imported in _IMPORT.findall(source):
            add(imported)
        woven[name] = _module(name, source)

    add(_FIRST)
    return '"use strict";\n' + "\n".join(woven.values())


def _module(name: str, source: str) -> str:
    body = _IMPORT.sub(lambda found: f"const {{{found[1].replace(' as ', ': ')}}} = {_variable(found[2])};\n", source)
    exported = ", ".join(_EXPORT.findall(body))
    body = _EXPORT.sub(lambda found: found[0].removeprefix("export "), body)
    return f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"


def _variable(name: str) -> str:
    return f"module_{name.removesuffix('.js')}"


def safe(json: str) -> str:
    """Return JSON that can stand in a script element: nothing in it can end the element or begin a comment."""
    for sign in "<>&\u2028\u2029":
        json = json.replace(sign, f"\\u{ord(sign):04x}")
    return json


def _document(title: str, data: Iterable[str], *, connect: str, in_meta: bool) -> Document:
    scripts = [*(_asset(name) for name in _LIBRARIES), woven()]
    styles = ["\n".join(_asset(name) for name in _STYLES)]
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hashes(scripts)}",
            f"style-src {_hashes(styles)}",
            f"connect-src {connect}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
            *(() if in_meta else ("frame-ancestors 'none'",)),
        )
    )
    html = Template(_asset("page.html")).substitute(
        title=_escaped(title),
        policy=f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if in_meta else "",
        styles="".join(f"<style>{each}</style>" for each in styles),
        data="\n".join(data),
        scripts="".join(f"<script>{each}</script>" for each in scripts),
    )
    return Document(html=html, policy=policy)


def _block(name: str, json: str) -> str:
    return f'<script type="application/json" id="{name}">{safe(json)}</script>'


def _hashes(texts: Iterable[str]) -> str:
    digests = (base64.b64encode(sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


def _escaped(text: str) -> str:
    return "".join(f"&#{ord(sign)};" if sign in "<>&\"'" else sign for sign in text)


@cache
def _asset(name: str) -> str:
    return (_ASSETS / name).read_text("utf-8")
