"""A town in which an agency forwards by mandate: agency, bank, registrar and wallet are real, and only the network is not."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from protocol.credential import StatusReference
from protocol.encoding import JsonObject
from protocol.errors import Unreachable
from protocol.exchange import HttpRequest, HttpResponse
from protocol.jws import Jws
from protocol.sovereignty.receipt import Receipt
from protocol.trust.anchors import Role, TrustAnchors
from protocol.trust.localized import Localized
from protocol.trust.registration import PUB_EAA_PROVIDER, SERVICE_PROVIDER, RegisteredCredential, Registration
from runtime.registrations import OwnRegistration
from tests.flows.agency import DAY, SUBJECT, Town, agency
from tests.support.issuer import IDENTIFIER
from tests.support.partners import TOWN
from tests.support.pki import NOW, Pki, Template, make_pki, seeded_key
from tests.support.services import described, service_verifier
from tests.support.verifier import Counter
from tests.wallet.counterparts import PASSPHRASE, QUICK
from tests.wallet.registrar import INDEX, LISTS, REGISTRAR, Registrar, registered
from tests.wallet.service_town import Publisher
from verifier.app import with_questions
from wallet.forwarding_records import MandateKept
from wallet.policy.documents import documents_of
from wallet.service import Wallet
from wallet.service.forwarding import Recipients
from wallet.service.mandate_making import Span
from wallet.service.mandates import MandateShown
from wallet.service.published import Published
from wallet.vault.published import PublishedFolder
from wallet.vault.vault import Vault

CARD = "urn:test:card:1"
BANK = "https://bank.example"
BANK_ID = "NTRDE-HRB 4712"
SERVICE = "new-address"
NAME = "Town bank"
PURPOSE = (Localized("de", "Wir führen Ihr Konto weiter."), Localized("en", "We keep your account up to date."))
_TEXT = f"""
name = {{ de = "Neue Anschrift", en = "New address" }}
summary = {{ de = "Wir schreiben sie um.", en = "We change it." }}
purpose = {{ de = "Wir führen Ihr Konto weiter.", en = "We keep your account up to date." }}
legal_basis = "GDPR Art. 6 (1) a"
privacy_policy = "{BANK}/privacy"
retention_days = 30
forward = true

[provider]
identifier = "{BANK_ID}"
country = "DE"
name = "{NAME}"

[[needs]]
id = "card"
name = {{ de = "Karte", en = "Card" }}
vct = "{CARD}"

[[fields]]
name = "first_name"
title = {{ de = "Vorname", en = "First name" }}
type = "string"
from = [{{ document = "card", path = ["given_name"] }}]

[[fields]]
name = "town"
title = {{ de = "Ort", en = "Town" }}
type = "string"
from = [{{ document = "card", path = ["address", "locality"] }}]
"""
_MORE = """
[[fields]]
name = "points"
title = { de = "Punkte", en = "Points" }
type = "integer"
from = [{ document = "card", path = ["points"] }]
"""
TOWN_PATH = ("address", "locality")
NAME_PATH = ("given_name",)


def entry_of(identifier: str, name: str, **members: object) -> Registration:
    """What the registrar says of somebody."""
    bare = Registration(
        name=name,
        identifier=identifier,
        country="DE",
        registry_uri=REGISTRAR,
        entitlements=(SERVICE_PROVIDER,),
        privacy_policy="https://bank.example/privacy",
        issued_at=NOW - 100,
        expires_at=NOW + 300 * DAY,
        status=StatusReference(LISTS, INDEX),
        legal_name=name,
    )
    return replace(bare, **members)  # type: ignore[arg-type]  # whoever calls names what there is


@dataclass
class Bank:
    """A verifier with a service that takes what is forwarded."""

    counter: Counter
    access: Pki
    text: str = _TEXT
    down: bool = False
    posted: list[HttpRequest] = field(default_factory=list)  # what came to where answers go
    lose: bool = False  # what it answers there is lost on its way
    registered: list[OwnRegistration] = field(default_factory=list)  # what it shows of itself
    before_answer: Callable[[], object] = lambda: None  # while it is being asked what it wants

    @property
    def entry(self) -> JsonObject:
        """Its service in the catalogue."""
        start, forward = [f"{BANK}/services/{SERVICE}/{what}" for what in ("start", "forward")]
        found: JsonObject = described(self.text, SERVICE).entry(start, SERVICE, forward).to_dict()
        return found

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        if self.down:
            raise Unreachable("the bank is away")
        parts = urlsplit(request.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        # The agency may be asking from within an event loop of its own
        with ThreadPoolExecutor(1) as thread:
            how = {"content": request.body, "headers": dict(request.headers)}
            answer = thread.submit(self.counter.http, request.method, path, **how).result()
        if parts.path.endswith("/forward"):
            self.before_answer()
        if parts.path.startswith("/responses/"):
            self.posted.append(request)
            if self.lose:
                raise Unreachable("the answer was lost")
        return HttpResponse(answer.status_code, tuple(answer.headers.items()), answer.content)

    def lines(self) -> list[list[tuple[str, str]]]:
        """What a clerk sees of each case."""
        cases = self.counter.run(self.counter.verifier.cases.listed(is_open=True))
        opened = [
            self.counter.run(self.counter.verifier.cases.open(one.id, actor="Ada", role="clerk")) for one in cases
        ]
        return [[(line.name, str(line.value)) for line in one.lines] for one in opened]

    def asks(self, text: str) -> None:
        """From now on its service is another one."""
        context = self.counter.verifier.context
        assert isinstance(context.services, dict)
        assert isinstance(context.use_cases, dict)
        context.services[SERVICE] = described(text, SERVICE)
        context.use_cases.update(with_questions({}, context.services))

    def ask_for_more(self) -> None:
        """It wants something that it is not registered for."""
        self.asks(_TEXT + _MORE)

    def ask_rightly(self) -> None:
        """It wants what it wanted at first."""
        self.asks(_TEXT)


@dataclass
class MandateTown(Town):
    """The town."""

    registrar: Registrar = field(default_factory=Registrar)
    publisher: Publisher = field(default_factory=Publisher)
    distrusted: bool = False  # the registrar, by everybody

    @property
    def bank(self) -> Bank:
        """The recipient."""
        found = self.more[BANK]
        assert isinstance(found, Bank)
        return found

    def anchors(self) -> TrustAnchors:
        """Whom everybody trusts."""
        more = [self.bank.access.anchor] if BANK in self.more else []
        registrar = [] if self.distrusted else [self.registrar.pki.anchor]
        return TrustAnchors([*super().anchors().anchors, *registrar, *more])

    def move(self, town: str) -> None:
        """The citizen moves: the register changes, and what follows from it is done."""
        self.desk.run(self.desk.issuer.changes.patch(SUBJECT, {"address": {"locality": town}}, "clerk:Ada"))

    def deliver(self) -> int:
        """The agency forwards what is due."""
        sent: int = self.desk.run(self.desk.issuer.mandates.deliver())
        return sent

    def forward_once(self) -> Recipients:
        """The citizen forwards the card by hand, which is when a mandate is offered."""
        forwarding = self.wallet.forwarding
        [document] = documents_of(self.vault.credentials())
        recipients: Recipients = self.run(forwarding.ask(document, [SERVICE]))
        assert recipients.out == (), recipients.out
        chosen = {one.begun.service.id: one.seen.default_choice() for one in recipients.asked}
        [done] = self.run(forwarding.send(recipients, chosen))
        assert done.fate.value == "arrived", done
        return recipients

    def instruct(self, span: Span = Span.YEAR) -> MandateKept:
        """The same, and from now on the agency does it."""
        recipients = self.forward_once()
        [one] = recipients.asked
        kept: MandateKept = self.run(self.wallet.mandates.give(recipients, SERVICE, one.seen.default_choice(), span))
        return kept

    def look_at(self, kept: MandateKept) -> MandateShown:
        """The citizen looks how a mandate stands."""
        shown: MandateShown = self.run(self.wallet.mandates.look(kept.id))
        return shown

    def receipt(self, kept: MandateKept) -> Receipt:
        """The recipient's receipt, as the wallet has it."""
        id_ = self.look_at(kept).kept.receipt
        [found] = [one for one in self.disclosures() if one.id == id_]
        assert found.receipt is not None
        assert found.receipt.findings == ()
        return Receipt.from_fields(Jws.from_compact(found.receipt.raw, "receipt").peek_claims("receipt"))


def own(registrar: Registrar, entry: Registration) -> OwnRegistration:
    """A registration as its party holds it."""
    return OwnRegistration("registration.jwt", registrar.certificate(entry), entry)


def bank_entry(*paths: tuple[str, ...], **members: object) -> Registration:
    """What the bank is registered for."""
    credential: RegisteredCredential = registered(*(paths or (NAME_PATH, TOWN_PATH)), vct=CARD)
    return entry_of(BANK_ID, NAME, **{"purpose": PURPOSE, "credentials": (credential,), **members})


@contextmanager
def mandate_people(
    folder: Path,
    vault: Vault | None = None,
    language: str = "en",
    registrar_url: str = REGISTRAR,
    urls: Callable[[str], str] | None = None,
) -> Iterator[MandateTown]:
    """The town without its citizen's documents; without a vault the wallet is somebody else's to bring.

    `urls`: the database of whoever is named so; without, both are on SQLite.
    """
    urls = urls or (lambda name: f"sqlite:///{folder}/{name}.db")
    registrar, publisher = Registrar(), Publisher()
    publisher.pki = registrar.pki
    publisher.expires_at = NOW + 300 * DAY
    agency_entry = entry_of(
        TOWN.identifier, "Town agency", entitlements=(PUB_EAA_PROVIDER,), provides=(registered(vct=CARD),)
    )
    town: MandateTown | None = None

    def outside(request: HttpRequest) -> HttpResponse:
        assert town is not None
        answer: HttpResponse = town.send_now(request)
        return answer

    def everybody() -> TrustAnchors:
        return TrustAnchors() if town is None else town.anchors()

    with agency(
        outside,
        urls("agency"),
        registrations=(own(registrar, agency_entry),),
        registrar_url=registrar_url,
        anchors=everybody,
    ) as office:
        town = MandateTown(
            vault, more={IDENTIFIER: office}, language=language, registrar=registrar, publisher=publisher
        )
        leaf = Template(
            common_name=NAME, organization=NAME, identifier=BANK_ID, country="DE",
            dns_names=("bank.example",), uris=(BANK,),
        )  # fmt: skip
        access = make_pki(leaf, role=Role.VERIFIER, key=seeded_key(412))
        shown = [own(registrar, bank_entry())]
        counter = service_verifier(
            urls("bank"), everybody, {SERVICE: _TEXT}, identifier=BANK, access=access,
            privacy_policy=f"{BANK}/privacy", seed=12, registrations=lambda: tuple(shown), network=town,
            clock=office.desk.clock,
        )  # fmt: skip
        bank = Bank(counter, access, registered=shown)
        town.more |= {BANK: bank, REGISTRAR: _Everything(publisher, registrar)}
        publisher.services = (bank.entry,)
        try:
            yield town
        finally:
            counter.close()


@contextmanager
def mandate_town(
    folder: Path, language: str = "en", registrar_url: str = REGISTRAR, urls: Callable[[str], str] | None = None
) -> Iterator[MandateTown]:
    """The town, in which the citizen holds a card."""
    with (
        Vault.create(folder / "wallet.hoheit", PASSPHRASE, QUICK) as vault,
        mandate_people(folder, vault, language, registrar_url, urls) as town,
    ):
        published = Published(
            PublishedFolder(folder / "published", 16 << 20), REGISTRAR, town.anchors, lambda: town.now
        )
        town.wallet = Wallet.of(replace(town.wallet.context, published=published))
        town.run(published.when_due())
        town.take("card")
        yield town


@dataclass
class _Everything:
    """One host that publishes the list of services, and says which registrations hold."""

    publisher: Publisher
    registrar: Registrar

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        published = urlsplit(request.url).path in ("/catalogue", "/partners")
        answer: HttpResponse = (self.publisher if published else self.registrar).respond(request)
        return answer
