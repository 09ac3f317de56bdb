"""What is handed out about a document: what the register says for it now, what was noted of it, and what the law wants told."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

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
from issuer.rights import Holding, Record
from issuer.service.context import IssuerContext
from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import CredentialRequestDenied, InvalidRequest
from protocol.exchange import Exchange
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import Right, VerifiedRightsRequest
from protocol.sovereignty.rights_answer import Information, NamedRecipient, RightsAnswer, describe_file
from runtime.conversation import slow
from runtime.seal import Sealer

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
        *,
        own: Own = NOTHING_OWN,
    ) -> Exchange[HandedOut]:
        """An answer with what this document's receipt names, as the register has it now; of other documents it says nothing.

        Files that a clerk added go with it, and what `own` says.

        Raises:
            InvalidRequest: the type is not issued any more or the register lacks something for it, and no file says it instead;
                what machines decide is not said although there are such files; or it is too large.
        """
        context, receipt, says = self.context, issued.receipt, request.says
        noted = yield from slow(lambda: self._noted(issued, held))
        hand = Hand(context.identity, rights_sealer(context), context.random_bytes)
        files = tuple([read_attached(hand.sealer, each) for each in held.files_of(case)])
        told = _information(receipt, held, own, files=bool(files)) if says.right is Right.ACCESS else None
        answer = RightsAnswer(
            id=case.id,
            request=request.hash,
            receipt=issued.id,
            right=says.right,
            issued_at=context.now(),
            data=chosen(
                self._data(receipt, record, by_hand=bool(files)), says.claims or receipt.claims, receipt, own.kept
            ),
            files=(describe_file(NOTED, "application/json", noted), *files),
            information=told,
        )
        return (yield from hand.seal(case, answer, request, contents=(noted,), own=own))

    def _data(self, receipt: Receipt, record: Record | None, *, by_hand: bool) -> JsonObject:
        found: JsonObject = {}
        if record is None:
            return found
        for configuration_id in receipt.claims:
            try:
                found[configuration_id] = [self._document(configuration_id, record)]
            except InvalidRequest:
                # What it cannot say any more, the files of a clerk say
                if not by_hand:
                    raise
        return found

    def _document(self, configuration_id: str, record: Record) -> JsonObject:
        kind = self.context.types.get(configuration_id)
        if kind is None:
            raise InvalidRequest("documents of this type are not issued any more")
        try:
            return self.context.document(kind, record, now=self.context.now())
        except CredentialRequestDenied as error:
            raise InvalidRequest("the register lacks something for this document") from error

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


def rights_sealer(context: IssuerContext) -> Sealer:
    """What seals what is kept of requests."""
    return Sealer(hmac.new(context.secret, b"rights requests", hashlib.sha256).digest())


def _information(receipt: Receipt, held: Holding, own: Own, *, files: bool) -> Information:
    german, english = names_of(receipt.claims, "de"), names_of(receipt.claims, "en")
    categories = both(
        f"Angaben im Register: {german}. Dazu, wann Ihr Dokument ausgestellt wurde und ob es gilt.",
        f"What the register says: {english}. And when your document was issued, and whether it is valid.",
    )
    recipients = tuple([NamedRecipient(each.name, each.identifier, ()) for each in held.recipients])
    usual = Usual(categories, _SOURCE, _MACHINE)
    return information(receipt, recipients, usual, own, has_others=files or held.has_others)
