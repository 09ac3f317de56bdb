"""Missing proof: a request that nothing held answers waits here while the proof is fetched, and then goes on.

Until then whoever asks hears nothing, and neither does whoever gives the proof, unless the citizen says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import InvalidRequest, NotFound, ProtocolError
from protocol.exchange import Exchange
from protocol.oid4vci.offer import CredentialOffer, offer_link
from protocol.oid4vp.client_id import ClientId
from protocol.oid4vp.request_object import ExpectedRequest, VerifiedRequest, verify_request_object
from protocol.sovereignty.needs import check_needs
from protocol.sovereignty.service import Given, Service
from protocol.sovereignty.suggestions import Givers, MissingProof
from wallet.policy.people import Aim
from wallet.policy.services.showing import ProofShown, proof_shown
from wallet.service.context import WalletContext
from wallet.service.issuance import OfferSeen
from wallet.service.presenting import Presenting
from wallet.service.receiving import Receiving
from wallet.service.seen import RequestSeen
from wallet.service.services.catalogue import NoServices, ServiceCatalogueOf
from wallet.service.services.starting import is_provider
from wallet.service_records import Errand

MAX_ERRANDS = 20
LIFETIME = 86_400  # seconds; after that nobody waits any more
AS_IT_IS = 3600  # seconds in which a request is answered that does not say itself how long it is good


class RequestTooOld(InvalidRequest):
    """The request that waited has run out; nothing was given away. `service` can be begun anew; empty: none is known."""

    def __init__(self, errand: Errand) -> None:
        super().__init__("the request has run out")
        self.errand = errand


@dataclass(frozen=True, slots=True)
class Errands:
    """Everything between a request that cannot be answered and one that can."""

    context: WalletContext
    catalogue: ServiceCatalogueOf
    presenting: Presenting
    receiving: Receiving

    def missing(self, seen: RequestSeen) -> tuple[ProofShown, ...]:
        """What a request needs and nothing held answers, and who gives it, by the catalogue alone: nobody is asked."""
        if seen.match.satisfied or not seen.consent.standing.answerable:
            return ()
        try:
            services = self.catalogue.services()
        except NoServices:
            return ()
        holdings = self.catalogue.holdings(seen.aim)
        excluded = self.catalogue.excluded(services, holdings)
        givers = Givers([one for one in services if one.id not in excluded])
        wants = check_needs(seen.verified.request.dcql_query, holdings).fewest
        found = [MissingProof(want.gap, givers.of(want.gap.types, but="")) for want in wants if want.gap.types]
        held = self.context.store.credentials()
        return tuple([proof_shown(one, held, self.context.language) for one in found])

    def look_at(self, service: Service, proof: ProofShown) -> Exchange[OfferSeen]:
        """See what a service gives: its name, its looks, from whom, and what is in it. Nothing but that is asked of its issuer.

        Raises:
            NotFound: it gives nothing of the kind.
            ProtocolError: as `Receiving.look`.
        """
        given = given_by(service, proof)
        offer = CredentialOffer(given.issuer, (given.configuration_id,), authorization_code=True)
        return (yield from self.receiving.look(offer_link(offer)))

    def wait(self, seen: RequestSeen, service: str = "", journey: str = "") -> Exchange[Errand]:
        """Let a request wait. `service` is the one that it was begun with.

        Raises:
            InvalidRequest: it did not come by a link, and so cannot wait.
        """
        if not isinstance(seen.verified, VerifiedRequest) or not seen.verified.raw:
            raise InvalidRequest("only a signed request that came by a link can wait")
        context = self.context
        errand = Errand(
            id=seen.digest,
            asker=seen.consent.recipient,
            client_id=str(seen.verified.request.client_id),
            request=seen.verified.raw,
            service=service or self._service_of(seen.verified),
            journey=journey,
            begun_at=context.now(),
        )
        others = [one for one in context.store.errands() if one.id != errand.id]
        # What nobody comes back for makes room
        too_many = others[: max(0, len(others) + 1 - MAX_ERRANDS)]
        yield from context.save(put=[errand], drop=too_many)
        return errand

    def waiting(self) -> tuple[Errand, ...]:
        """The requests that wait, the newest first; those that nobody waits for any more are left out."""
        now = self.context.now()
        return tuple([one for one in reversed(self.context.store.errands()) if 0 <= now - one.begun_at < LIFETIME])

    def find(self, errand_id: str) -> Errand:
        """A request that waits.

        Raises:
            NotFound: there is none of this id.
        """
        for errand in self.waiting():
            if errand.id == errand_id:
                return errand
        raise NotFound("this request does not wait any more")

    def resume(self, errand: Errand, aim: Aim | None = None) -> Exchange[RequestSeen]:
        """The same request, with what is held now; `aim`: for whom its plan is.

        Raises:
            RequestTooOld: it has run out.
        """
        context = self.context
        if context.now() - errand.begun_at >= AS_IT_IS:
            raise RequestTooOld(errand)
        try:
            expected = ExpectedRequest(ClientId.from_text(errand.client_id))
            verified = yield from verify_request_object(
                errand.request, expected, anchors=context.anchors(), now=context.now()
            )
        except ProtocolError as error:
            raise RequestTooOld(errand) from error
        return (yield from self.presenting.consider(verified, aim=aim))

    def forget(self, errand_id: str) -> Exchange[None]:
        """The request was answered, or is not to be; nothing where it did not wait."""
        found = [one for one in self.context.store.errands() if one.id == errand_id]
        if found:
            yield from self.context.save(drop=found)

    def _service_of(self, verified: VerifiedRequest) -> str:
        """The service that a request probably belongs to: the only one of its sender that needs just this."""
        try:
            services = self.catalogue.services()
        except NoServices:
            return ""
        query = verified.request.dcql_query
        found = [one.id for one in services if one.needs == query and is_provider(one, verified)]
        return found[0] if len(found) == 1 else ""


def given_by(service: Service, proof: ProofShown) -> Given:
    """The credential by which a service gives a proof.

    Raises:
        NotFound: it gives nothing of the kind.
    """
    for given in service.gives:
        if given.type in proof.types:
            return given
    raise NotFound("this service does not give it any more")
