"""A small town: a registrar with a catalogue, a library that asks, an agency that gives, and a wallet that follows."""

from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from protocol.encoding import JsonObject, JsonValue, encode_base64url, encode_json, sha256
from protocol.exchange import HttpRequest, HttpResponse
from protocol.fields import Fields
from protocol.oid4vci.metadata import ClaimDescription, CredentialConfiguration, Display
from protocol.sovereignty.catalogue import TYP, ServiceCatalogue, sign_catalogue
from protocol.sovereignty.partner_directory import PartnerDirectory, sign_partner_directory
from protocol.sovereignty.published import sign_published
from protocol.sovereignty.service import Service
from protocol.trust.anchors import Role, TrustAnchors
from tests.support.pki import DAY, NOW, Pki, Template, make_pki, seeded_key
from tests.wallet.counterpart_agency import AGENCY, PID, VCT, Agency
from tests.wallet.counterparts import PARTNER, Partner, World, dcql
from wallet.service import Wallet
from wallet.service.published import Published
from wallet.vault.published import PublishedFolder

REGISTRAR = "https://registrar.example"
LIBRARY = "VATDE-111111111"
OFFICE = "VATDE-222222222"
BIRTH = "urn:town:birth:1"
CARD = "urn:town:library-card:1"
BIRTH_CERTIFICATE = CredentialConfiguration(
    format="dc+sd-jwt",
    type=BIRTH,
    scope="birth",
    display=(
        Display("Birth certificate", "en", background_color="#7A3B10"),
        Display("Geburtsurkunde", "de", background_color="#7A3B10"),
    ),
    claims=(
        ClaimDescription(("given_name",), (Display("First names", "en"), Display("Vornamen", "de"))),
        ClaimDescription(("birthdate",), (Display("Date of birth", "en"), Display("Geburtsdatum", "de"))),
    ),
)
CHILD: JsonObject = {"given_name": "Mia", "family_name": "Mustermann", "birthdate": "2026-11-02"}

_LIBRARY: JsonObject = {"identifier": LIBRARY, "country": "DE", "name": "City library"}
_OFFICE: JsonObject = {"identifier": OFFICE, "country": "DE", "name": "City of Köln"}
EMAIL: JsonObject = {"type": "string", "format": "email", "title": {"de": "E-Mail", "en": "E-mail"}}
IBAN: JsonObject = {"type": "string", "minLength": 15, "title": {"de": "Kontonummer", "en": "Account number"}}


def gives(type_: str, configuration: str) -> list[JsonValue]:
    """What an outcome issues."""
    return [{"issuer": AGENCY, "credential_configuration_id": configuration, "vct": type_}]


LIBRARY_CARD: JsonObject = {
    "id": "library-card",
    "provider": _LIBRARY,
    "name": {"de": "Bibliotheksausweis", "en": "Library card"},
    "summary": {"de": "Bücher leihen", "en": "Borrow books"},
    "life_events": ["moving", "studying"],
    "needs": {"credentials": [dcql(("given_name",))]},
    "asks": {"type": "object", "properties": {"email": EMAIL}},
    "gives": gives(CARD, "card"),
    "start": f"{PARTNER}/start",
    "registration": "card-1",
}
REGISTER_BIRTH: JsonObject = {
    "id": "birth-certificate",
    "provider": _OFFICE,
    "name": {"de": "Geburtsurkunde bekommen", "en": "Get a birth certificate"},
    "summary": {"de": "Für ein Kind, das geboren wurde", "en": "For a child that was born"},
    "life_events": ["birth"],
    "gives": gives(BIRTH, "birth"),
    "start": f"{AGENCY}/start",
    "registration": "birth-1",
}
CHILD_BENEFIT: JsonObject = {
    "id": "child-benefit",
    "provider": _LIBRARY,
    "name": {"de": "Kindergeld", "en": "Child benefit"},
    "summary": {"de": "Geld für Ihr Kind", "en": "Money for your child"},
    "life_events": ["birth"],
    "needs": {"credentials": [dcql(("birthdate",), query_id="birth", vct=BIRTH)]},
    "asks": {"type": "object", "properties": {"iban": IBAN, "email": EMAIL}, "required": ["iban"]},
    "eligible": {
        "claim": {"about": "represented", "any": [{"vct": BIRTH, "path": ["birthdate"]}]},
        "is": "age_below",
        "value": 18,
        "because": {"de": "Ihr Kind ist unter 18", "en": "Your child is under 18"},
    },
    "start": f"{PARTNER}/start",
    "registration": "benefit-1",
}
PENSION: JsonObject = {
    "id": "pension",
    "provider": _OFFICE,
    "name": {"de": "Rente", "en": "Pension"},
    "summary": {"de": "Für Ältere", "en": "For older people"},
    "life_events": ["retiring"],
    "eligible": {
        "claim": {"any": [{"vct": VCT, "path": ["birthdate"]}]},
        "is": "age_at_least",
        "value": 67,
        "because": {"de": "Sie sind mindestens 67", "en": "You are at least 67"},
    },
    "start": f"{AGENCY}/start",
    "registration": "pension-1",
}
SERVICES = (LIBRARY_CARD, REGISTER_BIRTH, CHILD_BENEFIT, PENSION)


@dataclass
class Publisher:
    """A registrar that publishes what it is told; it can be out of reach, or answer with anything."""

    pki: Pki = field(
        default_factory=lambda: make_pki(
            Template(common_name="Registrar"), key=seeded_key(906), role=Role.REGISTRATION_PROVIDER
        )
    )
    services: tuple[JsonObject, ...] = SERVICES
    unread: tuple[JsonObject, ...] = ()  # services that nobody can read, signed all the same
    seq: int = 7
    expires_at: int = NOW + 30 * DAY
    answer: HttpResponse | None = None  # instead of what it publishes
    signing: Pki | None = None  # who signs; by default the registrar
    seen: list[HttpRequest] = field(default_factory=list)
    _texts: dict[object, str] = field(default_factory=dict)

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        self.seen.append(request)
        if self.answer is not None:
            return self.answer
        text = self._text(urlsplit(request.url).path)
        etag = f'"{encode_base64url(sha256(text.encode()))}"'
        if dict(request.headers).get("if-none-match") == etag:
            return HttpResponse(304, (("etag", etag),), b"")
        return HttpResponse(200, (("content-type", "application/jwt"), ("etag", etag)), text.encode())

    def _text(self, path: str) -> str:
        """One document for everybody: the same bytes as long as nothing changes."""
        signing = self.signing or self.pki
        services = encode_json([*self.services, *self.unread])
        key = path, self.seq, self.expires_at, services, signing.leaf.der
        if key not in self._texts:
            self._texts[key] = self.catalogue() if path == "/catalogue" else self.partners()
        return self._texts[key]

    def catalogue(self) -> str:
        """The catalogue, signed."""
        services = tuple([Service.from_fields(Fields(one, "service")) for one in self.services])
        signing = self.signing or self.pki
        catalogue = ServiceCatalogue(self.seq, NOW - 100, self.expires_at, services)
        if not self.unread:
            return sign_catalogue(catalogue, signing.signer, signing.x5c)
        claims = catalogue.to_claims()
        entries: list[JsonValue] = [service.to_dict() for service in services]
        return sign_published(TYP, {**claims, "services": [*entries, *self.unread]}, signing.signer, signing.x5c)

    def partners(self) -> str:
        """The directory of partners."""
        signing = self.signing or self.pki
        directory = PartnerDirectory(self.seq, NOW - 100, self.expires_at, ())
        return sign_partner_directory(directory, signing.signer, signing.x5c)


class Office(Partner):
    """A partner whose services begin at an address of their own; `begun` holds the requests to it."""

    def __init__(self, **members):
        super().__init__(**members)
        self.begun = []

    def respond(self, request):
        """Answer one request."""
        if urlsplit(request.url).path == "/start":
            self.begun.append(request)
            return super().respond(replace(request, url=f"{PARTNER}/request"))
        return super().respond(request)


class ServiceWorld(World):
    """A world with a catalogue, where everybody has an identifier in their certificate."""

    def __init__(self, vault, folder=None, **changes):
        self.publisher = Publisher()
        library = Template(common_name="City library", identifier=LIBRARY, country="DE", dns_names=("library.example",))
        office = Template(common_name="City of Köln", identifier=OFFICE, country="DE")
        super().__init__(
            vault,
            agency=Agency(
                pki=make_pki(office, key=seeded_key(5)), configurations={"pid": PID, "birth": BIRTH_CERTIFICATE}
            ),
            partner=Office(pki=make_pki(library, key=seeded_key(6), role=Role.VERIFIER)),
            more={REGISTRAR: self.publisher},
            **changes,
        )
        if vault is not None:
            self.folder = PublishedFolder(folder, 16 << 20)
            self.follow()

    def follow(self, url=REGISTRAR):
        """Follow the registrar, as after a restart."""
        self.published = Published(self.folder, url, self.anchors, lambda: self.now)
        self.wallet = Wallet.of(replace(self.wallet.context, published=self.published))

    def anchors(self):
        """Whom the wallet trusts: the registrar as well."""
        return TrustAnchors([*super().anchors().anchors, self.publisher.pki.anchor])

    def fetch(self):
        """Have the catalogue fetched, if it is time."""
        self.run(self.published.when_due())

    def receive_child(self):
        """A birth certificate comes into the wallet."""
        self.speak_of_child()
        return self.receive(self.agency.offer(credential_configuration_ids=("birth",)))

    def receive_pid(self):
        """An identity card comes into the wallet."""
        return self.receive(self.agency.offer(credential_configuration_ids=("pid",)))

    def speak_of_child(self):
        """From now on the agency issues birth certificates."""
        self.agency.type = BIRTH
        self.agency.claims = dict(CHILD)

    def shown(self, service_id):
        """A service of the catalogue."""
        return self.wallet.services.catalogue.find(service_id)
