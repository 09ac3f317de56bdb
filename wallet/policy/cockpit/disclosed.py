"""One answer to a partner with a cockpit: what is kept of it, in the words of the protocol and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from protocol.credential import ClaimPath
from protocol.encoding import JsonValue, encode_json, read_json, read_json_object
from protocol.errors import Flaw
from protocol.fields import Fields
from protocol.jws import Jws
from protocol.keys import P256Key
from protocol.oid4vp.request_object import Unauthenticated
from protocol.sovereignty.claims import ClaimsByQuery, are_identifying
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.receipt_check import Absence, Finding, JudgedReceipt, Sent, absence
from protocol.sovereignty.receipt_evidence import Evidence
from protocol.sovereignty.signing import Organisation
from protocol.sovereignty.unlinkable import Place
from protocol.sovereignty.usage import Action, UsageEntry
from protocol.trust.anchors import TrustedParty
from protocol.trust.registration import Registration, peek_registration
from wallet.disclosure_records import Disclosure, KeptReceipt, KnownUse, SentAnswer

_UNBELIEVED = frozenset((Finding.UNREADABLE, Finding.SIGNER))


def requesters_of(party: TrustedParty | Unauthenticated) -> tuple[Organisation, ...]:
    """Whom the access certificate of a request names; nobody where there is none: then nobody could sign a receipt."""
    if isinstance(party, Unauthenticated) or not party.chain:
        return ()
    try:
        return Organisation.from_certificate(party.chain[0], "access certificate")
    except Flaw:
        return ()


def write_claims(claims: Mapping[str, Iterable[ClaimPath]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Claims by query, as a record keeps them."""
    return tuple((query_id, tuple([path_text(path) for path in paths])) for query_id, paths in claims.items())


def read_claims(claims: Iterable[tuple[str, tuple[str, ...]]]) -> ClaimsByQuery:
    """The same as the protocol has them."""
    return {query_id: tuple([read_path(text) for text in texts]) for query_id, texts in claims}


def path_text(path: ClaimPath) -> str:
    """A claims path, as JSON text."""
    return encode_json(list[JsonValue](path)).decode("utf-8")


def read_path(text: str) -> ClaimPath:
    """A claims path that `path_text` wrote; numbers stay in it."""
    steps = read_json(text.encode("utf-8"), "path")
    if not isinstance(steps, list):
        raise TypeError("a claims path is kept as an array")
    return tuple([step if step is None or isinstance(step, str | int) else None for step in steps])


def sent_of(disclosure: Disclosure) -> Sent:
    """What a receipt is held against."""
    sent = disclosure.sent
    return Sent(
        evidence=Evidence(sent.request_hash, dict(sent.presentations), read_claims(sent.claims)),
        requesters=tuple([Organisation(*one) for one in sent.requesters]),
        client_id=sent.client_id or None,
        registration=registration_of(sent),
        key=disclosure.thumbprint,
        announced=sent.announced,
        sent_at=sent.at,
    )


@lru_cache(maxsize=256)
def _peeked(certificate: str) -> Registration:
    return peek_registration(certificate)


def registration_of(sent: SentAnswer) -> Registration | None:
    """What the registration certificate said, which was verified when it was shown."""
    return _peeked(sent.registration) if sent.registration else None


def partner_of(sent: SentAnswer) -> Organisation:
    """Whose data it is now: as registered, or whoever asked."""
    registration = registration_of(sent)
    if registration is not None:
        return Organisation(registration.identifier, registration.country)
    return Organisation(*sent.requesters[0])


def kept_receipt(judged: JudgedReceipt, *, arrived_at: int, signer_status: str) -> KeptReceipt:
    """A receipt with everything that is wrong with it, as a record keeps it."""
    findings = tuple([str(finding) for finding in judged.findings])
    return KeptReceipt(judged.raw, arrived_at, findings, judged.problem, signer_status)


@lru_cache(maxsize=4096)
def _read_receipt(raw: str) -> Receipt:
    return Receipt.from_fields(Jws.from_compact(raw, "receipt").peek_claims("receipt"))


def receipt_of(disclosure: Disclosure) -> Receipt | None:
    """What the receipt says; None: there is none, or nobody believes that it is theirs."""
    kept = disclosure.receipt
    if kept is None or not _UNBELIEVED.isdisjoint(kept.findings):
        return None
    return _read_receipt(kept.raw)


def matches(disclosure: Disclosure) -> bool:
    """Whether the receipt, if it is there, says what was sent."""
    return disclosure.receipt is None or not disclosure.receipt.findings


def absence_of(disclosure: Disclosure, now: int) -> Absence | None:
    """What it means that there is no receipt; None: there is one."""
    if disclosure.receipt is not None:
        return None
    return absence(disclosure.sent.announced, sent_at=disclosure.sent.at, now=now)


def place_of(disclosure: Disclosure, others: Iterable[Disclosure], listed: Collection[str] | None) -> Place:
    """What is known of the endpoint before it is called; `others` are all disclosures, `listed` those of the directory."""
    sent, receipt = disclosure.sent, receipt_of(disclosure)
    own = frozenset(sent_of(disclosure).signers)
    elsewhere = frozenset(
        other.sent.announced
        for other in others
        # Who asks and gives documents does so at two addresses, each the same for everybody
        if other.id != disclosure.id and other.sent.issued == sent.issued and not own.isdisjoint(sent_of(other).signers)
    )
    announced = receipt.cockpit_endpoint if receipt is not None else sent.announced
    return Place(
        endpoint=announced or sent.announced,
        announced=sent.announced,
        listed=listed,
        answered_at=sent.answered_at or None,
        elsewhere=elsewhere,
        matches=matches(disclosure),
    )


def cockpit_key(disclosure: Disclosure) -> P256Key | None:
    """The key for this one answer; None: the user dropped it."""
    return P256Key.from_scalar(bytes.fromhex(disclosure.key)) if disclosure.key else None


@lru_cache(maxsize=16384)
def _read_entry(text: str) -> UsageEntry:
    return UsageEntry.from_fields(Fields(read_json_object(text.encode("utf-8"), "usage entry"), "usage entry"))


def entry_of(use: KnownUse) -> UsageEntry:
    """A use as the partner wrote it."""
    return _read_entry(use.entry)


def entries_of(disclosure: Disclosure) -> tuple[UsageEntry, ...]:
    """Everything that a partner says that it did with the data."""
    return tuple([entry_of(use) for use in disclosure.usage.uses])


def first_action(sent: SentAnswer) -> Action:
    """What a log has to begin with: data came, or an issuer took them from its register."""
    return Action.USED if sent.issued else Action.RECEIVED


def is_identifying(sent: SentAnswer) -> bool:
    """Whether what was sent says who the user is. If not, an internet address that asks about it may say more."""
    return are_identifying(read_path(text) for _, texts in sent.claims for text in texts)
