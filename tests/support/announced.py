"""Services that the parties of `tests.support.registrar` hand in, and partners with a cockpit whose usage log is watched."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from protocol.encoding import JsonObject, encode_json
from protocol.errors import Unreachable
from protocol.exchange import HttpRequest, HttpResponse
from protocol.keys import P256Key
from protocol.sovereignty.log_heads import sign_usage_head
from protocol.x509 import Certificate
from registrar.session import party_of, proposal_id
from runtime.anchors import read_certificate
from tests.protocol.sovereignty.logs import Log
from tests.support.pki import seeded_key
from tests.support.registrar import CINEMA, OPERATOR, Office, cinema, request_of

COCKPIT = "https://kino.example/cockpit"
ISSUING = "https://karten.kino.example/cockpit"
NEEDS: JsonObject = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"path": ["age_equal_or_over", "18"]}],
        }
    ]
}


def entry(**changed) -> JsonObject:
    """A service of the cinema; members can be changed, and are left out if they are None."""
    members = {
        "id": "film-club",
        "provider": {"identifier": CINEMA, "country": "DE", "name": "Kino Capitol"},
        "name": {"de": "Filmclub", "en": "Film club"},
        "summary": {"de": "Jeden Monat ein Film, für Erwachsene.", "en": "A film every month, for adults."},
        "life_events": ["moving", "retiring"],
        "needs": NEEDS,
        "start": "https://kino.example/start/film-club",
        "registration": "over-18",
    }
    return {name: value for name, value in {**members, **changed}.items() if value is not None}


def hand_in(office: Office, key: str, *entries: JsonObject):
    """Hand in services with an applicant's key."""
    return office.call("PUT", "/api/application/services", {"services": list(entries)}, key=key)


def announce(office: Office, key: str, *entries: JsonObject) -> None:
    """Hand in services, and have them announced."""
    assert hand_in(office, key, *entries).status == 200
    for one in entries:
        line = office.run(office.registrar.offerings.line(str(one["id"])))
        office.run(office.registrar.offerings.approve(str(one["id"]), proposal_id(line.offering.proposed), OPERATOR))


@dataclass
class Partner:
    """A partner's cockpit as a witness sees it, which lies when it is told to."""

    office: Office
    key: P256Key
    chain: tuple[Certificate, ...]
    endpoint: str = COCKPIT
    logs: dict[str, Log] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    age: int = 0  # seconds ago that heads were signed
    answers: dict[str, HttpResponse | Exception] = field(default_factory=dict)  # path → what comes instead

    def respond(self, request: HttpRequest) -> HttpResponse:
        """The answer of the cockpit."""
        parts = urlsplit(request.url)
        path, query = parts.path.rpartition("/")[2], parse_qs(parts.query)
        self.asked.append(f"{path}?{parts.query}")
        told = self.answers.get(path)
        if isinstance(told, Exception):
            raise told
        if told is not None:
            return told
        log = self.logs.get(query["log"][0])
        if log is None:
            return HttpResponse(404, (), b"")
        if path == "head":
            now = self.office.clock.now - self.age
            token = sign_usage_head(log.head(), now=now, signer=self.key, x5c=tuple(c.to_x5c() for c in self.chain))
            return HttpResponse(200, (("content-type", "application/jwt"),), token.encode())
        growth = log.growth(int(query["from"][0]), int(query["to"][0]))
        return HttpResponse(200, (("content-type", "application/json"),), encode_json(growth.to_dict()))


@dataclass
class Cockpits:
    """A network that has nothing in it but cockpits, by their host."""

    partners: dict[str, Partner] = field(default_factory=dict)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request."""
        partner = self.partners.get(urlsplit(request.url).hostname or "")
        if partner is None:
            raise Unreachable("no such host")
        return partner.respond(request)


def partner_of(office: Office, *, number: int = 700, **changed) -> Partner:
    """Register somebody with a cockpit, and give them an access certificate; the cinema, if nothing is said."""
    return partners_of(office, office.register(cinema(**{"cockpit_endpoint": COCKPIT, **changed})), number)[0]


def both_of(office: Office) -> tuple[str, dict[str, Partner]]:
    """Register a cinema that asks at one address and issues at another, each with a cockpit; its key, and both by host."""
    addresses = ["https://kino.example", "https://karten.kino.example"]
    key = office.register(cinema(addresses=addresses, cockpit_endpoints=[COCKPIT, ISSUING]))
    partners = partners_of(office, key, 700)
    return key, {urlsplit(partner.endpoint).hostname or "": partner for partner in partners}


def partners_of(office: Office, key: str, number: int) -> list[Partner]:
    """Whoever has an application's key, at each of its cockpits, or without one; each with a certificate of its own."""
    stage = office.run(office.registrar.parties.registered(key))
    found = []
    for place, endpoint in enumerate(party_of(stage.document).cockpit_endpoints or ("",)):
        own = seeded_key(number + 1000 * place)
        given = office.run(office.registrar.certificates.access(stage, request_of(own).encode(), "test"))
        chain = (read_certificate(given.content.encode(), "access"),)
        found.append(Partner(office, own, chain, endpoint=endpoint, logs={"2026": Log(seed=1 + place).hour()}))
    return found
