"""An access certificate from an authority of others, in place of the one that `init` made."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from runtime import system
from runtime.anchors import read_file
from runtime.certificates import CertificateNames
from runtime.commands import explained
from runtime.installation import open_keys
from runtime.own_certificates import read_chain, request_pem
from verifier.config import VerifierSettings
from verifier.installation import SIGNING


@explained()
def write_request(data: Path, out: Path | None) -> None:
    """Write or print a PKCS#10 request for the key that signs requests to wallets."""
    settings = VerifierSettings.read(data)
    organization = next(iter(settings.name.values()))
    host = urlsplit(settings.public_url).hostname or ""
    names = CertificateNames(organization, organization, dns_names=(host,), uris=(settings.public_url,))
    pem = request_pem(open_keys(data, settings.key_token).key(SIGNING), names)
    if out is None:
        print(pem.decode("ascii"), end="")
    else:
        out.write_bytes(pem)
        print(f"Written to {out}. Hand it to whoever issues access certificates.")


@explained()
def install_chain(data: Path, file: Path) -> str:
    """Take an access certificate into use.

    Raises:
        Malformed: no chain of certificates, or for another key; nothing was changed.
        NotValidNow: one is outside its time.
    """
    settings = VerifierSettings.read(data)
    chain = read_chain(read_file(file), file.name, now=system.now())
    open_keys(data, settings.key_token).replace_chain(SIGNING, chain)
    leaf = chain[0]
    known = f" ({', '.join(leaf.identifiers)})" if leaf.identifiers else ""
    return f"From the next start on, wallets see {leaf.common_name}{known}."
