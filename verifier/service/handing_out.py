"""What is handed out to whoever gave an answer: their data, and what the law wants them to know (GDPR Art. 15, 20)."""

from __future__ import annotations

from capabilities.cockpit.attaching import read_attached
from capabilities.cockpit.handing_out import (
    NOTHING_OWN,
    Hand,
    HandedOut,
    Own,
    Usual,
    both,
    chosen,
    information,
    names_of,
)
from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights_case import RightsCase
from protocol.encoding import JsonObject
from protocol.errors import InvalidRequest
from protocol.exchange import Exchange
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import Right, VerifiedRightsRequest
from protocol.sovereignty.rights_answer import (
    Information,
    NamedRecipient,
    RightsAnswer,
)
from verifier.receipt_names import named_in_receipt
from verifier.rights import Holding, Sealed
from verifier.service.context import VerifierContext
from verifier.service.sealed_answers import open_answer
from verifier.session import read_query

_SOURCE = both("Sie haben die Daten mit Ihrer Wallet gezeigt.", "You showed the data with your wallet.")
# Only what no other system had is handed out by itself, see `verifier.rights`
_NO_MACHINE = both(
    "Dieser Dienst prüft, ob Daten echt und gültig sind. Er entscheidet über nichts, und kein anderes System hat die Daten.",
    "This service checks whether data is genuine and valid. It decides about nothing, and no other system has the data.",
)


def make_answer(
    context: VerifierContext, case: RightsCase, issued: IssuedReceipt, request: VerifiedRightsRequest, of: Sealed | None
) -> Exchange[str | None]:
    """The answer, encrypted to the key of the request; `of` is what is here, and nothing is an answer too.

    None: it does not fit into one, or the receipt has other names for what was shown.
    """
    try:
        made = yield from make_with_own(context, case, issued, request, held=Holding(sealed=of), own=NOTHING_OWN)
    except InvalidRequest:
        return None
    return made.answer


def make_with_own(
    context: VerifierContext,
    case: RightsCase,
    issued: IssuedReceipt,
    request: VerifiedRightsRequest,
    *,
    held: Holding,
    own: Own,
) -> Exchange[HandedOut]:
    """The same with what the partner adds, and without what it keeps back.

    Raises:
        InvalidRequest: it does not fit into an answer, keeps back what the receipt does not name, has files twice or with
            names that are none, or does not say what only the partner knows.
    """
    receipt, of = issued.receipt, held.sealed
    data: JsonObject = ({} if of is None else open_answer(context.sealer, of.request, of.content).claims) or {}
    if of is not None and of.query:
        named = named_in_receipt(read_query(of.query), receipt.claims)
        data = {named.get(id_, id_): items for id_, items in data.items()}
    if not receipt.claims.keys() >= data.keys():
        raise InvalidRequest("what is here is not named as the receipt names it")
    with_files = bool(own.files or held.files_of(case))
    told = _information(receipt, held, own, files=with_files) if request.says.right is Right.ACCESS else None
    answer = RightsAnswer(
        id=case.id,
        request=request.hash,
        receipt=issued.id,
        right=request.says.right,
        issued_at=context.now(),
        data=chosen(data, request.says.claims or receipt.claims, receipt, own.kept)
        if own.kept or request.says.claims
        else data,
        files=tuple([read_attached(context.sealer, each) for each in held.files_of(case)]),
        information=told,
    )
    return (yield from Hand(context.signing, context.sealer, context.random_bytes).seal(case, answer, request, own=own))


def _information(receipt: Receipt, held: Holding, own: Own, *, files: bool) -> Information:
    german, english = names_of(receipt.claims, "de"), names_of(receipt.claims, "en")
    named = [each.identifier or each.name for each in receipt.recipients]
    others = [each for each in held.recipients if (each.identifier or each.name) not in named]
    recipients = (
        *[NamedRecipient(each.name, each.identifier, each.purpose) for each in receipt.recipients],
        *[NamedRecipient(each.name, each.identifier, ()) for each in others],
    )
    categories = both(f"Angaben aus Ihren Nachweisen: {german}", f"What your documents say: {english}")
    usual = Usual(categories, _SOURCE, _NO_MACHINE)
    return information(receipt, recipients, usual, own, has_others=files or held.has_others)
