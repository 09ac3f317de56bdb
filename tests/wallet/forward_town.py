"""A town with several partners who take what citizens forward, and an office that does not."""

from dataclasses import replace
from urllib.parse import urlsplit

from protocol.oid4vp.request import ClientMetadata
from protocol.trust.anchors import Role, TrustAnchors
from tests.support.pki import Template, make_pki, seeded_key
from tests.wallet.counterparts import Partner, dcql
from tests.wallet.registrar import ENTRY, REGISTRAR, Registrar, registered
from tests.wallet.service_town import ServiceWorld
from wallet.policy.documents import documents_of

NAMES = {"bank": "Town bank", "insurer": "Good insurance", "school": "Lindenau school"}


class Taker(Partner):
    """A partner who takes what is forwarded to it; `reply` and `down` are what may go wrong."""

    def __init__(self, name, number):
        self.name, self.host, self.identifier = name, f"https://{name}.example", f"VATDE-{number:09}"
        leaf = Template(
            common_name=NAMES[name], identifier=self.identifier, country="DE", dns_names=(f"{name}.example",)
        )
        super().__init__(pki=make_pki(leaf, key=seeded_key(300 + number), role=Role.VERIFIER))
        self.down = False
        self.changes = {
            "response_uri": f"{self.host}/response",
            "client_metadata": ClientMetadata(cockpit_endpoint=f"{self.host}/cockpit"),
        }
        self.asked, self.times = [], 0

    @property
    def entry(self):
        """Its service in the catalogue."""
        return {
            "id": f"address-{self.name}",
            "provider": {"identifier": self.identifier, "country": "DE", "name": NAMES[self.name]},
            "name": {"de": f"Neue Anschrift: {self.name}", "en": f"New address: {self.name}"},
            "summary": {"de": "Wir schreiben sie um", "en": "We change it"},
            "needs": {"credentials": [dcql(("given_name",))]},
            "start": f"{self.host}/start",
            "forward": f"{self.host}/forward",
            "registration": "address",
        }

    def respond(self, request):
        """Answer one request."""
        if urlsplit(request.url).path == "/forward":
            self.asked.append(request)
            self.times += 1
            self.changes["nonce"] = f"nonce-of-at-least-22-characters-{self.times}"
            if self.down:
                return replace(super().respond(replace(request, url=f"{self.host}/request")), status=503)
            return super().respond(replace(request, url=f"{self.host}/request"))
        return super().respond(request)


class Both:
    """One host that publishes the list of services and registers partners."""

    def __init__(self, publisher, registrar):
        self.publisher, self.registrar = publisher, registrar

    def respond(self, request):
        """Answer one request."""
        published = urlsplit(request.url).path in ("/catalogue", "/partners")
        return (self.publisher if published else self.registrar).respond(request)


class ForwardTown(ServiceWorld):
    """A wallet with an identity card, and partners who take it."""

    def __init__(self, vault, folder=None, **changes):
        self.takers = {name: Taker(name, number) for number, name in enumerate(NAMES, 1)}
        self.registrar = Registrar()
        super().__init__(vault, folder, **changes)
        self.more[REGISTRAR] = Both(self.publisher, self.registrar)
        self.more |= {taker.host: taker for taker in self.takers.values()}
        entries = tuple([taker.entry for taker in self.takers.values()])
        self.publisher.services = (*self.publisher.services, *entries)

    def anchors(self):
        """Whom the wallet trusts: all partners as well."""
        partners = [one.pki.anchor for one in self.takers.values()]
        return TrustAnchors([*super().anchors().anchors, self.registrar.pki.anchor, *partners])

    def document(self, place=0):
        """A document of the wallet."""
        return documents_of(self.wallet.context.store.credentials())[place]

    def ask(self, *names, place=0):
        """Have partners say what they want of a document."""
        ids = [f"address-{name}" for name in names or NAMES]
        return self.run(self.wallet.forwarding.ask(self.document(place), ids))

    def forward(self, recipients, *names):
        """Forward to some of those who were asked, with the least that answers."""
        chosen = {
            one.begun.service.id: one.seen.default_choice()
            for one in recipients.asked
            if one.begun.service.id.removeprefix("address-") in (names or NAMES)
        }
        return self.run(self.wallet.forwarding.send(recipients, chosen))

    def registering(self, name, **changes):
        """Have a partner show what it is registered for."""
        taker = self.takers[name]
        members = {"credentials": (registered(("given_name",)),), "name": NAMES[name], "identifier": taker.identifier}
        taker.changes["verifier_info"] = (self.registrar.info(replace(ENTRY, **{**members, **changes})),)
        return taker
