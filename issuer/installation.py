"""Setting up an issuer: a folder with settings, sealed keys and certificates; nothing in it is ever overwritten."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from issuer.config import IssuerSettings
from issuer.revoked import CRL_PATH, add_revoked
from protocol.crl import RevocationReason
from protocol.keys import RandomBytes
from protocol.mdoc.signer import DOCUMENT_SIGNER
from protocol.x509 import Certificate
from runtime.crl import RevokedCertificate
from runtime.installation import AUTHORITY, Installation, names_of, open_keys, set_up
from runtime.key_token import TokenAccess

SIGNING = "signing"
SECRET = "nonces"
ANCHORS = "anchors"  # folder of the wallet providers to trust
ACCESS = "access"  # says who we are, by the access certificate that a registrar gave; its key may be without one
REGISTRATIONS = "registrations"  # folder of registration certificates
ERASED = "erased"  # folder that lists what was erased on demand
ENDED = "ended"  # folder that lists which documents ended
SIGNER_DAYS = 457  # the most that annex B.1.4 of ISO/IEC 18013-5 lets a document signer have
ENCRYPTION = "encryption"  # of requests; installations that are older than it may have none


@dataclass(frozen=True, slots=True)
class NewIssuer:
    """What to set up."""

    data: Path
    public_url: str
    name: tuple[tuple[str, str], ...]  # language → name of the agency
    types: tuple[str, ...] = ()
    _: KW_ONLY
    types_folder: str = ""  # more credential types; empty: only those that are shipped
    database_url: str = ""
    wallet_url: str = ""
    haip: bool = False
    token: TokenAccess | None = None  # where keys are made; None: sealed files
    country: str = "DE"  # ISO 3166-1 alpha-2; mobile documents must say the same as their `issuing_country`


def set_up_issuer(new: NewIssuer, *, now: int, random_bytes: RandomBytes) -> bytes:
    """Make a data folder; the PEM of the authority that wallets and verifiers have to trust.

    Raises:
        FileExistsError: there is an issuer in this folder already; nothing was changed.
        TokenError: the token is away, or makes no keys.
    """
    installation = Installation(
        data=new.data,
        settings_file=IssuerSettings.file(new.data),
        public_url=new.public_url,
        name=new.name,
        signing=SIGNING,
        purposes=(DOCUMENT_SIGNER,),
        secrets=(SECRET,),
        keys=(ACCESS,),
        decrypting=(ENCRYPTION,),
        settings={
            "types": new.types,
            "types_folder": new.types_folder,
            "database_url": new.database_url,
            "wallet_url": new.wallet_url,
            "haip": new.haip,
        },
        token=new.token,
        country=new.country,
        leaf_days=SIGNER_DAYS,
        crl_uri=f"{new.public_url}/{CRL_PATH}",
    )
    return set_up(installation, now=now, random_bytes=random_bytes)


def certify_anew(
    settings: IssuerSettings, *, now: int, random_bytes: RandomBytes, new_key: bool = False
) -> Certificate:
    """A new certificate for the key that signs documents, of the same authority: for as long as a new installation's.

    What was issued stays good, because it carries the certificate that it was signed with. Not so with a new key: then the
    old certificate goes on the authority's list first, and what it signed is believed no more (T056).

    Raises:
        FileNotFoundError: there is no authority of one's own here.
        DamagedError, TokenError: a key cannot be used.
        Malformed: the file of revoked certificates was altered; nothing was changed.
    """
    keys = open_keys(settings.data, settings.key_token)
    authority = keys.authority(AUTHORITY)
    if new_key:
        old = x509.load_pem_x509_certificates((settings.data / f"{SIGNING}.pem").read_bytes())[0]
        entry = RevokedCertificate(old.serial_number, now, RevocationReason.KEY_COMPROMISE)
        # Whatever ends this program in between, nobody goes on with a key that others may have
        add_revoked(settings.data, entry)
        keys.replace_key(SIGNING, random_bytes)
    leaf = authority.issue_leaf(
        keys.key(SIGNING).public_key,
        names_of(settings.public_url, next(iter(settings.name.values())), _country(authority.certificate)),
        now=now,
        days=SIGNER_DAYS,
        random_bytes=random_bytes,
        purposes=(DOCUMENT_SIGNER,),
    )
    certificate = Certificate.from_der(leaf.public_bytes(Encoding.DER))
    keys.replace_chain(SIGNING, [certificate])
    return certificate


def _country(authority: x509.Certificate) -> str:
    """Annex B.1.4: a signer is of its authority's country."""
    [country] = authority.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    return str(country.value)
