"""What a wallet hands over: its log, and where its documents can be had again, in the form of EUDI TS10. Never a key.

What the log does not know is written empty, such as whom the register names as authority where no registration was kept.
Each line keeps its name from wallet to wallet, so that it is there once, however often it is brought in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from protocol.encoding import JsonObject, JsonValue
from protocol.migration.data import CredentialInfo, MigrationData, UnboundCredential
from protocol.migration.transaction import (
    ClaimInfo,
    Deletion,
    Issuance,
    Other,
    Party,
    Presentation,
    Registered,
    Transaction,
)
from protocol.oid4vci.offer import CredentialOffer, offer_link
from wallet.disclosure_records import Disclosure
from wallet.policy.activity import Happened, activity
from wallet.policy.cockpit.disclosed import registration_of
from wallet.policy.documents import Document, documents_of
from wallet.policy.showing import credential_name
from wallet.records import AwaitedDocument, HeldCredential, LogEntry, LoggedCredential
from wallet.vault.log_chain import digest_of, hash_of

Describe = Callable[[LogEntry, str], str]
"""An entry and its outcome as a sentence."""


def name_of(entry: LogEntry) -> str:
    """By which an entry is known in every wallet that it came to."""
    return entry.origin or (hash_of(entry) if entry.blind else digest_of(entry))


@dataclass(frozen=True, slots=True)
class Everything:
    """What a wallet has that may go along."""

    log: tuple[LogEntry, ...]
    held: tuple[HeldCredential, ...]
    awaited: tuple[AwaitedDocument, ...] = ()
    disclosures: tuple[Disclosure, ...] = ()


def migration_of(everything: Everything, language: str, describe: Describe) -> MigrationData:
    """Everything that goes along. Documents that are bound to keys are asked for again; the others go as they are.

    What an even earlier wallet held and is still awaited here goes on too.
    """
    registered = {one.log_number: _registered(one) for one in everything.disclosures if one.sent.registration}
    happened = sorted(activity(everything.log), key=lambda one: (one.entry.at, one.entry.number))
    transactions = tuple(_transaction(one, registered, describe) for one in happened)
    documents = documents_of(everything.held)
    bound = [info for document in documents for info in _infos(document, language)]
    bound += [
        CredentialInfo(type_, format_id, Party(one.issuer, one.issuer_id), one.link, one.name)
        for one in everything.awaited
        for type_, format_id in one.forms
    ]
    unbound = [
        UnboundCredential(form.format, copy.raw, form.credential_issuer, form.configuration_id)
        for document in documents
        for form in document.forms
        for copy in form.copies
        if not copy.key
    ]
    return MigrationData(transactions, tuple(bound), tuple(unbound))


def _infos(document: Document, language: str) -> list[CredentialInfo]:
    """The forms of a document that are bound to keys, all with one way to get them again: an offer that asks for a login."""
    bound = [form for form in document.forms if any(copy.key for copy in form.copies)]
    if not bound:
        return []
    # An offer names each configuration once
    names = tuple(dict.fromkeys(form.configuration_id for form in bound))
    offer = CredentialOffer(bound[0].credential_issuer, names, authorization_code=True)
    link = offer_link(offer)
    return [
        CredentialInfo(
            form.type,
            form.format,
            Party(form.issuer_name, form.credential_issuer),
            link,
            credential_name(form.described(), language),
        )
        for form in bound
    ]


def _transaction(happened: Happened, registered: Mapping[int, Registered], describe: Describe) -> Transaction:
    entry, outcome = happened.entry, happened.outcome
    party = Party(entry.party, entry.party_id)
    infos = tuple(ClaimInfo(one.type, one.claims) for one in entry.credentials if one.type)
    types = tuple(dict.fromkeys(one.type for one in entry.credentials if one.type))
    done = outcome == "done"
    what: Presentation | Issuance | Deletion | Other
    match entry.action:
        case "sharing":
            # What was asked beyond it is not kept; whether it arrived or not, it counts as given
            known = registered.get(entry.number, Registered())
            what = Presentation(party, infos, infos, "" if done else outcome, known)
        case "overasked" | "not registered" | "barred" | "not looked up":
            what = Presentation(party, infos, (), entry.action)
        case "received" | "renewed":
            what = Issuance(party, types, len(entry.credentials), anew=entry.action == "renewed")
        case "not kept":
            what = Issuance(party, types, 0)
        case "deleted" if types:
            what = Deletion(types[0], party)
        case _:
            what = Other(describe(entry, outcome))
    return Transaction(name_of(entry), entry.at, done, what, _own(entry, outcome))


def _own(entry: LogEntry, outcome: str) -> JsonObject:
    """The entry as this wallet has it, for another one of the same kind."""
    return {
        "action": entry.action,
        "outcome": outcome,
        "party": entry.party,
        "partyId": entry.party_id,
        "trustedBy": entry.trusted_by,
        "inPerson": entry.in_person,
        "documents": [_document(one) for one in entry.credentials],
    }


def _registered(disclosure: Disclosure) -> Registered:
    """What the register said of a partner when they asked."""
    known = registration_of(disclosure.sent)
    if known is None:
        return Registered()
    authority = known.supervisory_authority
    return Registered(
        contact=tuple(one for one in (known.country, known.support_uri, known.info_uri) if one),
        registrar_url=known.registry_uri,
        purpose=tuple((text.language, text.text) for text in known.purpose),
        privacy_policy=known.privacy_policy,
        authority_country=known.country if authority is not None else "",
        authority_contact=tuple(one for one in authority or () if one),
    )


def _document(logged: LoggedCredential) -> JsonObject:
    members: JsonObject = {"name": logged.name, "type": logged.type, "claims": list[JsonValue](logged.claims)}
    return {**members, "names": dict[str, JsonValue](logged.names)} if logged.names else members
