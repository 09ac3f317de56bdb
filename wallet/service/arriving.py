"""What an issuer sent is checked as a whole before anybody sees it, the first time and at each renewal."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from protocol.credential import VerifiedCredential
from protocol.encoding import encode_json
from protocol.errors import ProtocolError, Unreachable
from protocol.exchange import Exchange
from protocol.formats import format_of
from protocol.keys import Signer
from protocol.oid4vci.client import DpopClient
from protocol.oid4vci.credential import CredentialResponse
from protocol.oid4vci.notification import FAILURE, NotificationRequest
from protocol.oid4vci.obtain import IssuerContact, send_notification
from protocol.oid4vci.token import TokenResponse
from wallet.policy.cockpit.documents import DocumentPromise
from wallet.policy.haip import check_haip_credential
from wallet.policy.receiving import check_received
from wallet.policy.showing import PartyShown, party_shown, path_text, plain
from wallet.records import HeldCredential, WantedCredential
from wallet.service.cockpit.documents import Documents
from wallet.service.context import WalletContext
from wallet.service.issuance import Fetching


@dataclass(frozen=True, slots=True)
class Verified:
    """A credential that came and is good."""

    held: HeldCredential
    issuer: PartyShown
    promise: DocumentPromise | None = None  # of a receipt; None: the issuer gives none, or for another form


@dataclass(frozen=True, slots=True)
class Arriving:
    """Checks what came."""

    context: WalletContext

    def verify(self, run: Fetching, wanted: WantedCredential, response: CredentialResponse) -> Exchange[Verified]:
        """Check what came, as a whole: one bad copy spoils the batch (T150, T151)."""
        context = self.context
        configuration = run.contact.issuer.configurations[wanted.configuration_id]
        try:
            verified = yield from self._verify_all(response.credentials, configuration.format)
            if context.haip:
                for credential in verified:
                    check_haip_credential(credential)
            keys = {
                signer.public_key: key for signer, key in zip(signers_of(context, wanted), wanted.keys, strict=True)
            }
            copies = check_received(verified, configuration, keys)
            configuration = yield from run.names.complete(verified[0], configuration)
        except Unreachable:
            raise
        except ProtocolError:
            yield from tell(run.contact, run.client, run.tokens, response.notification_id or "", FAILURE)
            raise
        first = verified[0]
        expiries = [item.expires_at for item in verified if item.expires_at is not None]
        held = HeldCredential(
            id=context.new_id(),
            format=first.format,
            type=first.type,
            configuration_id=wanted.configuration_id,
            credential_issuer=run.contact.issuer.credential_issuer,
            issuer_name=plain(first.issuer.name),
            vouched_by=plain(first.issuer.voucher(context.language)),
            configuration=_text(configuration.to_dict()),
            claims=_text(first.claims),
            received_at=context.now(),
            expires_at=min(expiries, default=0),
            notification_id=response.notification_id or "",
            copies=copies,
            can_be_taken_back=any(item.status for item in verified),
            binary=tuple(path_text(path) for path in first.binary),
        )
        issuer = party_shown(first.issuer, held.credential_issuer, held.credential_issuer, language=context.language)
        return Verified(held, Documents(context).shown(issuer, run.contact))

    def _verify_all(self, credentials: tuple[str, ...], format_id: str) -> Exchange[list[VerifiedCredential]]:
        context = self.context
        verified = []
        for raw in credentials:
            known = format_of(format_id)
            credential = yield from known.verify_issued(raw, anchors=context.anchors(), now=context.now())
            verified.append(credential)
        return verified


def signers_of(context: WalletContext, wanted: WantedCredential) -> tuple[Signer, ...]:
    """The keys that a credential is asked for."""
    return tuple(context.keys.signer(key) for key in wanted.keys)


def tell(
    contact: IssuerContact, client: DpopClient, tokens: TokenResponse, notification_id: str, event: str
) -> Exchange[None]:
    """Tell the issuer what became of a batch; nothing depends on it, so its failure is none (OID4VCI 1.0 §11)."""
    if notification_id:
        with suppress(ProtocolError):
            yield from send_notification(contact, tokens, NotificationRequest(notification_id, event), client)


def _text(value: object) -> str:
    return encode_json(value).decode("utf-8")
