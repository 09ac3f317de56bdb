"""Whether the certificate by which a partner signed was taken back: looked up when the object comes, and kept with it."""

from __future__ import annotations

from protocol.exchange import Exchange
from protocol.sovereignty.signing import OrganisationObject
from wallet.service.asking import Asking
from wallet.service.context import WalletContext

GOOD, REVOKED, UNKNOWN = "good", "revoked", "unknown"


def signer_status(context: WalletContext, signed: OrganisationObject | None) -> Exchange[str]:
    """Of the certificate of whoever signed: good, revoked, or unknown, where nobody says or it could not be looked up."""
    if signed is None or not any(certificate.crl_uris for certificate in signed.party.chain):
        return UNKNOWN
    barred = yield from Asking(context).barred(signed.party)
    if barred is None:
        return GOOD
    return UNKNOWN if barred.unreachable else REVOKED
