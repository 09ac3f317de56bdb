"""Handing out access and registration certificates. Order: read, sign outside the transaction, record, hand out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ssl import DER_cert_to_PEM_cert

from cryptography import x509

from capabilities.registration.party import Party
from capabilities.registration.uses import Use
from capabilities.status_publisher.records import StatusEntry
from capabilities.status_publisher.service import StatusIndices
from protocol.csr import verify_request
from protocol.encoding import encode_base64url
from protocol.errors import Conflict, NotFound, ProtocolError, Unavailable
from protocol.exchange import Exchange
from protocol.trust.registration import Registration, sign_registration, sign_registration_cwt
from registrar.policy import DAY, MAX_GIVEN, holder_of, may_be_given, registration_of, uses_to_certify
from registrar.records import CertificateKind, GivenCertificate
from registrar.service.context import RegistrarContext
from registrar.session import PARTY, Registered, Stage, give, party_of
from runtime.access_certificates import AccessTerms, issue_access_certificate
from runtime.conversation import Event, SessionKey, advance, slow

_NO_PARTY = NotFound("nobody is registered by this identifier")


@dataclass(frozen=True, slots=True)
class CertificateService:
    """What is given to the registered."""

    context: RegistrarContext
    indices: StatusIndices

    def access(self, stage: Stage, request: bytes, actor: str, form: str = "") -> Exchange[GivenCertificate]:
        """An access certificate for the key of a request (PKCS#10), in the names that are registered.

        Raises:
            Malformed, TooLarge, Unsupported, NotAuthentic: the request; see `protocol.csr`.
            Conflict: not registered, changed meanwhile, or given too many already.
        """
        context = self.context
        registered = _registered(stage)
        key = verify_request(request)
        now = context.now()
        yield from self._check_measure(registered, 1, now)
        terms = AccessTerms(
            practice_uri=context.endpoints.practices,
            crl_uri=context.endpoints.revocation_list,
            authority_uri=context.endpoints.access_authority,
            days=context.lifetimes.access_certificate // DAY,
        )
        holder = holder_of(party_of(registered.document))
        made = yield from slow(
            lambda: issue_access_certificate(
                context.access_authority, key, holder, terms, now=now, random_bytes=context.random_bytes
            )
        )
        given = GivenCertificate(
            id=context.new_id(),
            party=stage.identifier,
            kind=CertificateKind.ACCESS,
            use="",
            serial=f"{x509.load_der_x509_certificate(made.der).serial_number:x}",
            content=DER_cert_to_PEM_cert(made.der),
            cwt="",
            issued_at=now,
            expires_at=made.not_after,
            status_list="",
            status_index=0,
            changed_at=now,
        )
        yield from self._give(registered, (given,), actor, form)
        return given

    def registrations(self, stage: Stage, actor: str, form: str = "") -> Exchange[tuple[GivenCertificate, ...]]:
        """A registration certificate for each use, as JWT and as CWT; earlier ones of the same use end.

        Raises:
            Conflict: not registered, changed meanwhile, or given too many already.
            Unavailable: the signing key is outside its time.
        """
        context = self.context
        registered = _registered(stage)
        party = party_of(registered.document)
        uses = uses_to_certify(party)
        yield from self._check_measure(registered, len(uses), context.now())
        entries = yield from self.indices.take(len(uses))
        now = context.now()
        try:
            given = yield from slow(
                lambda: tuple([self._sign(party, use, entry, now) for use, entry in zip(uses, entries, strict=True)])
            )
            yield from self._give(registered, given, actor, form)
        except Unavailable:
            # Whether it was recorded is not known, so its places are left to the sweep
            raise
        except ProtocolError:
            self.indices.give_back(entries)
            raise
        return given

    def find(self, certificate_id: str) -> Exchange[GivenCertificate]:
        """One certificate.

        Raises:
            NotFound: no such certificate.
        """
        found = yield from slow(lambda: self.context.store.find_certificate(certificate_id))
        if found is None:
            raise NotFound("no such certificate")
        return found

    def revoke(self, certificate_id: str, actor: str) -> Exchange[GivenCertificate]:
        """End one certificate for ever.

        Raises:
            NotFound: no such certificate.
        """
        context = self.context
        found = yield from self.find(certificate_id)
        event = Event(f"{found.kind} certificate revoked", found.party, actor, found.use or found.serial)
        now = context.now()
        return (yield from slow(lambda: context.store.revoke(certificate_id, event, now=now)))

    def _check_measure(self, registered: Registered, wanted: int, now: int) -> Exchange[None]:
        """Check that nobody fills the register with certificates: whoever holds an application's key may ask at any time."""
        given = yield from slow(lambda: self.context.store.certificates_of(registered.identifier))
        if may_be_given([certificate.issued_at for certificate in given], wanted, now=now):
            return
        raise Conflict(f"at most {MAX_GIVEN} certificates are given to one party in a day; ask again tomorrow")

    def _sign(self, party: Party, use: Use | None, entry: StatusEntry, now: int) -> GivenCertificate:
        context = self.context
        expires_at = now + context.lifetimes.registration_certificate
        registration: Registration = registration_of(
            party,
            use,
            registry_uri=context.endpoints.register,
            issued_at=now,
            expires_at=expires_at,
            status=entry.reference,
        )
        signing = context.registrations
        return GivenCertificate(
            id=context.new_id(),
            party=party.identifier,
            kind=CertificateKind.REGISTRATION,
            use=use.id if use else "",
            serial="",
            content=sign_registration(registration, signing.signer, signing.x5c),
            cwt=encode_base64url(sign_registration_cwt(registration, signing.signer, signing.x5c)),
            issued_at=now,
            expires_at=expires_at,
            status_list=entry.list_id,
            status_index=entry.index,
            changed_at=now,
        )

    def _give(
        self, registered: Registered, given: tuple[GivenCertificate, ...], actor: str, form: str
    ) -> Exchange[None]:
        yield from advance(
            SessionKey.of(PARTY, registered.identifier),
            lambda current: give(current, registered.document, given, actor=actor, form=form),
            _NO_PARTY,
        )


def _registered(stage: Stage) -> Registered:
    if not isinstance(stage, Registered):
        raise Conflict("only who is registered gets certificates")
    return stage


def newest_of_each(given: Iterable[GivenCertificate]) -> tuple[GivenCertificate, ...]:
    """Of certificates, newest first, the first of each kind and use."""
    found: dict[tuple[CertificateKind, str], GivenCertificate] = {}
    for certificate in given:
        found.setdefault((certificate.kind, certificate.use), certificate)
    return tuple(found.values())
