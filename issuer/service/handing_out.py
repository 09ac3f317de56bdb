"""What is handed out about a document: what the register says for it now, what was noted of it, and what the law wants told."""

from __future__ import annotations

from dataclasses import dataclass

from capabilities.cockpit.handing_out import (
    OTHER_RIGHTS,
    HandedOut,
    both,
    kept_until,
    names_of,
    seal_handed_out,
)
from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights_case import RightsCase, remedy
from issuer.rights import Holding, Record
from issuer.service.context import IssuerContext
from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import CredentialRequestDenied, InvalidRequest
from protocol.exchange import Exchange
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import Right, VerifiedRightsRequest
from protocol.sovereignty.rights_answer import Information, NamedRecipient, RightsAnswer, describe_file
from protocol.sovereignty.selected_data import select_data
from runtime.conversation import slow

MAX_ENTRIES = 2000  # of the log, the first ones; all of them can be asked for where the log is
NOTED = "noted.json"

_SOURCE = both("Das Register dieser Stelle.", "The register of this agency.")
_MACHINE = both(
    "Ihr Dokument wird von selbst aus dem Register gemacht. Sagt das Register später etwas anderes oder wird Ihre Wallet"
    " gesperrt, endet es von selbst. Sonst entscheidet hier keine Maschine.",
    "Your document is made from the register by itself. It ends by itself if the register says something else later, or if your"
    " wallet is blocked. Nothing else is decided by a machine here.",
)


@dataclass(frozen=True, slots=True)
class HandingOut:
    """Making answers."""

    context: IssuerContext

    def record(self, subject: str) -> Exchange[Record | None]:
        """What the register says of somebody now; None: it has no such person.

        Raises:
            Unavailable: it cannot be asked for now.
        """
        if not subject:
            return None
        try:
            return (yield from self.context.register.fetch(subject))
        except CredentialRequestDenied:
            return None

    def make(
        self,
        case: RightsCase,
        issued: IssuedReceipt,
        request: VerifiedRightsRequest,
        held: Holding,
        record: Record | None,
    ) -> Exchange[HandedOut]:
        """An answer with what this document's receipt names, as the register has it now; of other documents it says nothing.

        Raises:
            InvalidRequest: the type is not issued any more, the register lacks something for it, or it is too large.
        """
        context, receipt, says = self.context, issued.receipt, request.says
        noted = yield from slow(lambda: self._noted(issued, held))
        data = self._data(receipt, says.claims or receipt.claims, record)
        answer = RightsAnswer(
            id=case.id,
            request=request.hash,
            receipt=issued.id,
            right=says.right,
            issued_at=context.now(),
            data=data,
            files=(describe_file(NOTED, "application/json", noted),),
            information=_information(receipt, held) if says.right is Right.ACCESS else None,
        )
        return (yield from seal_handed_out(answer, (noted,), request, context.identity, context.random_bytes))

    def _data(self, receipt: Receipt, wanted: ClaimsByQuery, record: Record | None) -> JsonObject:
        found: JsonObject = {}
        for configuration_id in receipt.claims if record is not None else ():
            kind = self.context.types.get(configuration_id)
            if kind is None or record is None:
                raise InvalidRequest("documents of this type are not issued any more")
            try:
                says = self.context.document(kind, record, now=self.context.now())
            except CredentialRequestDenied as error:
                raise InvalidRequest("the register lacks something for this document") from error
            if wanted.get(configuration_id):
                found[configuration_id] = [select_data(says, wanted[configuration_id])]
        return found

    def _noted(self, issued: IssuedReceipt, held: Holding) -> bytes:
        """What stands about the document beside what it says, with its log."""
        entries = self.context.store.usage.entries(issued.id, after=-1, limit=MAX_ENTRIES)
        copies: list[JsonValue] = [
            {
                "id": copy.id,
                "credential_configuration_id": copy.configuration_id,
                "issued_at": copy.issued_at,
                "expires_at": copy.expires_at,
                "state": copy.state.value,
            }
            for copy in held.copies
        ]
        document = held.document
        noted: JsonObject = {
            "receipt": issued.id,
            "id_in_register": document.subject if document is not None else None,
            "conversation": document.session_id if document is not None else None,
            "copies": copies,
            "log": list[JsonValue]([entry.members for entry in entries]),
        }
        return encode_json(noted)


def _information(receipt: Receipt, held: Holding) -> Information:
    german, english = names_of(receipt.claims, "de"), names_of(receipt.claims, "en")
    return Information(
        purposes=receipt.purpose,
        categories=both(
            f"Angaben im Register: {german}. Dazu, wann Ihr Dokument ausgestellt wurde und ob es gilt.",
            f"What the register says: {english}. And when your document was issued, and whether it is valid.",
        ),
        recipients=tuple([NamedRecipient(each.name, each.identifier, ()) for each in held.recipients]),
        retention=kept_until(receipt),
        rights=OTHER_RIGHTS,
        authority=remedy(receipt.controller),
        source=_SOURCE,
        automated_decisions=_MACHINE,
    )
