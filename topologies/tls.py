"""Certificates for nodes, made for one home and thrown away with it. Knows files and SSL contexts, no
servers.

Every certificate is also good for the name `localhost`, and that is the name that clients ask for: the
address that leads to a node (a published port, a proxy) is not always one that the node knows.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path

SERVER_NAME = "localhost"


class Authority:
    """A certificate authority of our own."""

    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name="Rekey test authority")

    def issue(self, directory: Path, *hosts: str) -> tuple[Path, Path, Path]:
        """Files of a new certificate for `hosts`: certificate, key, authority."""
        issued = self._ca.issue_cert(SERVER_NAME, *hosts)
        certificate, key, authority = (directory / name for name in ("tls.crt", "tls.key", "tls-ca.crt"))
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        self._ca.cert_pem.write_to_path(str(authority))
        return certificate, key, authority

    def client_context(self) -> ssl.SSLContext:
        """What a client that trusts only this authority uses."""
        context = ssl.create_default_context(
            ssl.Purpose.SERVER_AUTH, cadata=self._ca.cert_pem.bytes().decode("ascii")
        )
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context
