"""Setting up a registrar: a folder with settings, two authorities and their leaves; nothing in it is ever overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from protocol.keys import RandomBytes
from registrar.config import RegistrarSettings
from runtime.certificates import CertificateNames, make_authority
from runtime.installation import AUTHORITY, AUTHORITY_DAYS, LEAF_DAYS, Installation, set_up
from runtime.key_token import TokenAccess
from runtime.keyfolder import KeyFolder

REGISTRATIONS = "registrations"  # signs registration certificates and their status
LISTS = "lists"  # signs lists and the register's answers
ACCESS_AUTHORITY = "access-authority"  # signs access certificates, and the list of revoked ones
SECRET = "pages"
ENDED = "ended"  # folder that lists which certificates ended
LISTS_FILE = f"{LISTS}.pem"  # what readers of our lists pin


@dataclass(frozen=True, slots=True)
class NewRegistrar:
    """What to set up."""

    data: Path
    public_url: str
    name: tuple[tuple[str, str], ...]  # language → name of the operator
    identifier: str
    email: str
    phone: str
    seat: tuple[str, str, str]  # street, locality, postal code
    country: str = "DE"
    database_url: str = ""
    token: TokenAccess | None = None  # where keys are made; None: sealed files


def set_up_registrar(new: NewRegistrar, *, now: int, random_bytes: RandomBytes) -> bytes:
    """Make a data folder; the PEM of the certificate that readers of its lists have to pin.

    Raises:
        FileExistsError: there is a registrar in this folder already; nothing was changed.
        TokenError: the token is away, or makes no keys.
    """
    installation = Installation(
        data=new.data,
        settings_file=RegistrarSettings.file(new.data),
        public_url=new.public_url,
        name=new.name,
        signing=REGISTRATIONS,
        secrets=(SECRET,),
        settings={
            "database_url": new.database_url,
            "identifier": new.identifier,
            "country": new.country,
            "email": new.email,
            "phone": new.phone,
        },
        tables={"seat": dict(zip(("street", "locality", "postal_code"), new.seat, strict=True))},
        token=new.token,
        further=lambda keys: _further(keys, new, now=now, random_bytes=random_bytes),
    )
    set_up(installation, now=now, random_bytes=random_bytes)
    return (new.data / LISTS_FILE).read_bytes()


def _further(keys: KeyFolder, new: NewRegistrar, *, now: int, random_bytes: RandomBytes) -> None:
    """The keys that only a registrar has."""
    organization = new.name[0][1]
    access = make_authority(
        keys.make_key(ACCESS_AUTHORITY, random_bytes),
        CertificateNames(organization, f"{organization} Access CA", new.country),
        now=now,
        days=AUTHORITY_DAYS,
        random_bytes=random_bytes,
    )
    keys.write_chain(ACCESS_AUTHORITY, [access.certificate])
    lists = keys.make_key(LISTS, random_bytes)
    host = urlsplit(new.public_url).hostname or ""
    names = CertificateNames(organization, f"{organization} Lists", new.country, (host,), (new.public_url,))
    leaf = keys.authority(AUTHORITY).issue_leaf(
        lists.public_key, names, now=now, days=LEAF_DAYS, random_bytes=random_bytes
    )
    keys.write_chain(LISTS, [leaf])
