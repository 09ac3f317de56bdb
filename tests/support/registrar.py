"""A registrar to test with, on any store, with a clock that moves when it is told to; and parties to register."""

import asyncio
import os
from dataclasses import dataclass
from functools import cache
from ssl import DER_cert_to_PEM_cert
from typing import Any, TypeVar

from cryptography.hazmat.primitives import serialization
from fastapi import FastAPI
from starlette.testclient import TestClient

from capabilities.accounts.policy import AccountPolicy
from capabilities.accounts.service import new_clerk_code
from capabilities.registration.party import Party, Seat
from protocol.encoding import encode_json
from protocol.exchange import Exchange
from protocol.formats import IssuerSigner
from protocol.keys import P256Key
from protocol.x509 import Certificate
from registrar.app import make_application
from registrar.database.ended_list import EndedCertificates
from registrar.database.store import SqlRegistrarStore
from registrar.records import Operator
from registrar.service import Registrar
from registrar.service.context import RegistrarContext
from registrar.session import proposal_id
from runtime.api_keys import new_api_key
from runtime.certificates import CertificateNames, make_authority, make_request
from runtime.database.engine import Database
from runtime.driver import Driver, drive
from runtime.http import NoSender
from tests.support.issuer import Clock
from tests.support.migrated import migrate_quickly
from tests.support.pki import NOW, make_pki, seeded, seeded_key
from tests.support.web import Answer, call

URL = "https://register.example"
OPERATOR = "Herr Amt"
CINEMA = "NTRDE-HRB 4711"
AUTHORITY_DAYS = 3650

T = TypeVar("T")


def cinema(**changed: Any) -> Party:
    """A partner who asks one thing; members can be changed, and are left out if they are None."""
    members = {
        "identifier": CINEMA,
        "country": "DE",
        "legal_name": "Kino Capitol GmbH",
        "trade_name": "Kino Capitol",
        "entitlements": ["Service_Provider"],
        "info_uri": "https://kino.example",
        "support_uri": "https://kino.example/hilfe",
        "email": "hallo@kino.example",
        "phone": "+49 30 1234",
        "address": {"street": "Lindenweg 1", "locality": "Lindenau", "postal_code": "01234"},
        "services": [{"de": "Kino", "en": "Cinema"}],
        "addresses": ["https://kino.example"],
        "supervisory_authority": {"name": "Datenschutz", "country": "DE", "email": "post@aufsicht.example"},
        "uses": [use()],
    }
    return Party.from_dict({name: value for name, value in {**members, **changed}.items() if value is not None})


def use(**changed: Any) -> dict[str, Any]:
    """One thing that is asked."""
    members = {
        "id": "over-18",
        "purpose": {"de": "Wir prüfen Ihr Alter.", "en": "We check your age."},
        "privacy_policy": "https://kino.example/datenschutz",
        "legal_basis": "GDPR Art. 6 (1) b",
        "retention_days": 0,
        "credentials": [
            {"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"], "claims": [["age_equal_or_over", "18"]]}
        ],
    }
    return {**members, **changed}


def agency(**changed: Any) -> Party:
    """An office that issues, with the certificate that its documents are signed under."""
    members: dict[str, Any] = {
        "identifier": "NTRDE-HRA 1",
        "legal_name": "Stadt Lindenau",
        "trade_name": "Bürgeramt",
        "entitlements": ["PID_Provider"],
        "public_body": True,
        "uses": None,
        "provides": [{"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"]}],
        "authorities": [authority_pem()],
        "addresses": ["https://buergeramt.example"],
    }
    return cinema(**{**members, **changed})


@cache
def authority_pem() -> str:
    """Some authority's certificate."""
    [anchor] = make_pki().anchors.anchors
    return DER_cert_to_PEM_cert(anchor.certificate.der)


def request_of(key: P256Key) -> str:
    """A request for a certificate, PEM; whoever certifies need not believe the name."""
    request = make_request(key, CertificateNames("Somebody Else", "Somebody Else"))
    return request.public_bytes(serialization.Encoding.PEM).decode("ascii")


@dataclass(slots=True)
class Office:
    """A registrar with its store and its clock."""

    registrar: Registrar
    store: SqlRegistrarStore
    clock: Clock
    driver: Driver
    api_key: str
    _application: FastAPI | None = None

    @property
    def application(self) -> FastAPI:
        """The web application, made when somebody wants it."""
        if self._application is None:
            self._application = make_application(self.registrar, self.driver)
        return self._application

    def run(self, work: Exchange[T]) -> T:
        """Do something with the registrar's own service."""
        return drive(work, self.store, NoSender())

    def register(self, party: Party) -> str:
        """Register somebody; their key."""
        key = self.run(self.registrar.parties.apply(party))
        self.approve(party.identifier)
        return key

    def approve(self, identifier: str) -> None:
        """Approve what waits."""
        line = self.run(self.registrar.parties.line(identifier))
        self.run(self.registrar.parties.approve(identifier, proposal_id(line.proposed), OPERATOR))

    def call(self, method: str, path: str, body: Any = None, *, key: str = "", query: str = "") -> Answer:
        """Call the registrar over HTTP."""
        headers = [(b"authorization", f"Bearer {key}".encode())] if key else []
        if body is not None:
            headers.append((b"content-type", b"application/json"))
        pieces = (b"" if body is None else encode_json(body),)
        return asyncio.run(call(self.application, method, path, query=query.encode(), headers=headers, body=pieces))

    def browser(self) -> TestClient:
        """A browser that is not signed in."""
        return TestClient(self.application, base_url=self.registrar.context.url, follow_redirects=False)

    def operator_code(self) -> str:
        """A fresh sign-in code of the operator."""
        code, kept = new_clerk_code(OPERATOR, now=self.clock.now, random_bytes=os.urandom)
        self.store.operator_codes.put(kept)
        return code

    def close(self) -> None:
        """Let go of the store."""
        self.store.database.dispose()


def make_office(
    url: str, address: str = URL, *, seed: int = 0, worker: int = 0, ended: EndedCertificates | None = None
) -> Office:
    """A registrar on a database; another `seed` has other keys, and another `worker` the same ones and its own chance."""
    clock = Clock()
    store = SqlRegistrarStore(Database(url, "registrar"), clock, ended)
    migrate_quickly(store)
    random_bytes = seeded(seed + 77)
    names = CertificateNames("Registerstelle", "Registerstelle CA")
    access = make_authority(seeded_key(seed + 71), names, now=NOW, days=AUTHORITY_DAYS, random_bytes=random_bytes)
    root = make_authority(seeded_key(seed + 72), names, now=NOW, days=AUTHORITY_DAYS, random_bytes=random_bytes)

    def signer(number: int) -> IssuerSigner:
        key = seeded_key(number)
        leaf = root.issue_leaf(
            key.public_key,
            CertificateNames("Registerstelle", f"Registerstelle {number}"),
            now=NOW,
            days=730,
            random_bytes=random_bytes,
        )
        return IssuerSigner(key, (Certificate.from_der(leaf.public_bytes(serialization.Encoding.DER)).to_x5c(),))

    registrar = Registrar.of(
        RegistrarContext(
            url=address,
            operator=Operator(
                name=(("de", "Registerstelle Lindenau"), ("en", "Lindenau register")),
                identifier="NTRDE-HRA 99",
                country="DE",
                email="post@register.example",
                phone="+49 30 99",
                seat=Seat("Lindenweg 9", "Lindenau", "01234"),
            ),
            store=store,
            access_authority=access,
            authority=Certificate.from_der(root.to_der()),
            registrations=signer(seed + 73),
            lists=signer(seed + 74),
            secret=bytes(32),
            now=clock,
            random_bytes=seeded(seed + 7700 + worker) if worker else random_bytes,
            accounts=AccountPolicy(pause=0),
        )
    )
    key, kept = new_api_key(OPERATOR, now=NOW, random_bytes=random_bytes)
    if not worker:
        store.api_keys.put(kept)
    driver = Driver(store, NoSender(), loads_in_thread=not store.database.is_sqlite)
    return Office(registrar, store, clock, driver, key)
