"""What the citizen learns afterwards of what they gave: the partner's receipt, and what it says that it did since."""

from __future__ import annotations

from protocol.errors import NotAuthentic, NotFound
from protocol.sovereignty.usage import Action
from protocol.trust.localized import in_language
from wallet.policy.cockpit.disclosed import entries_of, receipt_of
from wallet.service.opened import OpenWallet

_DEEDS = {
    Action.RECEIVED: "got the data",
    Action.VIEWED: "looked at them",
    Action.USED: "used them",
    Action.DECIDED: "decided about them",
    Action.ERASED: "erased them",
}


def _time(seconds: int) -> str:
    """So many seconds, as one says them."""
    days, minutes = divmod(seconds // 60, 24 * 60)
    return f"{days} days" if days else f"{minutes} minutes" if minutes else "not at all"


def follow_last(wallet: OpenWallet) -> list[str]:
    """What the partner that was answered last says, checked by the wallet.

    Raises:
        NotFound: it gave no receipt.
        NotAuthentic: its receipt does not match what was sent, or something is wrong with what it says since.
    """
    cockpit = wallet.wallet.cockpit
    [*_, disclosure] = cockpit.disclosures()
    looked = wallet.run(cockpit.ask(disclosure))
    found = looked.disclosure
    receipt = receipt_of(found)
    if receipt is None or found.receipt is None:
        raise NotFound("the partner gave no receipt")
    wrong = [*found.receipt.findings, *[finding.rule for finding in found.usage.findings]]
    if wrong:
        raise NotAuthentic(f"the wallet found: {', '.join(wrong)}")
    deeds = ", ".join(dict.fromkeys(_DEEDS.get(entry.use.action, str(entry.use.action)) for entry in entries_of(found)))
    return [
        f"{receipt.controller.name} signed what it got, and for what: “{in_language(receipt.purpose, 'en')}”",
        f"it says how long it keeps the data: {_time(receipt.retention.ends_earliest(receipt.issued_at) - receipt.issued_at)}",
        "the wallet compared it with what was sent and what is registered: nothing is wrong with it",
        f"asked what it did since, it says and signs: {deeds}",
    ]
