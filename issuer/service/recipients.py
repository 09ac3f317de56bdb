"""Recipients of what is forwarded: found in the registrar's list of services, and asked and checked as a wallet would."""

from __future__ import annotations

from dataclasses import dataclass, field

from issuer.service.context import IssuerContext
from protocol.credential import ClaimPath
from protocol.crl import check_not_revoked, fetch_crls
from protocol.encoding import encode_base64url
from protocol.errors import Malformed, NotAuthentic, NotTrusted, Unreachable
from protocol.exchange import Exchange, HttpRequest, send
from protocol.formats import vp_formats
from protocol.keys import SIGNATURE_ALGORITHMS
from protocol.oid4vp.answer import RequestPolicy, fetch_request_at, wallet_metadata
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.request import DIRECT_POST_JWT, AuthorizationRequest
from protocol.oid4vp.request_object import Unauthenticated
from protocol.sovereignty.catalogue import VerifiedCatalogue, verify_catalogue
from protocol.sovereignty.forwarding import ForwardingMandate, Recipient, check_request
from protocol.sovereignty.published import MAX_PUBLISHED
from protocol.status.check import Status
from protocol.trust.anchors import Role, TrustedParty
from protocol.trust.carried import Carried, carried_registration
from protocol.trust.registration import Registration, verify_registration
from protocol.trust.registration_status import check_registration_status

MEDIA_TYPE = "application/jwt"
FRESH = 3600  # seconds that the list of services is taken from memory
MAX_STATUS_AGE = 3600  # seconds
POLICY = RequestPolicy(
    prefixes=frozenset((Prefix.X509_HASH, Prefix.X509_SAN_DNS)), response_modes=frozenset((DIRECT_POST_JWT,))
)
METADATA = wallet_metadata(vp_formats(SIGNATURE_ALGORITHMS, SIGNATURE_ALGORITHMS), POLICY.prefixes)
_AT = "request of the recipient"


@dataclass(frozen=True, slots=True)
class AskedRecipient:
    """A recipient that said what it wants; who it is and what it is registered for holds now."""

    request: AuthorizationRequest
    party: TrustedParty
    registration: Registration

    def paths(self, mandate: ForwardingMandate) -> tuple[ClaimPath, ...]:
        """What it is given by a mandate.

        Raises:
            NotAuthentic, NotTrusted, NotForThisRequest: see `check_request`.
        """
        return check_request(mandate, self.request.dcql_query, self.party, self.registration)


@dataclass(slots=True)
class _Known:
    catalogue: VerifiedCatalogue | None = None
    fetched_at: int = 0  # epoch seconds


@dataclass(frozen=True, slots=True)
class Recipients:
    """Everybody who takes what is forwarded, by the list of one registrar."""

    context: IssuerContext
    known: _Known = field(default_factory=_Known, repr=False)

    def ask(self, recipient: Recipient) -> Exchange[AskedRecipient]:
        """Fetch the request of a recipient, and check it with everything that comes with it.

        Raises:
            NotTrusted: it is not in the list of services, takes nothing, or nobody vouches for it.
            NotAuthentic, Malformed, InvalidRequest, Revoked: what it sends does not hold.
            Unreachable: it, or somebody who knows whether it still holds, is away.
        """
        context = self.context
        url = yield from self._forward(recipient)
        now, anchors = context.now(), context.anchors()
        nonce = encode_base64url(context.random_bytes(16))
        verified = yield from fetch_request_at(
            url, anchors=anchors, policy=POLICY, wallet_nonce=nonce, metadata=METADATA, now=now
        )
        party, request = verified.party, verified.request
        if isinstance(party, Unauthenticated):
            raise NotTrusted(f"{_AT}: nobody vouches for who asks")
        if any(certificate.crl_uris for certificate in party.chain):
            lists = yield from fetch_crls(party, {}, now=now)
            check_not_revoked(party, lists, now=now, at=_AT)
        entries = [Carried(info.format, info.data) for info in request.verifier_info if not info.credential_ids]
        certificate = carried_registration(entries, _AT)
        if certificate is None:
            raise NotTrusted(f"{_AT}: shows no registration")
        registration = verify_registration(certificate, anchors=anchors, now=now)
        checked = yield from check_registration_status(
            registration, None, anchors=anchors, now=now, max_age=MAX_STATUS_AGE
        )
        if checked.report.status is not Status.VALID:
            if checked.unreachable:
                raise Unreachable(f"{_AT}: whether its registration holds could not be looked up")
            raise NotTrusted(f"{_AT}: its registration does not hold any more")
        return AskedRecipient(request, party, registration.says)

    def _forward(self, recipient: Recipient) -> Exchange[str]:
        """Where a recipient takes what is forwarded."""
        catalogue = yield from self._catalogue()
        for service in catalogue.says.services:
            if service.id == recipient.service and service.provider.organisation == recipient.organisation:
                if service.forward is not None:
                    return service.forward
                break
        raise NotTrusted("recipient: offers no service that takes what is forwarded")

    def _catalogue(self) -> Exchange[VerifiedCatalogue]:
        """The list of services, as new as it has to be."""
        context, known, now = self.context, self.known, self.context.now()
        before = known.catalogue
        if before is not None and now < min(known.fetched_at + FRESH, before.says.expires_at):
            # Whoever published it may be trusted no more
            context.anchors().chain(before.publisher.chain, role=Role.REGISTRATION_PROVIDER, now=now, at="catalogue")
            return before
        url = f"{context.registrar_url.rstrip('/')}/catalogue"
        headers = (("accept", MEDIA_TYPE),)
        response = yield from send(HttpRequest("GET", url, headers, max_bytes=MAX_PUBLISHED, gzip=True))
        if response.status != 200:
            raise Unreachable(f"catalogue: was answered with status {response.status}")
        if response.media_type() != MEDIA_TYPE:
            raise Malformed("catalogue", f"must be served as {MEDIA_TYPE}")
        try:
            text = response.body.decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise NotAuthentic("catalogue: is not a signed list") from error
        seq = None if before is None else before.says.seq
        known.catalogue = verify_catalogue(text, anchors=context.anchors(), now=now, known_seq=seq)
        known.fetched_at = now
        return known.catalogue
