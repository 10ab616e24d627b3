"""Which Debian mirrors this machine knows, and one file from one of them. No mirror is named in the code.

They are read from `REKEY_DEBIAN_MIRROR` (one or more addresses with blanks between them) or, where that is
not set, from the machine's own apt configuration, in both of its formats.
"""

from __future__ import annotations

import errno
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlsplit

from topologies.engine import FetchError, HarnessError
from topologies.sources.gone import GoneError

APT = Path("/etc/apt")
TIMEOUT_S = 30.0
DEADLINE_S = 300.0  # for one file, however slowly it trickles
ATTEMPTS = 3
NO_MIRROR = "no Debian mirror known, set REKEY_DEBIAN_MIRROR"

_SUITE = re.compile(
    r"(bullseye|bookworm|trixie|forky|sid|oldoldstable|oldstable|stable|testing|unstable|experimental)(-\w+)*"
)
_ONE_LINE = re.compile(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$")
_CHUNK = 1 << 18
_LOCAL = (errno.ENOSPC, errno.EDQUOT)


def mirrors(apt: Path = APT) -> tuple[str, ...]:
    """The addresses of the Debian mirrors to ask, in order, without a slash at the end.

    Raises:
        HarnessError: `REKEY_DEBIAN_MIRROR` holds something else than addresses.

    """
    chosen = os.environ.get("REKEY_DEBIAN_MIRROR", "").split()
    for address in chosen:
        if not address.startswith(("http://", "https://")):
            expected = "expected are addresses that begin with http:// or https://"
            raise HarnessError(f"REKEY_DEBIAN_MIRROR holds {address!r}; {expected}")
    found = chosen or [
        uri for uri, suites, components in _entries(apt) if _is_debian(uri, suites, components)
    ]
    plain = [address for uri in found for address in _addresses(uri)]
    return tuple(dict.fromkeys(address.rstrip("/") for address in plain))


def download(path: str, to: Path, bases: tuple[str, ...] | None = None) -> None:
    """The file at `path` below the first mirror that has it.

    Raises:
        GoneError: no mirror has it.
        FetchError: no mirror is known, or none that could have it answers.

    """
    urls = [f"{base}/{quote(path)}" for base in _with_security(path, mirrors() if bases is None else bases)]
    if not urls:
        raise FetchError(f"{path}: {NO_MIRROR}")
    failures: list[str] = []
    for url in urls:
        try:
            return _download(url, to)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code not in (404, 410):
                failures.append(f"{url}: HTTP {error.code} {error.reason}")
        except (OSError, http.client.HTTPException) as error:
            _stop_if_local(error)
            failures.append(f"{url}: {getattr(error, 'reason', error)}")
    if failures:
        message = "; ".join(failures)
        raise FetchError(
            f"a Debian mirror can't be reached: {message}. Check the network or set REKEY_DEBIAN_MIRROR"
        )
    tried = ", ".join(urls)
    raise GoneError(f"{path.rpartition('/')[2]} is no longer on the Debian mirror (tried {tried})")


def _download(url: str, to: Path) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _stream(url, to)
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == ATTEMPTS:
                raise
        except (OSError, http.client.HTTPException) as error:
            _stop_if_local(error)
            if attempt == ATTEMPTS:
                raise
    return None


def _stream(url: str, to: Path) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "rekey"})  # noqa: S310  (http or https)
    end = time.monotonic() + DEADLINE_S
    opened = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310  (http or https)
    with opened as answer, to.open("wb") as file:
        expected = answer.headers.get("Content-Length")
        while chunk := answer.read(_CHUNK):
            file.write(chunk)
            if time.monotonic() > end:
                raise TimeoutError(f"not complete after {DEADLINE_S:.0f} s")
        if expected and file.tell() != int(expected):
            raise ConnectionError(f"it ended after {file.tell()} of {expected} bytes")


def _stop_if_local(error: BaseException) -> None:
    """A full disk is not the mirror's fault: let the cache say so."""
    if isinstance(error, OSError) and error.errno in _LOCAL:
        raise error


def _with_security(path: str, bases: tuple[str, ...]) -> tuple[str, ...]:
    """Security updates have an archive of their own beside the main one, with its own pool."""
    if not path.startswith("pool/updates/"):
        return tuple(base for base in bases if not base.endswith("-security")) or bases
    named = tuple(base for base in bases if base.endswith("-security"))
    return named or tuple(f"{base}-security" for base in bases)


def _is_debian(uri: str, suites: list[str], components: list[str]) -> bool:
    known = any(_SUITE.fullmatch(suite.rstrip("/")) for suite in suites)
    return known and "main" in components and ("debian" in uri.rstrip("/").rpartition("/")[2])


def _addresses(uri: str) -> list[str]:
    if uri.startswith("mirror+file:"):  # a list of mirrors in a file, as Debian's cloud images have it
        listed = Path(urlsplit(uri.removeprefix("mirror+")).path)
        lines = listed.read_text("utf-8").splitlines() if listed.is_file() else []
        return [line.split()[0] for line in lines if line.startswith(("http://", "https://"))]
    return [uri] if uri.startswith(("http://", "https://")) else []


def _entries(apt: Path) -> list[tuple[str, list[str], list[str]]]:
    entries = []
    for file in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]:
        entries += _one_line_entries(_text(file))
    for file in sorted((apt / "sources.list.d").glob("*.sources")):
        entries += _deb822_entries(_text(file))
    return entries


def _one_line_entries(text: str) -> list[tuple[str, list[str], list[str]]]:
    found = (_ONE_LINE.match(line.partition("#")[0].strip()) for line in text.splitlines())
    return [(match[1], [match[2]], match[3].split()) for match in found if match]


def _deb822_entries(text: str) -> list[tuple[str, list[str], list[str]]]:
    entries = []
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", plain):
        fields = {
            key.lower(): value.split()
            for key, value in re.findall(r"(?m)^([\w-]+):((?:.*)(?:\n[ \t].*)*)", stanza)
        }
        if "deb" in fields.get("types", []) and fields.get("enabled", ["yes"])[0].lower() != "no":
            entries += [
                (uri, fields.get("suites", []), fields.get("components", []))
                for uri in fields.get("uris", [])
            ]
    return entries


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
