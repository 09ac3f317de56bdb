"""Our issuer with a name in a register, and our wallet beside it: everything but the network between them is real."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from starlette.testclient import TestClient

from issuer.credential_types import CredentialType, read_type
from protocol.encoding import JsonObject
from protocol.exchange import HttpRequest, HttpResponse
from protocol.formats import IssuerSigner
from protocol.trust.anchors import Role, TrustAnchors
from tests.protocol.mdoc.samples import DESK, IACA
from tests.support.issuer import IDENTIFIER, Clock, Desk, make_issuer
from tests.support.partners import TOWN, subject_of
from tests.support.pki import AUTHORITY, NOW, Pki, make_pki, seeded_key
from tests.wallet.counterparts import PASSPHRASE, QUICK, World
from wallet.disclosure_records import Disclosure
from wallet.policy.cockpit.disclosed import entries_of
from wallet.service.cockpit.collecting import Looked
from wallet.vault.vault import Vault

PRIVACY = "https://agency.example/privacy"
COCKPIT = f"{IDENTIFIER}/cockpit"
SUBJECT = "anna"
OFFICE = "City office"
RECORD: JsonObject = {
    "given_name": "Xanthippe",
    "family_name": "Zweig",
    "birthdate": "1990-03-07",
    "address": {"locality": "Altstadt"},
    "points": 4711,
}
MARKED = ("Xanthippe", "Zweig", "1990-03-07", "Altstadt", "4711", "Neustadt")  # values that must stand nowhere
DAY = 86_400
_CARD = """
id = "{id}"
vct = "urn:test:{id}:1"
validity_days = 30
batch_size = 2
[name]
de = "{german}"
en = "{english}"
[description]
en = "A document of the town: {id}."
[mdoc]
doctype = "org.test.{id}.1"
[renewal]
at_once = [["address"]]
[[claims]]
path = ["given_name"]
type = "text"
label = {{ de = "Vorname", en = "First name" }}
mandatory = true
element = "given_name"
[[claims]]
path = ["address"]
type = "object"
label = {{ de = "Anschrift", en = "Address" }}
[[claims]]
path = ["address", "locality"]
type = "text"
label = {{ de = "Ort", en = "Town" }}
element = "resident_city"
[[claims]]
path = ["points"]
type = "integer"
label = {{ de = "Punkte", en = "Points" }}
element = "points"
"""


def card_types() -> dict[str, CredentialType]:
    """A card and a pass, each in both forms."""
    texts = {
        "card": _CARD.format(id="card", german="Karte", english="Card"),
        "pass": _CARD.format(id="pass", german="Pass", english="Pass"),
    }
    return {kind.id: kind for name, text in texts.items() for kind in read_type(text, name, Path())}


def access_pki() -> Pki:
    """The agency's access certificate, which lasts as long as its logs."""
    end = NOW + 5 * 365 * DAY
    leaf, root = replace(subject_of(TOWN), common_name=OFFICE, not_after=end), replace(AUTHORITY, not_after=end)
    return make_pki(leaf, root=root, key=seeded_key(7100), role=Role.VERIFIER)


@dataclass
class Agency:
    """The issuer, answering; `seen` holds every request that it got."""

    desk: Desk
    pki: Pki
    access: Pki
    client: TestClient
    seen: list[HttpRequest] = field(default_factory=list)
    spoil: Callable[[str, HttpResponse], HttpResponse] = lambda _, found: found  # what comes of an answer on its way

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer one request, as over the network."""
        self.seen.append(request)
        parts = urlsplit(request.url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        got = self.client.request(request.method, target, content=request.body, headers=list(request.headers))
        return self.spoil(parts.path, HttpResponse(got.status_code, tuple(got.headers.multi_items()), got.content))

    def offer(self, *configuration_ids: str) -> str:
        """The link of an offer."""
        return self.desk.offer(*(configuration_ids or ("card", "card-mdoc")), subject=SUBJECT).uri


@dataclass
class Town(World):
    """The wallet of a citizen, and the agency."""

    @property
    def office(self) -> Agency:
        """The agency as it is here."""
        found = self.more[IDENTIFIER]
        assert isinstance(found, Agency)
        return found

    @property
    def desk(self) -> Desk:
        """Its services."""
        return self.office.desk

    def anchors(self) -> TrustAnchors:
        """Whom the wallet trusts."""
        return TrustAnchors([self.office.pki.anchor, self.office.access.anchor])

    def forward(self, seconds: int) -> None:
        """Let time pass for everybody; the hour's block is appended."""
        self.now += seconds
        self.desk.clock.move(seconds)
        self.desk.run(self.desk.issuer.usage.append())

    def take(self, *configuration_ids: str) -> Disclosure:
        """The citizen takes a document; what is kept of its receipt."""
        self.receive(self.office.offer(*configuration_ids))
        return self.disclosures()[-1]

    def disclosures(self) -> tuple[Disclosure, ...]:
        """What the wallet keeps of receipts."""
        return self.wallet.cockpit.disclosures()

    def look(self, disclosure: Disclosure) -> Looked:
        """The citizen opens the entry."""
        looked: Looked = self.run(self.wallet.cockpit.ask(disclosure))
        return looked

    def said(self, disclosure: Disclosure) -> list[tuple[str, str]]:
        """What the agency says that it did: action, and who."""
        looked = self.look(disclosure)
        assert looked.went_well, looked
        return [(str(entry.use.action), entry.use.by) for entry in entries_of(looked.disclosure)]


@contextmanager
def agency(
    outside: Callable[[HttpRequest], HttpResponse] | None = None,
    database: str = "sqlite:///:memory:",
    /,
    **context: object,
) -> Iterator[Agency]:
    """The agency alone; `context` is changed in the issuer."""
    access, signing = (
        access_pki(),
        make_pki(replace(DESK, common_name=OFFICE), root=IACA),
    )  # whose documents are mobile ones too
    desk = replace(make_issuer(database, types=card_types(), clock=Clock(), outside=outside), pki=signing)
    desk.register.put({SUBJECT: RECORD, "bodo": {**RECORD, "given_name": "Bodo"}})
    members = {
        "signing": IssuerSigner(signing.signer, signing.x5c),
        "access": IssuerSigner(access.signer, access.x5c),
        "privacy_policy": PRIVACY,
        **context,
    }
    desk = desk.with_context(**members)
    with desk.browser() as client:
        yield Agency(desk, desk.pki, access, client)


@contextmanager
def agency_town(folder: Path, **context: object) -> Iterator[Town]:
    """The agency and a wallet."""
    vault = Vault.create(folder / "wallet.hoheit", PASSPHRASE, QUICK)
    with vault, agency(**context) as office:
        yield Town(vault, more={IDENTIFIER: office})
