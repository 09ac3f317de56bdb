"""An office that issues at one address and asks at another, each with its keys and its log; and a wallet that knows both."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from protocol.exchange import HttpRequest, HttpResponse
from protocol.jws import Jws
from protocol.sovereignty.log_heads import LogHead
from protocol.sovereignty.partner_directory import PartnerDirectory, Witnessed, WitnessedPartner
from protocol.sovereignty.signing import Organisation
from protocol.trust.anchors import TrustAnchors
from tests.flows.agency import COCKPIT, Agency, Town, agency
from tests.flows.rights_town import RealLibrary
from tests.support.issuer import IDENTIFIER
from tests.support.partners import TOWN
from tests.support.verifier import Addresses, Clock
from verifier.service.requests import MadeRequest
from wallet.disclosure_records import Disclosure
from wallet.service import Wallet
from wallet.vault.vault import Vault

ASKING = "https://asking.agency.example"
ASKING_COCKPIT = f"{ASKING}/cockpit"
STRANGER = "https://stranger.example"


@dataclass(slots=True)
class ToTheOffice(Addresses):
    """The way from whoever asks to the office's lists of what is revoked."""

    office: Agency | None = None

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        assert self.office is not None
        return await asyncio.to_thread(self.office.respond, request)


def asking_service(
    office: Agency, *, identifier: str = ASKING, registered: Organisation = TOWN, name: str = "Family office"
) -> RealLibrary:
    """A service that asks for the office's own card; the office's, if nothing else is said."""
    return RealLibrary(
        "sqlite:///:memory:", office.pki, Clock(), identifier=identifier, registered=registered, name=name,
        vct="urn:test:card:1", claims='{ path = ["given_name"] }',
        network=ToTheOffice(office=office),
    )  # fmt: skip


@dataclass
class OfficeTown(Town):
    """The wallet of a citizen, the office with both its services, and whoever else asks."""

    asked: list[HttpRequest] = field(default_factory=list)  # every call of a cockpit

    @property
    def asking(self) -> RealLibrary:
        """The service that asks."""
        return self.at(ASKING)

    def at(self, address: str) -> RealLibrary:
        """A service that asks, by its address."""
        found = self.more[address]
        assert isinstance(found, RealLibrary)
        return found

    def anchors(self) -> TrustAnchors:
        """Whom the wallet trusts."""
        asking = [one.access.anchor for one in self.more.values() if isinstance(one, RealLibrary)]
        return TrustAnchors([self.office.pki.anchor, self.office.access.anchor, *asking])

    def send_now(self, request: HttpRequest) -> HttpResponse:
        """Bring a request to whom it is for."""
        if "/cockpit/" in urlsplit(request.url).path:
            self.asked.append(request)
        found: HttpResponse = super().send_now(request)
        return found

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The same as a `Sender`, for a wallet that is served: in a thread, because the services have loops of their own."""
        return await asyncio.to_thread(self.send_now, request)

    def forward(self, seconds: int) -> None:
        """Let time pass for everybody; each log has its hour's block."""
        super().forward(seconds)
        for one in self.more.values():
            if isinstance(one, RealLibrary):
                one.counter.clock.forward(seconds)
                one.counter.run(one.counter.verifier.usage.append())

    def give(self, address: str = ASKING) -> Disclosure:
        """The citizen shows the card to whoever is there; what is kept of it."""
        made: MadeRequest = self.at(address).ask()
        seen = self.run(self.wallet.presenting.look(made.uri))
        self.run(self.wallet.presenting.share(seen, seen.default_choice()))
        return max(self.disclosures(), key=lambda one: one.log_number)

    def decline(self, address: str = ASKING) -> None:
        """The citizen is asked, and says no."""
        seen = self.run(self.wallet.presenting.look(self.at(address).ask().uri))
        self.run(self.wallet.presenting.decline(seen))

    def head(self, cockpit: str) -> LogHead:
        """What a cockpit shows everybody of its log."""
        answer = self.send_now(HttpRequest("GET", f"{cockpit}/head?log={datetime.fromtimestamp(self.now, UTC).year}"))
        return LogHead.from_fields(Jws.from_compact(answer.body.decode(), "head").peek_claims("head"))

    def witnessed(self, *cockpits: Witnessed) -> None:
        """Have a directory that has the office with these cockpits; both as they are, if none is said."""
        seen = cockpits or tuple(Witnessed(one, (self.head(one),)) for one in (COCKPIT, ASKING_COCKPIT))
        directory = PartnerDirectory(1, self.now, self.now + 900, (WitnessedPartner(TOWN, seen),))
        self.wallet = Wallet.of(replace(self.wallet.context, directory=lambda: directory))

    def partners(self) -> list[tuple[str, int]]:
        """Who has the citizen's data: names, and how often."""
        return [(one.name, one.times) for one in self.wallet.cockpit.timeline().partners]


@contextmanager
def office_town(vault: Vault | None) -> Iterator[OfficeTown]:
    """The office and a wallet; None: whoever is tested brings a wallet of their own."""
    with agency() as office:
        yield OfficeTown(vault, more={IDENTIFIER: office, ASKING: asking_service(office)})
