"""What the commands do: each opens the folder, does one thing with the issuer's own services, and tells it.

They work on the same store as a running server and may run beside it. Whatever goes wrong ends the program with one clear line
and status 1 (T252); `Raises:` says what those lines are about.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from capabilities.accounts.service import new_clerk_code
from issuer.app import create_app, known_types, open_issuer, open_register, open_store, open_types
from issuer.config import IssuerSettings
from issuer.database.store import SqlIssuerStore
from issuer.installation import ANCHORS, ENCRYPTION, NewIssuer, certify_anew, set_up_issuer
from issuer.people import read_people
from issuer.records import CredentialState, IssuedCredential
from issuer.revoked import CRL_PATH
from issuer.service import Issuer
from issuer.service.offers import MadeOffer, OfferOrder
from issuer.usage import By
from protocol.encoding import JsonObject
from protocol.errors import InvalidRequest
from protocol.exchange import Exchange
from protocol.trust.anchors import Role
from runtime import system
from runtime.anchors import anchor_file, read_certificate, write_anchor
from runtime.api_keys import new_api_key
from runtime.claim_words import is_country
from runtime.commands import explained, print_json, read_names
from runtime.conversation import Event
from runtime.driver import drive
from runtime.fingerprints import fingerprint_lines, fingerprint_of
from runtime.http import GuardedSender, Sender
from runtime.installation import AUTHORITY_FILE, open_keys
from runtime.key_token import KeyUse, check_token
from runtime.serve import Listen, serve
from runtime.token_options import NO_TOKEN, TokenOptions

T = TypeVar("T")

ACTOR = "command line"


@dataclass(frozen=True, slots=True)
class OpenIssuer:
    """An issuer without a server: its services, and what drives them."""

    settings: IssuerSettings
    issuer: Issuer
    store: SqlIssuerStore
    sender: Sender

    def run(self, exchange: Exchange[T]) -> T:
        """Drive an exchange to its end.

        Raises:
            ProtocolError: what the exchange raised.
        """
        return drive(exchange, self.store, self.sender)


@contextmanager
def opened(data: Path) -> Iterator[OpenIssuer]:
    """The issuer of a data folder while the block lasts."""
    settings = IssuerSettings.read(data)
    store = open_store(settings)
    try:
        sender = GuardedSender(allow_local=settings.env.allows_local)
        yield OpenIssuer(settings, open_issuer(settings, store), store, sender)
    finally:
        store.database.dispose()


@explained()
def set_up(
    data: Path,
    public_url: str,
    names: list[str],
    types: tuple[str, ...],
    database_url: str,
    *,
    country: str = "DE",
    token: TokenOptions = NO_TOKEN,
) -> None:
    """Make an issuer's folder and tell what to do with it.

    Raises:
        ValueError: a name without a language, a type that is not there, a country that is none, or a setting that is wrong;
            nothing was made.
        FileExistsError: there is an issuer in this folder already.
        TokenError: the token is away, or makes no keys.
    """
    pairs = read_names(names)
    # Settings are checked before anything is made, so that a mistake leaves no half-made folder
    settings = IssuerSettings(
        data=data, public_url=public_url, name=dict(pairs), types=types, database_url=database_url, **token.said()
    )
    open_types(settings)
    if not is_country(country):
        raise ValueError("--country: must be two capital letters of a country, as in ISO 3166-1")
    new = NewIssuer(
        data, settings.public_url, pairs, types, database_url=database_url, token=settings.key_token, country=country
    )
    authority = set_up_issuer(new, now=system.now(), random_bytes=system.random_bytes)
    print(f"{pairs[0][1]} is set up in {data}")
    print(
        f"\nIts authority is {data / AUTHORITY_FILE}. This file is no secret: give it to whoever shall trust what you issue."
    )
    print("A verifier takes it with `hoheit verifier trust`, a wallet with `hoheit wallet trust`.")
    print(
        "\nGive its fingerprint (SHA-256) to them on another way, such as a letter. A wallet shows it for comparison:"
    )
    for line in fingerprint_lines(fingerprint_of(read_certificate(authority, AUTHORITY_FILE))):
        print(f"  {line}")
    print("\nAll other files there are secret. Keep a copy of the folder: without seal.key its keys are lost.")
    print("\nNext: `hoheit issuer import-people`, `hoheit issuer clerk`, `hoheit issuer serve`.")


def run_server(data: Path, host: str, port: int, workers: int) -> None:
    """Serve an issuer's folder until the process is told to end.

    Raises:
        ValueError: several workers without PostgreSQL.
        TokenError: the token is away. It is asked once, before any worker could try a wrong PIN for itself.
    """
    with explained():
        settings = IssuerSettings.read(data)
        settings.check_workers(workers)
        check_token(settings.key_token)
    serve(functools.partial(create_app, settings), Listen(host, port, workers), service="issuer")


@explained()
def migrate_database(data: Path) -> None:
    """Bring an issuer's database to this program's version, and that of its register if it is another one."""
    settings = IssuerSettings.read(data)
    store = open_store(settings)
    open_register(settings, store)
    store.database.dispose()
    print("The database is ready.")


@explained()
def make_encryption_key(data: Path) -> None:
    """Make the key of encrypted requests for an installation that is older than it.

    Raises:
        FileExistsError: there is one already; nothing was changed.
    """
    settings = IssuerSettings.read(data)
    open_keys(data, settings.key_token).make_key(ENCRYPTION, system.random_bytes, KeyUse.AGREE)
    print("Wallets can encrypt their requests when the issuer was started again.")


@explained()
def certify_signer(data: Path, *, new_key: bool = False) -> None:
    """Replace the certificate of the key that signs documents, and the key itself if it is asked for.

    Raises:
        FileNotFoundError: an authority of one's own is not there.
        TokenError: the token is away.
        Malformed: the file of revoked certificates was altered; nothing was changed.
    """
    settings = IssuerSettings.read(data)
    certificate = certify_anew(settings, now=system.now(), random_bytes=system.random_bytes, new_key=new_key)
    until = datetime.datetime.fromtimestamp(certificate.not_after, datetime.UTC).date()
    print(f"The certificate is good until {until}. It counts when the issuer was started again.")
    if new_key:
        print(f"The old one is revoked: {settings.public_url}/{CRL_PATH} says so from now on.")
        print("What was signed with the old key counts no more. Start the issuer again, and give people new documents.")


@explained()
def trust_wallet_provider(data: Path, pem: Path, name: str) -> None:
    """Add a wallet provider's authority to the anchors; a running issuer sees it within a second.

    Raises:
        Malformed: not a certificate, or a private key beside it; nothing was changed.
    """
    settings = IssuerSettings.read(data)
    content = pem.read_bytes()
    certificate = read_certificate(content, pem.name)
    folder = settings.anchors or data / ANCHORS
    write_anchor(folder, anchor_file(certificate), content, role=Role.WALLET_PROVIDER, name=name)
    print(f"Trusted as a wallet provider: {name}")


@explained()
def make_api_key(data: Path, name: str) -> None:
    """Make and tell a key of the administration API, of which only a digest is kept."""
    with opened(data) as desk:
        key, kept = new_api_key(name, now=system.now(), random_bytes=system.random_bytes)
        desk.store.api_keys.put(kept)
    print(key)


@explained()
def revoke_api_keys(data: Path, name: str) -> None:
    """Revoke every key of a name and tell how many that were.

    Raises:
        InvalidRequest: there is none.
    """
    with opened(data) as desk:
        count = desk.store.api_keys.revoke(name)
    if not count:
        raise InvalidRequest("there is no key of this name that is good")
    print(f"Revoked: {count}")


@explained()
def make_clerk_code(data: Path, name: str) -> None:
    """Make and tell a sign-in code for the desk, of which only a digest is kept.

    Raises:
        InvalidRequest: a name that cannot stand in the audit trail.
    """
    with opened(data) as desk:
        code, kept = new_clerk_code(name, now=system.now(), random_bytes=system.random_bytes)
        desk.store.clerk_codes.put(kept)
        desk.store.note(Event("clerk code made", name, actor=ACTOR))
        address = desk.settings.public_url
    print(code)
    print(f"\nThe desk is at {address}/desk. Hand the code to this person alone; whoever has it can sign in.")


@explained()
def revoke_clerk_codes(data: Path, name: str) -> None:
    """Revoke every sign-in code of a name and tell how many that were.

    Raises:
        InvalidRequest: there is none.
    """
    with opened(data) as desk:
        count = desk.store.clerk_codes.revoke(name)
        if not count:
            raise InvalidRequest("there is no sign-in code of this name that is good")
        desk.store.note(Event("clerk code revoked", name, actor=ACTOR))
    print(f"Revoked: {count}")


@explained()
def put_people(data: Path, table: Path) -> None:
    """Put the people of a table into the register and tell how many there were.

    Columns may be for any type that is known here, issued or not, so that one table serves several issuers. The documents of
    those about whom something changed are looked at, here or by the issuer when it runs.

    Raises:
        Malformed: a row or cell is wrong; nobody was put in.
        ValueError: the register is not one of our own tables.
    """
    with opened(data) as desk:
        if not desk.issuer.changes.is_own:
            raise ValueError("this issuer asks a register by HTTP; people are put in there")
        people = read_people(table.read_bytes(), known_types(desk.settings).values())
        changed = desk.run(desk.issuer.changes.put(people, "import-people", by=By.OPERATOR))
    print(f"In the register now: {len(people)} people of this table; {len(changed)} are new or changed.")


@explained()
def make_offer(data: Path, order: OfferOrder, documents: tuple[str, ...] = (), *, as_json: bool) -> None:
    """Make an offer for one person and tell how it reaches their wallet; `documents` come in every form that they can get.

    Raises:
        NotFound: an unknown document.
        InvalidCredentialRequest: an unknown credential type.
        CredentialRequestDenied: the register knows no such person, or lacks what a credential must hold.
    """
    with opened(data) as desk:
        wanted = desk.run(desk.issuer.desk.configurations(order.subject, order.configuration_ids, documents))
        made = desk.run(desk.issuer.offers.make(replace(order, configuration_ids=wanted)))
    if as_json:
        print_json(_offer_object(made))
        return
    print(made.uri)
    print(f"\nAs a QR code: {made.page}")
    if made.tx_code is not None:
        print(f"Code: {made.tx_code}. Tell it to the person on another way than the link.")
    print(f"Good until {_time(made.expires_at)}.")


@explained()
def write_letter(data: Path, subject: str) -> None:
    """Make and tell a one-time letter code for a person.

    Raises:
        CredentialRequestDenied: the register knows no such person.
    """
    with opened(data) as desk:
        print(desk.run(desk.issuer.authorization.write_letter(subject, ACTOR)))


@explained()
def list_credentials(data: Path, subject: str, *, as_json: bool) -> None:
    """Tell what a person was issued, newest first."""
    with opened(data) as desk:
        found = desk.run(desk.issuer.status.credentials_of(subject))
    for credential in found:
        if as_json:
            print_json(_credential_object(credential))
        else:
            print(_line(credential))
    if not found and not as_json:
        print("Nothing was issued to this person.")


@explained()
def change_state(data: Path, credential_id: str, wanted: CredentialState) -> None:
    """Revoke, suspend or reinstate a credential and tell where it stands.

    Raises:
        NotFound: no such credential.
        Conflict: it is revoked, and stays so.
    """
    with opened(data) as desk:
        print(_line(desk.run(desk.issuer.status.change(credential_id, wanted, ACTOR, by=By.OPERATOR))))


@explained()
def check_all_wallets(data: Path) -> None:
    """Look up now whether the wallets that hold documents still hold themselves, and tell how many documents ended.

    Raises:
        Unavailable: the database is away, or whom to trust cannot be found out.
    """
    with opened(data) as desk:
        count = desk.run(desk.issuer.watch.look_at_all())
    print(f"Documents that ended with their wallet: {count}")


def _offer_object(made: MadeOffer) -> JsonObject:
    return {
        "id": made.id,
        "uri": made.uri,
        "tx_code": made.tx_code,
        "page_url": made.page,
        "expires_at": made.expires_at,
    }


def _credential_object(credential: IssuedCredential) -> JsonObject:
    return {
        "id": credential.id,
        "credential_configuration_id": credential.configuration_id,
        "subject": credential.subject,
        "state": str(credential.state),
        "issued_at": credential.issued_at,
        "expires_at": credential.expires_at,
    }


def _line(credential: IssuedCredential) -> str:
    until = _time(credential.expires_at)
    return f"{credential.id}  {credential.configuration_id}  {credential.state}  good until {until}"


def _time(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
