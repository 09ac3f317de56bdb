"""A wallet and a real library with a cockpit, joined by HTTP: what the one asks, the other answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text as sql

from capabilities.accounts.service import new_clerk_code
from protocol.encoding import JsonObject, read_json_object
from protocol.exchange import HttpRequest, HttpResponse
from protocol.sovereignty.rights import Right
from protocol.sovereignty.signing import Organisation
from protocol.trust.anchors import Role, TrustAnchors
from tests.support.pki import Pki, Template, make_pki, seeded_key
from tests.support.verifier import Addresses, Clock, Counter, make_verifier
from tests.wallet.counterparts import PARTNER, World
from verifier.service.requests import MadeRequest
from wallet.disclosure_records import Disclosure, RightsAsked
from wallet.policy.cockpit.rights import Wish, status_of
from wallet.vault.vault import Vault

LIBRARY = "VATDE-111111111"
USE_CASE = """
id = "card"
keep_seconds = 86400
legal_basis = "{basis}"
retention = "P30D"

[title]
en = "Who are you?"
de = "Wer sind Sie?"
[purpose]
en = "To make you a library card."
de = "Um Ihnen einen Ausweis zu machen."
[query]
credentials = [
  {{ id = "pid", format = "dc+sd-jwt", meta = {{ vct_values = ["{vct}"] }}, claims = [{claims}] }},
]
"""
NAMES = '{ path = ["given_name"] }, { path = ["family_name"] }, { path = ["birthdate"] }'
NAMELESS = '{ path = ["nationalities", "*"] }'  # what says nothing of who somebody is


class RealLibrary:
    """A verifier with its web application; wallets reach it under its own address."""

    def __init__(
        self, database_url: str, agency: Pki, clock: Clock, *, identifier: str = PARTNER, basis: str = "consent",
        claims: str = NAMES, vct: str = "urn:eudi:pid:1", name: str = "City library",
        registered: Organisation | None = None, network: Addresses | None = None,
    ) -> None:  # fmt: skip
        registered = registered or Organisation(LIBRARY, "DE")
        leaf = Template(
            common_name=name, organization=name, identifier=registered.identifier, country=registered.country,
            dns_names=(urlsplit(identifier).hostname or "",), uris=(identifier,),
        )  # fmt: skip
        self.access = make_pki(leaf, role=Role.VERIFIER, key=seeded_key(6))
        self.identifier = identifier
        self.counter: Counter = make_verifier(
            database_url, TrustAnchors([agency.anchor]), identifier=identifier, access=self.access, clock=clock,
            use_cases=(USE_CASE.format(basis=basis, claims=claims, vct=vct),), privacy_policy=f"{identifier}/privacy",
            network=network,
        )  # fmt: skip

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer one request of the wallet's."""
        parts = urlsplit(request.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = self.counter.http(request.method, path, content=request.body, headers=dict(request.headers))
        return HttpResponse(answer.status_code, tuple(answer.headers.items()), answer.content)

    def ask(self) -> MadeRequest:
        """A request for what makes a card."""
        return self.counter.ask(use_case="card")

    def read(self, made: MadeRequest) -> JsonObject | None:
        """The library's program reads an answer."""
        return self.counter.result(made).disclosed

    def clerk_code(self, name: str = "Ada") -> str:
        """A code by which a clerk signs in at the desk."""
        counter = self.counter
        code, kept = new_clerk_code(name, now=counter.clock.now, random_bytes=counter.verifier.context.random_bytes)
        counter.store.clerk_codes.put(kept)
        return code

    def everything(self) -> str:
        """All bytes of all tables in which something about people stands."""
        with self.counter.store.database.reading() as connection:
            names = ("sessions", "session_keys", "events", "cockpit_rights", "cockpit_receipts", "usage_entries")
            rows = [row for name in names for row in connection.execute(sql(f"select * from {name}"))]
        return "\n".join(str(tuple(row)) for row in rows)


class RightsTown(World):
    """A citizen with an identity card, and the library."""

    def __init__(self, vault: Vault | None, database_url: str, **library: Any) -> None:
        super().__init__(vault)
        self.clock = Clock(self.now)
        self.library = RealLibrary(database_url, self.agency.pki, self.clock, **library)
        self.partner.pki = self.library.access
        self.more[self.library.identifier] = self.library

    def later(self, seconds: int) -> None:
        """Let time pass, for everybody."""
        self.now += seconds
        self.clock.forward(seconds)

    def give(self) -> MadeRequest:
        """The citizen shows the library what it asks for, and has a receipt."""
        made = self.library.ask()
        presenting = self.wallet.presenting
        seen = self.run(presenting.look(made.uri))
        self.run(presenting.share(seen, seen.default_choice()))
        return made

    @property
    def disclosure(self) -> Disclosure:
        """What was given first."""
        return min(self.wallet.cockpit.disclosures(), key=lambda one: one.log_number)

    @property
    def newest(self) -> Disclosure:
        """What was given last."""
        return max(self.wallet.cockpit.disclosures(), key=lambda one: one.log_number)

    @property
    def asked(self) -> RightsAsked:
        """What was asked last."""
        return self.disclosure.rights[-1]

    @property
    def state(self) -> str:
        """How that stands, by the last signed word of the library."""
        assert self.asked.problem == ""
        status = status_of(self.asked)
        return "" if status is None else status.state.value

    def ask(self, right: Right, **wish: Any) -> str:
        """Send a request from the entry; how it stands then."""
        self.run(self.wallet.cockpit.rights.ask(self.disclosure, Wish(right, **wish)))
        return self.state

    def follow(self) -> str:
        """Look how it stands some minutes later."""
        self.later(120)
        self.run(self.wallet.cockpit.rights.open(self.disclosure, self.asked.id))
        return self.state

    def use(self) -> list[str]:
        """What the library says it did with the data, in order."""
        self.later(3 * 3600)
        self.run(self.wallet.cockpit.ask(self.disclosure))
        return self.used(self.disclosure)

    def used(self, disclosure: Disclosure) -> list[str]:
        """What is known of that."""
        return [str(read_json_object(use.entry.encode(), "entry")["action"]) for use in disclosure.usage.uses]
