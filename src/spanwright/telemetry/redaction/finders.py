"""Where a text holds secrets or personal data.

The patterns of secrets are those of detect-secrets, with formats that came after its last release; phone numbers are
found by phonenumbers (Google's libphonenumber). Card numbers and IBANs count only with right check digits. What has
no form of its own (names, addresses, passwords in prose) is not found.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import AddressValueError, IPv4Address
from typing import Any, TypeAlias

from detect_secrets.plugins.artifactory import ArtifactoryDetector
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import RegexBasedDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector
from phonenumbers import SUPPORTED_REGIONS, Leniency, PhoneNumberMatcher

from spanwright.errors import UsageError


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of a text that should not be kept; `kind` goes into its placeholder."""

    start: int
    end: int
    kind: str


Finder: TypeAlias = Callable[[str], Iterable[Found]]
"""Finds one sort of thing in a text. The smallest one:

    def customers(text):
        return [Found(*match.span(), "customer") for match in re.finditer(r"C-\\d{6}", text)]
"""

_WHOLE: tuple[type[RegexBasedDetector], ...] = (
    ArtifactoryDetector,
    AWSKeyDetector,
    AzureStorageKeyDetector,
    DiscordBotTokenDetector,
    GitHubTokenDetector,
    GitLabTokenDetector,
    MailchimpDetector,
    PypiTokenDetector,
    SendGridDetector,
    SlackDetector,
    SquareOAuthDetector,
    StripeDetector,
    TelegramBotTokenDetector,
    TwilioKeyDetector,
)
"""Detectors whose whole match is secret: `analyze_string` yields but a group of it, `ghp` of a GitHub token.

Those of JSON web tokens, npm and OpenAI are left out: on hostile texts their patterns take time by the square.
"""
_NEWER = (
    r"\bsk-(?:proj|svcacct|admin|ant|or)-[\w-]{16,}",
    r"\bsk-[A-Za-z0-9]{32,}",
    r"\bgithub_pat_\w{20,}",
    r"\bAIza[\w-]{35}",
    r"\bya29\.[\w-]{20,}",
    r"\bhf_[A-Za-z0-9]{30,}",
    r"\bnpm_[A-Za-z0-9]{36}",
    r"\b(?:gsk|xai|pplx|r8)[-_][A-Za-z0-9]{30,}",
    r"\bpylf_v\d_\w{2}_\w{20,}",
    r"\blsv2_(?:pt|sk)_[0-9a-f]{20,}_\w+",
    r"\b(?:sk|pk)-lf-[\w-]{20,}",
    r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    r"\bwhsec_[A-Za-z0-9+/=]{20,}",
    r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]+)?",
)


def _patterns(detector: type[RegexBasedDetector]) -> tuple[re.Pattern[str], ...]:
    plugin: Any = detector()  # the annotation of `denylist` leaves open what it is a pattern of
    return tuple(plugin.denylist)


_TOKENS = (*(pattern for detector in _WHOLE for pattern in _patterns(detector)), *map(re.compile, _NEWER))
_REST = re.compile(r"[\w-]*(?:\.[\w-]{20,})*")
"""A pattern may stop short in a token: what goes on without a break is of it."""
_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*-----|\Z)", re.DOTALL)
_ASSIGNED = re.compile(
    r"(?:password|passwd|passphrase|pwd|secret|api[ _-]?key|secret[ _-]?access[ _-]?key|access[ _-]?token"
    r"|auth[ _-]?token|refresh[ _-]?token)[\"']?\s{0,3}(?:[:=]\s{0,3}[\"']?([^\s\"',;)}\]<]{4,})"
    r"|is\s{1,3}[\"']?((?=[^\s\"',;<]*[\d@#$%^&*])[^\s\"',;<]{3,}[^\s\"',;<.!?]))",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(?:bearer|basic)\s{1,3}([\w.~+/=-]{12,})", re.IGNORECASE)
_NPM = re.compile(r":_authToken\s{0,3}=\s{0,3}(\S{8,})")
_GROUPED = (*_patterns(BasicAuthDetector), _ASSIGNED, _BEARER, _NPM)
"""Patterns of which only a group is secret."""

_EMAIL = re.compile(r"[\w.%+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_DIGITS = re.compile(r"\+?\(?\d(?:[ ().\u00a0/-]{0,3}\d){6,19}")
_CARD = re.compile(r"(?<![\d.])(?:4|5[1-5]|2[2-7]|3[0-9]|6[0-9])(?:[ -]?\d){11,17}(?![\d]|\.\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")
_IP = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\w)")


def secret(text: str) -> Iterator[Found]:
    """Yield keys, tokens, passwords in URLs, and what is called a password or a key where it stands."""
    for pattern in _TOKENS:
        for match in pattern.finditer(text):
            rest = _REST.match(text, match.end())
            yield Found(match.start(), rest.end() if rest else match.end(), "secret")
    for match in _KEY.finditer(text) if "PRIVATE KEY" in text else ():
        yield Found(*match.span(), "secret")
    for pattern in _GROUPED:
        for match in pattern.finditer(text):
            yield Found(*match.span(match.lastindex or 0), "secret")


def personal(text: str, regions: Sequence[str] = ("US",)) -> Iterator[Found]:
    """Yield addresses, numbers and accounts of persons.

    Phone numbers are known with their country code anywhere, without it in the forms of `regions`.
    """
    for match in _EMAIL.finditer(text) if "@" in text else ():
        yield Found(*match.span(), "email")
    for match in _CARD.finditer(text):
        if _luhn(match[0]):
            yield Found(*match.span(), "card")
    for match in _IBAN.finditer(text):
        if _mod97(match[0]):
            yield Found(*match.span(), "iban")
    for match in _SSN.finditer(text):
        yield Found(*match.span(), "ssn")
    for match in _IP.finditer(text):
        if _public(match[0]):
            yield Found(*match.span(), "ip")
    yield from _phones(text, regions)


def found(text: str, finders: Sequence[Finder]) -> tuple[Found, ...]:
    """Return what the finders find, in order. A finder sees what those before it left over."""
    taken = list[Found]()
    for finder in finders:
        new = list[Found]()
        for start, end in _between(taken, len(text)):
            piece = text if end - start == len(text) else text[start:end]
            new.extend(Found(start + one.start, start + one.end, one.kind) for one in _merged(finder(piece)))
        taken = sorted((*taken, *new), key=lambda one: one.start) if new else taken
    return tuple(taken)


def _between(taken: Sequence[Found], length: int) -> Iterator[tuple[int, int]]:
    at = 0
    for one in taken:
        if at < one.start:
            yield at, one.start
        at = one.end
    if at < length:
        yield at, length


def _merged(several: Iterable[Found]) -> Iterator[Found]:
    """Yield what was found, in order, what overlaps as one."""
    last: Found | None = None
    for one in sorted(several, key=lambda one: one.start):
        if last is not None and one.start < last.end:
            last = Found(last.start, max(last.end, one.end), last.kind)
            continue
        if last is not None and last.start < last.end:
            yield last
        last = one
    if last is not None and last.start < last.end:
        yield last


def by_default(regions: Sequence[str], *, persons: bool) -> tuple[Finder, ...]:
    """Return the finders that every redactor uses, those of personal data only with `persons`.

    Raises UsageError for a region that there is not.
    """
    for region in regions:
        if region not in SUPPORTED_REGIONS:
            raise UsageError(f"there is no region {region!r}", "Give codes of countries, like US or DE")
    return (secret, partial(personal, regions=tuple(regions))) if persons else (secret,)


def _phones(text: str, regions: Sequence[str]) -> Iterator[Found]:
    for run in _DIGITS.finditer(text):
        before, after = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
        if before.isalnum() or after.isalnum():
            continue
        for match in PhoneNumberMatcher(run[0], None):
            yield Found(run.start() + match.start, run.start() + match.end, "phone")
        for region in regions:
            for match in PhoneNumberMatcher(run[0], region, leniency=Leniency.STRICT_GROUPING):
                if not match.raw_string.isdecimal():  # bare digits are ids more often than numbers to call
                    yield Found(run.start() + match.start, run.start() + match.end, "phone")


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number) if digit.isdecimal()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _mod97(number: str) -> bool:
    bare = number.replace(" ", "")
    return int("".join(str(int(letter, 36)) for letter in bare[4:] + bare[:4])) % 97 == 1


def _public(address: str) -> bool:
    try:
        return IPv4Address(address).is_global
    except AddressValueError:
        return False
