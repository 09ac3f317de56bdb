"""Being vouched for: the wallet registers with its provider once, and has itself and its keys attested when it is asked to.

Every issuance has a key of its own, which the provider attests for it alone, so that no two issuers can compare notes
(TS3 1.5 §2.2.1.1). The provider learns that something is issued, and neither by whom nor what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from protocol.errors import ProtocolError, Unavailable, Unreachable
from protocol.exchange import Exchange
from protocol.keys import Signer
from protocol.oid4vci.client import DpopClient
from protocol.oid4vci.client_authentication import AttestedClient, attestation_method, attestation_required
from protocol.oid4vci.obtain import IssuerContact
from protocol.wallet_unit.errors import UnitRevoked, UnknownUnit
from protocol.wallet_unit.messages import UnitAnswer, unit_id
from protocol.wallet_unit.provider import ProviderClient
from wallet.keys import sealed_key
from wallet.policy.showing import PartyShown
from wallet.policy.vouching import (
    NotVouched,
    ProviderAway,
    VouchingShown,
    WhyUnvouched,
    vouching_shown,
    why_unvouched,
)
from wallet.records import WalletUnit
from wallet.service.context import WalletContext

UNIT_ID = "unit"  # of the one record


@dataclass(frozen=True, slots=True)
class IssuerClient:
    """How the wallet appears to one issuer, in one issuance."""

    key: str = field(repr=False)  # private, hex
    client_id: str
    dpop: DpopClient = field(repr=False)
    attested: AttestedClient | None = field(repr=False)  # None: nobody vouches for it here

    @property
    def sender(self) -> DpopClient | AttestedClient:
        """What posts to the token endpoint."""
        return self.attested or self.dpop


@dataclass(frozen=True, slots=True)
class Vouching:
    """Everything between a wallet and its provider."""

    context: WalletContext

    def shown(self) -> VouchingShown:
        """Who vouches for this wallet, as its owner sees it."""
        unit = self.unit()
        number = unit_id(self._signer(unit).public_key) if unit is not None else ""
        return vouching_shown(self.context.provider_url, unit, number, self.context.language)

    def unit(self) -> WalletUnit | None:
        """How the wallet is known to its provider; None: it never was, or to another one."""
        unit = self.context.store.unit()
        return unit if unit is not None and unit.provider_url == self.context.provider_url else None

    def register(self, code: str | None = None) -> Exchange[VouchingShown]:
        """Make the wallet known to its provider, with the code that came on another way, if there is one.

        A wallet that was blocked begins anew, with a key that nobody knows.

        Raises:
            NotVouched: the provider says no, or there is none.
            ProviderAway: it cannot be reached.
        """
        if not self.context.provider_url:
            raise NotVouched(WhyUnvouched.NO_PROVIDER, "nobody vouches for this wallet")
        unit = self.unit()
        if unit is None or unit.blocked_at:
            unit = yield from self._new_unit()
        yield from self._register(unit, code)
        return self.shown()

    def report_lost(self) -> Exchange[VouchingShown]:
        """The device is lost, or the wallet was copied: have it blocked, so that nobody can get anything with it.

        Raises:
            NotVouched: the provider does not know this wallet.
            ProviderAway: it cannot be reached; nothing was changed.
        """
        unit = self.unit()
        if unit is None or not unit.known_until:
            raise NotVouched(WhyUnvouched.CODE_NEEDED, "nobody knows this wallet, so nobody can block it")
        if not unit.blocked_at:
            with_provider = self._client(unit)
            yield from self._ask(unit, with_provider.report_lost)
            yield from self._blocked(unit)
        return self.shown()

    def client_for(self, contact: IssuerContact) -> Exchange[IssuerClient]:
        """How to appear to an issuer: attested wherever its server can be shown an attestation, with a fresh key.

        Raises:
            NotVouched: the server wants an attested wallet, and nobody attests this one.
            ProviderAway: the same, because the provider cannot be reached.
        """
        return (yield from self._client_for(contact, self.context.new_session_key()))

    def client_again(self, contact: IssuerContact, key: str, client_id: str) -> Exchange[IssuerClient]:
        """How to appear to the same issuer again, as tokens that are bound to a key and a client want it (the draft's §12).

        Raises:
            NotVouched, ProviderAway: see `client_for`.
        """
        unit = self.unit()
        if unit is not None and client_id and unit.client_id == client_id:
            return (yield from self._client_for(contact, key))
        return IssuerClient(key, client_id, self.dpop_client(key), None)

    def attest_keys(self, keys: Sequence[Signer], nonce: str | None, status_period: int | None) -> Exchange[str]:
        """An attestation of keys for one request to one issuer.

        Raises:
            NotVouched: the provider says no, or there is none.
            ProviderAway: it cannot be reached.
        """

        def ask(provider: ProviderClient) -> Exchange[UnitAnswer]:
            return provider.attest_keys(keys, nonce, status_period)

        return _attestation((yield from self._attest(ask)))

    def dpop_client(self, key: str) -> DpopClient:
        """What sends requests that are bound to a key."""
        return DpopClient(sealed_key(key), self.context.random_bytes, self.context.now)

    def _client_for(self, contact: IssuerContact, key: str) -> Exchange[IssuerClient]:
        dpop = self.dpop_client(key)
        method = attestation_method(contact.server)
        required = self.context.haip or attestation_required(contact.server)
        unattested = IssuerClient(key, self.context.client_id, dpop, None)
        if method is None or not self.context.provider_url:
            if not required:
                return unattested
            why = WhyUnvouched.FAILED if self.context.provider_url else WhyUnvouched.NO_PROVIDER
            raise NotVouched(why, "this issuer wants an attested wallet, in a way that is not possible here")
        period = contact.issuer.preferred_client_status_period

        def attest() -> Exchange[str]:
            return _attestation((yield from self._attest(lambda provider: provider.attest_client(dpop.signer, period))))

        try:
            attestation = yield from attest()
        except (NotVouched, ProviderAway):
            # Where nobody insists on it, whoever vouches for us must not be able to keep us away
            if required:
                raise
            return unattested
        unit = self.unit()
        client_id = unit.client_id if unit is not None else self.context.client_id
        return IssuerClient(key, client_id, dpop, AttestedClient(dpop, contact.server, method, attest, attestation))

    def _attest(self, ask: Callable[[ProviderClient], Exchange[UnitAnswer]]) -> Exchange[UnitAnswer]:
        if not self.context.provider_url:
            raise NotVouched(WhyUnvouched.NO_PROVIDER, "nobody vouches for this wallet")
        unit = self.unit()
        if unit is None or not unit.known_until:
            unit = yield from self._register(unit or (yield from self._new_unit()), None)
        if unit.blocked_at:
            raise NotVouched(WhyUnvouched.BLOCKED, "this wallet is blocked")
        known, provider = unit, self._client(unit)
        try:
            answer = yield from self._ask(known, lambda: ask(provider))
        except NotVouched as error:
            if not isinstance(error.__cause__, UnknownUnit):
                raise
            # It was not used for so long that it was forgotten: register anew, and ask once more
            known = yield from self._register((yield from self._new_unit()), None)
            again = self._client(known)
            answer = yield from self._ask(known, lambda: ask(again))
        yield from self.context.save(put=[_known(known, answer)])
        return answer

    def _register(self, unit: WalletUnit, code: str | None) -> Exchange[WalletUnit]:
        provider = self._client(unit)
        answer = yield from self._ask(unit, lambda: provider.register(code))
        known = replace(_known(unit, answer), registered_at=unit.registered_at or self.context.now())
        if unit.known_until:
            yield from self.context.save(put=[known])
        else:
            note = self.context.entry("vouched for", self._party(known), "done")
            yield from self.context.save(put=[known], note=note)
        return known

    def _ask(self, unit: WalletUnit, ask: Callable[[], Exchange[UnitAnswer]]) -> Exchange[UnitAnswer]:
        """What the provider answers; its refusals in words of ours."""
        try:
            return (yield from ask())
        except Unavailable:
            raise
        except Unreachable as error:
            raise ProviderAway("whoever vouches for this wallet cannot be reached") from error
        except ProtocolError as error:
            if isinstance(error, UnitRevoked):
                yield from self._blocked(unit)
            raise NotVouched(why_unvouched(error), error.description) from error

    def _blocked(self, unit: WalletUnit) -> Exchange[None]:
        if not unit.blocked_at:
            note = self.context.entry("blocked", self._party(unit), "done")
            yield from self.context.save(put=[replace(unit, blocked_at=self.context.now())], note=note)

    def _new_unit(self) -> Exchange[WalletUnit]:
        """A key that is kept before anybody hears of it, so that a wallet that is killed goes on with the same."""
        unit = WalletUnit(UNIT_ID, self.context.provider_url, self.context.keys.new_key(), (), "", 0, 0, 0)
        yield from self.context.save(put=[unit])
        return unit

    def _client(self, unit: WalletUnit) -> ProviderClient:
        return ProviderClient(self.context.provider_url, self._signer(unit), self.context.version, self.context.now)

    def _signer(self, unit: WalletUnit) -> Signer:
        return self.context.keys.signer(unit.key)

    def _party(self, unit: WalletUnit) -> PartyShown:
        shown = vouching_shown(self.context.provider_url, unit, "", self.context.language)
        return PartyShown(shown.name or shown.host, shown.host, self.context.provider_url, "")


def _known(unit: WalletUnit, answer: UnitAnswer) -> WalletUnit:
    return replace(unit, name=answer.name, client_id=answer.client_id, known_until=answer.known_until)


def _attestation(answer: UnitAnswer) -> str:
    if answer.attestation is None:
        raise TypeError("what was looked at has an attestation")
    return answer.attestation
