"""What is handed out to whoever gave an answer: their data, and what the law wants them to know (GDPR Art. 15, 20)."""

from __future__ import annotations

from datetime import UTC, datetime

from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights_case import RightsCase, remedy
from protocol.encoding import JsonObject
from protocol.exchange import Exchange
from protocol.keys import P256Key
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import Right, VerifiedRightsRequest
from protocol.sovereignty.rights_answer import Information, NamedRecipient, RightsAnswer, seal_rights_answer
from protocol.sovereignty.wording import Wording
from protocol.trust.localized import Localized
from runtime.conversation import with_key
from verifier.rights import Sealed
from verifier.service.context import VerifierContext
from verifier.service.sealed_answers import open_answer


def _both(de: str, en: str) -> Wording:
    return Localized("de", de), Localized("en", en)


_RIGHTS = _both(
    "Sie können Ihre Daten berichtigen, löschen oder einschränken lassen, der Nutzung widersprechen und eine Einwilligung"
    " zurücknehmen (Art. 7, 16 bis 18, 21 DSGVO).",
    "You may have your data corrected, erased or restricted, object to their use and take back a consent"
    " (Art. 7, 16 to 18, 21 GDPR).",
)
_SOURCE = _both("Sie haben die Daten mit Ihrer Wallet gezeigt.", "You showed the data with your wallet.")
# Only what no other system had is handed out by itself, see `verifier.rights`
_NO_MACHINE = _both(
    "Dieser Dienst prüft, ob Daten echt und gültig sind. Er entscheidet über nichts, und kein anderes System hat die Daten.",
    "This service checks whether data is genuine and valid. It decides about nothing, and no other system has the data.",
)


def make_answer(
    context: VerifierContext, case: RightsCase, issued: IssuedReceipt, request: VerifiedRightsRequest, of: Sealed | None
) -> Exchange[str | None]:
    """The answer, encrypted to the key of the request; `of` is what is here, and nothing is an answer too.

    None: it does not fit into one, or the receipt has other names for what was shown.
    """
    receipt = issued.receipt
    data: JsonObject = ({} if of is None else open_answer(context.sealer, of.request, of.content).claims) or {}
    if not receipt.claims.keys() >= data.keys():
        return None
    answer = RightsAnswer(
        id=case.id,
        request=request.hash,
        receipt=issued.id,
        right=request.says.right,
        issued_at=context.now(),
        data=data,
        information=_information(receipt) if request.says.right is Right.ACCESS else None,
    )
    signer, x5c, random_bytes = context.signing.signer, context.signing.x5c, context.random_bytes
    ephemeral = P256Key.generate(random_bytes)

    def seal() -> str | None:
        try:
            return seal_rights_answer(answer, request, signer, x5c, ephemeral=ephemeral, random_bytes=random_bytes)
        except ValueError:
            return None  # too large

    return (yield from with_key(signer, seal))


def _information(receipt: Receipt) -> Information:
    names = ", ".join(
        dict.fromkeys(str(step) for paths in receipt.claims.values() for path in paths for step in path[-1:] if step)
    )
    shown = names[:1000]
    return Information(
        purposes=receipt.purpose,
        categories=_both(f"Angaben aus Ihren Nachweisen: {shown}", f"What your documents say: {shown}"),
        recipients=tuple([NamedRecipient(each.name, each.identifier, each.purpose) for each in receipt.recipients]),
        retention=_retention(receipt),
        rights=_RIGHTS,
        authority=remedy(receipt.controller),
        source=_SOURCE,
        automated_decisions=_NO_MACHINE,
    )


def _retention(receipt: Receipt) -> Wording:
    until = receipt.retention.ends(receipt.issued_at)
    lasts = receipt.retention.lasts
    if until is not None or lasts is None:
        day = datetime.fromtimestamp(until or receipt.issued_at, UTC).date().isoformat()
        return _both(f"Bis zum {day}.", f"Until {day}.")
    events = {each.language: each.text for each in receipt.retention.since}
    return tuple([Localized(language, f"{text} ({lasts.text})") for language, text in events.items()])
