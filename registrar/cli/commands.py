"""What the commands do: each opens the folder, does one thing with the registrar's own service, and tells it.

Whatever goes wrong ends the program with one clear line and status 1 (T252); `Raises:` says what those lines are about.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from capabilities.registration.registering import read_party
from protocol.encoding import JsonValue
from protocol.errors import InvalidRequest
from protocol.exchange import Exchange
from registrar.app import create_app, open_registrar, open_store
from registrar.config import RegistrarSettings, SeatSettings
from registrar.installation import LISTS_FILE, NewRegistrar, set_up_registrar
from registrar.records import PartyLine
from registrar.service import Registrar
from registrar.session import document_of, party_of, proposal_id
from registrar.store import PartyFilter
from runtime import system
from runtime.anchors import read_certificate
from runtime.api_keys import new_api_key
from runtime.commands import explained, print_json, read_names
from runtime.driver import drive
from runtime.fingerprints import fingerprint_lines, fingerprint_of
from runtime.http import NoSender
from runtime.key_token import check_token
from runtime.serve import Listen, serve
from runtime.token_options import NO_TOKEN, TokenOptions

T = TypeVar("T")


@explained()
def set_up(
    data: Path,
    public_url: str,
    names: list[str],
    operator: tuple[str, str, str, str],
    seat: tuple[str, str, str],
    *,
    database_url: str,
    token: TokenOptions = NO_TOKEN,
) -> None:
    """Make a registrar's folder and tell what to do with it.

    `operator`: identifier, country, e-mail address, phone number; `seat`: street, town, postal code.

    Raises:
        ValueError: a name without a language, or a setting that is wrong; nothing was made.
        FileExistsError: there is a registrar in this folder already.
        TokenError: the token is away, or makes no keys.
    """
    pairs = read_names(names)
    identifier, country, email, phone = operator
    street, locality, postal_code = seat
    # Settings are checked before anything is made, so that a mistake leaves no half-made folder
    settings = RegistrarSettings(
        data=data,
        public_url=public_url,
        name=dict(pairs),
        identifier=identifier,
        country=country,
        email=email,
        phone=phone,
        seat=SeatSettings(street=street, locality=locality, postal_code=postal_code),
        database_url=database_url,
        **token.said(),
    )
    new = NewRegistrar(
        data,
        settings.public_url,
        pairs,
        identifier,
        email,
        phone,
        seat,
        country,
        database_url,
        token=settings.key_token,
    )
    signer = set_up_registrar(new, now=system.now(), random_bytes=system.random_bytes)
    print(f"{pairs[0][1]} can be served now, from {data}")
    print(f"\nWhoever reads its lists pins this certificate: {data / LISTS_FILE}. This file is no secret.")
    print(f"The list that names the others: {settings.public_url}/lists/registrars")
    print("\nGive its fingerprint (SHA-256) to them on another way, such as a letter:")
    for line in fingerprint_lines(fingerprint_of(read_certificate(signer, LISTS_FILE))):
        print(f"  {line}")


def run_server(data: Path, host: str, port: int, workers: int) -> None:
    """Serve a registrar's folder until the process is told to end.

    Raises:
        ValueError: several workers without PostgreSQL.
        TokenError: the token is away. It is asked once, before any worker could try a wrong PIN for itself.
    """
    with explained():
        settings = RegistrarSettings.read(data)
        settings.check_workers(workers)
        check_token(settings.key_token)
    serve(functools.partial(create_app, settings), Listen(host, port, workers), service="registrar")


@explained()
def migrate_database(data: Path) -> None:
    """Bring a registrar's database to this program's version."""
    with open_folder(data):
        print("The database is ready.")


@explained()
def make_api_key(data: Path, name: str) -> str:
    """A fresh key of the operators' API, which is kept as a digest only."""
    with open_folder(data) as registrar:
        key, kept = new_api_key(name, now=system.now(), random_bytes=system.random_bytes)
        registrar.context.store.api_keys.put(kept)
    return key


@explained()
def revoke_api_keys(data: Path, name: str) -> int:
    """Revoke every key of a name; how many that were.

    Raises:
        InvalidRequest: there is none.
    """
    with open_folder(data) as registrar:
        count = registrar.context.store.api_keys.revoke(name)
    if not count:
        raise InvalidRequest("there is no key of this name that is good")
    return count


@explained()
def check_file(file: Path) -> None:
    """Say what a file would register.

    Raises:
        Malformed: see `read_party`.
    """
    party = read_party(file)
    print(f"✓ {party.trade_name} ({party.identifier}): {', '.join(party.entitlements)}")
    for use in party.uses:
        claims = [
            ".".join("*" if part is None else str(part) for part in path) for c in use.credentials for path in c.claims
        ]
        print(f"  {use.id}: {', '.join(claims)}")


@explained()
def register_file(data: Path, file: Path, operator: str) -> str:
    """Register what a file says; the key that belongs to it.

    Raises:
        Malformed: see `read_party`.
        Conflict: somebody is registered under this identifier.
    """
    party = read_party(file)
    with open_folder(data) as registrar:
        key = run_here(registrar, registrar.parties.apply(party))
        proposal = proposal_id(document_of(party))
        run_here(registrar, registrar.parties.approve(party.identifier, proposal, operator))
    return key


@explained()
def tell_parties(data: Path, *, waiting: bool, as_json: bool) -> None:
    """Tell who is in the register, page by page."""
    wanted = PartyFilter(waiting=True if waiting else None)
    with open_folder(data) as registrar:
        after = ""
        while lines := run_here(registrar, registrar.parties.search(wanted, after=after)):
            for line in lines:
                if as_json:
                    print_json({"identifier": line.identifier, "state": str(line.state), "name": line.name})
                else:
                    mark = " · something waits for a decision" if line.proposed else ""
                    print(f"{line.identifier}  {line.state}  {line.name}{mark}")
            after = lines[-1].identifier


@explained()
def tell_party(data: Path, identifier: str) -> None:
    """Tell everything about one party.

    Raises:
        NotFound: nobody has this identifier.
    """
    with open_folder(data) as registrar:
        line = run_here(registrar, registrar.parties.line(identifier))
        given = run_here(registrar, registrar.parties.certificates_of(identifier))
    print_json(
        {
            "identifier": line.identifier,
            "state": str(line.state),
            "registered": _document(line.document),
            "proposed": _document(line.proposed),
            "certificates": [
                {"id": one.id, "kind": str(one.kind), "use": one.use, "state": str(one.state)} for one in given
            ],
        }
    )


@explained()
def decide(data: Path, identifier: str, deed: str, reason: str, operator: str) -> str:
    """Decide about a party; where it stands now.

    Raises:
        NotFound: nobody has this identifier.
        Conflict, InvalidRequest: see `registrar.session`.
    """
    with open_folder(data) as registrar:
        parties = registrar.parties
        proposal = proposal_id(run_here(registrar, parties.line(identifier)).proposed)
        deeds = {
            "approve": lambda: parties.approve(identifier, proposal, operator),
            "refuse": lambda: parties.refuse(identifier, proposal, reason, operator),
            "suspend": lambda: parties.suspend(identifier, reason, operator),
            "resume": lambda: parties.resume(identifier, operator),
            "remove": lambda: parties.remove(identifier, reason, operator),
        }
        run_here(registrar, deeds[deed]())
        line: PartyLine = run_here(registrar, parties.line(identifier))
    return f"{line.identifier}: {line.state}"


@contextmanager
def open_folder(data: Path) -> Iterator[Registrar]:
    """The registrar of a folder, while the block lasts."""
    settings = RegistrarSettings.read(data)
    store = open_store(settings)
    try:
        yield open_registrar(settings, store)
    finally:
        store.database.dispose()


def run_here(registrar: Registrar, work: Exchange[T]) -> T:
    """Do something with the registrar's own service, in this thread."""
    return drive(work, registrar.context.store, NoSender())


def _document(text: str) -> JsonValue:
    return party_of(text).to_dict() if text else None
