"""Setting up an installation: a folder with settings, sealed keys and certificates; nothing in it is ever overwritten."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.x509 import ObjectIdentifier

from protocol.keys import RandomBytes
from runtime.certificates import CertificateNames, make_authority
from runtime.key_token import KeyUse, TokenAccess, open_token
from runtime.keyfolder import KeyFolder
from runtime.seal import Sealer, write_private
from runtime.toml import toml_text

SEAL_FILE = "seal.key"
AUTHORITY = "authority"
AUTHORITY_FILE = f"{AUTHORITY}.pem"  # what others have to trust
AUTHORITY_DAYS = 3650
LEAF_DAYS = 730

Setting = str | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Installation:
    """What to set up, for whichever role."""

    data: Path
    settings_file: Path
    public_url: str
    name: tuple[tuple[str, str], ...]  # language → name of the organization, at least one
    signing: str  # name of the key that an own authority vouches for
    purposes: tuple[ObjectIdentifier, ...] = field(
        default=(), kw_only=True
    )  # of its certificate, beside signing tokens
    secrets: tuple[str, ...]  # names of further secrets
    keys: tuple[str, ...] = ()  # names of further keys, which no certificate is for
    decrypting: tuple[str, ...] = ()  # … and of those that others encrypt to
    settings: Mapping[str, Setting] = field(default_factory=dict)  # further ones; empty and false values are left out
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # settings that have parts
    further: Callable[[KeyFolder], None] = lambda _: None  # makes the keys that only this role has
    token: TokenAccess | None = None  # where keys are made; None: sealed files
    country: str = "DE"  # ISO 3166-1 alpha-2, of the authority and of whom it vouches for
    leaf_days: int = LEAF_DAYS
    crl_uri: str = ""  # where the authority's list of revoked certificates is; empty: it has none


def set_up(new: Installation, *, now: int, random_bytes: RandomBytes) -> bytes:
    """Make the folder; the PEM of the authority by which others know this installation.

    Raises:
        FileExistsError: there is an installation in this folder already; nothing was changed.
        TokenError: the token is away, or makes no keys.
    """
    if new.settings_file.exists():
        raise FileExistsError(errno.EEXIST, "there is an installation here already", str(new.data))
    token = open_token(new.token) if new.token else None
    if token is not None:
        token.check()
    keys = KeyFolder(new.data, Sealer.from_file(new.data / SEAL_FILE), token)
    organization = new.name[0][1]
    authority = make_authority(
        keys.make_key(AUTHORITY, random_bytes),
        CertificateNames(
            organization, f"{organization} CA", new.country, uris=(new.public_url,) if new.crl_uri else ()
        ),
        now=now,
        days=AUTHORITY_DAYS,
        random_bytes=random_bytes,
        crl_uri=new.crl_uri,
    )
    signing = keys.make_key(new.signing, random_bytes)
    names = names_of(new.public_url, organization, new.country)
    leaf = authority.issue_leaf(
        signing.public_key, names, now=now, days=new.leaf_days, random_bytes=random_bytes, purposes=new.purposes
    )
    keys.write_chain(new.signing, [leaf])
    keys.write_chain(AUTHORITY, [authority.certificate])
    for name in new.keys:
        keys.make_key(name, random_bytes)
    for name in new.decrypting:
        keys.make_key(name, random_bytes, KeyUse.AGREE)
    for secret in new.secrets:
        keys.make_secret(secret, random_bytes)
    new.further(keys)
    # The settings come last: without them the folder counts as not set up
    write_private(new.settings_file, settings_text(new).encode())
    return authority.to_pem()


def names_of(public_url: str, organization: str, country: str = "DE") -> CertificateNames:
    """What an installation's own certificate says."""
    host = urlsplit(public_url).hostname or ""
    return CertificateNames(organization, organization, country, dns_names=(host,), uris=(public_url,))


def open_keys(data: Path, token: TokenAccess | None) -> KeyFolder:
    """The keys of an installation; nothing is made that is not there (T252).

    Raises:
        FileNotFoundError: the file with the key that seals them is missing.
        DamagedError: it holds no key.
        TokenError: keys in a token need an extra that is not installed.
    """
    path = data / SEAL_FILE
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return KeyFolder(data, Sealer.from_file(path), open_token(token) if token else None)


def settings_text(new: Installation) -> str:
    """The settings file, TOML."""
    lines = [f"public_url = {toml_text(new.public_url)}"]
    for name, value in {**new.settings, **(new.token.settings() if new.token else {})}.items():
        if isinstance(value, tuple) and value:
            lines.append(f"{name} = [{', '.join(map(toml_text, value))}]")
        elif isinstance(value, str) and value:
            lines.append(f"{name} = {toml_text(value)}")
        elif value is True:
            lines.append(f"{name} = true")
    for table, members in (("name", dict(new.name)), *new.tables.items()):
        lines += ["", f"[{table}]", *(f"{toml_text(name)} = {toml_text(value)}" for name, value in members.items())]
    lines.append("")
    return "\n".join(lines)
