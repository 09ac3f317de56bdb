"""Beginning a service because the citizen said so: its address makes a request, which is checked as any other, and compared."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import NotAuthentic, NotTrusted, ProtocolError
from protocol.exchange import Exchange
from protocol.oid4vp.answer import fetch_request_at, wallet_metadata
from protocol.oid4vp.request_object import Unauthenticated, VerifiedRequest
from protocol.sovereignty.service import Service, beyond_announced
from protocol.sovereignty.signing import Organisation
from wallet.policy.asking import BeyondShown, things_shown
from wallet.policy.people import Aim
from wallet.policy.services.showing import ServiceShown, service_shown
from wallet.policy.showing import party_shown, plain
from wallet.service.context import WalletContext
from wallet.service.presenting import VP_FORMATS, Presenting
from wallet.service.seen import RequestSeen


class NotTheProvider(ProtocolError):
    """Somebody else asks than who offers the service; nothing was given away."""

    code = "access_denied"
    status = 502

    def __init__(self, provider: str) -> None:
        super().__init__("another party asks than the one that offers this service; nothing was sent")
        self.provider = provider


@dataclass(frozen=True, slots=True)
class BegunService:
    """A service that a request belongs to."""

    service: ServiceShown
    journey: str  # id of the plan; empty: none
    beyond: tuple[BeyondShown, ...]  # what is asked, and was not announced


@dataclass(frozen=True, slots=True)
class Starting:
    """Everything between pressing "begin" and a request that can be answered."""

    context: WalletContext
    presenting: Presenting

    def start(self, service: Service, aim: Aim | None = None) -> Exchange[RequestSeen]:
        """Call the address where a service begins, and find out what it asks; see `ask`."""
        return (yield from self.ask(service, service.start, aim))

    def ask(self, service: Service, url: str, aim: Aim | None = None) -> Exchange[RequestSeen]:
        """Call an address of a service, and find out what it asks. Nothing is given away, and for whom it is is not said.

        Raises:
            NotTheProvider: somebody else asks than who offers it.
            ProtocolError: as `Presenting.look`.
        """
        context = self.context
        yield from context.renew_trust()
        try:
            verified = yield from fetch_request_at(
                url,
                anchors=context.anchors(),
                policy=context.request_policy,
                wallet_nonce=context.new_secret(),
                metadata=wallet_metadata(VP_FORMATS, context.request_policy.prefixes),
                now=context.now(),
            )
            self.check_provider(service, verified)
        except ProtocolError as error:
            party = party_shown(None, url, url)
            yield from context.save(note=context.entry("failed", party, plain(error.description)))
            raise
        return (yield from self.presenting.consider(verified, aim=aim))

    def begun(self, service: Service, seen: RequestSeen, journey: str = "") -> BegunService:
        """What to know of a request that a service makes: what it asks beyond what it announced."""
        context = self.context
        query = seen.verified.request.dcql_query
        beyond = beyond_announced(service, query)
        shown = things_shown(beyond, query, context.store.credentials(), context.language)
        return BegunService(service_shown(service, context.language), journey, shown)

    def check_provider(self, service: Service, verified: VerifiedRequest) -> None:
        """Check that it is the provider who asks, by identifier and country.

        Raises:
            NotTheProvider: it is somebody else, or nobody says who.
        """
        if not is_provider(service, verified):
            raise NotTheProvider(plain(service.provider.name))


def is_provider(service: Service, verified: VerifiedRequest) -> bool:
    """Whether a request comes from whoever offers a service."""
    party = verified.party
    if isinstance(party, Unauthenticated) or not party.chain:
        return False
    try:
        return service.provider.organisation in Organisation.from_certificate(party.chain[0], "request")
    except (NotAuthentic, NotTrusted):
        return False
