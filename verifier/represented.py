"""What was done here for somebody by another: found by the represented person in their own name (decision 0057).

Who acts has the receipt and its key. The represented person shows with a wallet of their own who they are, and sees on our
page what there is; their wallet gets a receipt for that, and with its news what was done for them. Kept for it is a hash of
who they are, keyed by a secret of this verifier: no name, and nothing by which another verifier could know them again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from protocol.dcql.query import MDOC, SD_JWT_VC, DcqlQuery
from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.formats import format_of
from protocol.sovereignty.receipt import LegalBasis, Receipt
from protocol.sovereignty.representation import Person, Relation
from protocol.sovereignty.usage_report import News
from protocol.trust.localized import Localized
from verifier.acting import PERSON, Acting, AskedAsMdoc, label_of, path_in
from verifier.receipts import Handling
from verifier.use_case import Names, UseCase

IN_OWN_NAME = "in-your-name"  # id of the question to the represented person
ACCESS_LAW = "GDPR Art. 6 (1) c, with Art. 15"  # what it rests on
ID = "you"  # of its credential query; for each mdoc with a number behind it
MAX_FOUND = 50  # of one person, the newest

_CARD = (("de", "Ausweis"), ("en", "Identity card"))
_WHY = {
    Relation.PARENT: ("als Mutter oder Vater", "as a mother or father"),
    Relation.GUARDIAN: ("als Betreuerin oder Betreuer", "as a guardian"),
}


@dataclass(frozen=True, slots=True)
class ActedFor:
    """That somebody acted for a person, in the answer with this receipt; for as long as its log answers."""

    receipt: str  # its jti
    mark: str  # by `mark_of`
    relation: str
    at: int  # epoch seconds
    log_until: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class DoneForYou:
    """The same with its receipt, for the represented person."""

    found: ActedFor
    receipt: Receipt


def mark_of(secret: bytes, person: Person) -> str:
    """By what somebody is found here again, hex."""
    return hmac.digest(secret, b"represented\0" + encode_json([*person.known_by]), hashlib.sha256).hex()


def acted_for(secret: bytes, acting: Acting | None, receipt: Receipt) -> ActedFor | None:
    """What is kept so that the represented person finds it; None: nobody is represented who could show who they are."""
    whom = acting.proof.represented if acting is not None else None
    if acting is None or not isinstance(whom, Person):
        return None
    relation = acting.proof.relation.value
    return ActedFor(receipt.id, mark_of(secret, whom), relation, receipt.issued_at, receipt.log_until)


def who_shows(disclosed: Mapping[str, JsonValue]) -> Person | None:
    """Who answered in their own name; None: that was not said."""
    for id_, held in disclosed.items():
        claims = held[0] if isinstance(held, list | tuple) and held else None
        form = SD_JWT_VC if id_ == ID else MDOC
        for space in format_of(form).namespaces(claims) if isinstance(claims, dict) else ():
            with suppress(Malformed):
                return Person.from_fields(Fields(space, ID))
    return None


def own_name_question(use_cases: Iterable[UseCase]) -> UseCase | None:
    """The question to represented people, by the documents of those who act for others; None: nobody acts here for people."""
    acting = [(one, one.acting.rule) for one in use_cases if one.acting is not None]
    people = [(one, rule) for one, rule in acting if rule.relations - {Relation.EMPLOYEE}]
    asked = [query for one, rule in people for query in one.query.credentials if query.id in rule.identity]
    types = list(dict.fromkeys([name for query in asked for name in query.meta.vct_values]))
    spaces = {mdoc.doc_type: mdoc.namespace for one, rule in people for mdoc in _identities(one)}
    if not types and not spaces:
        return None
    credentials: list[JsonValue] = []
    if types:
        claims: list[JsonValue] = [{"path": [name]} for name in PERSON]
        meta: JsonObject = {"vct_values": [*types]}
        credentials.append({"id": ID, "format": SD_JWT_VC, "meta": meta, "claims": claims})
    for number, (doc_type, space) in enumerate(spaces.items()):
        elements: list[JsonValue] = [{"path": [*path_in(space, name)]} for name in PERSON]
        credentials.append(
            {"id": f"{ID}-{number}", "format": MDOC, "meta": {"doctype_value": doc_type}, "claims": elements}
        )
    query = DcqlQuery.from_dict({"credentials": credentials, **_any_of(credentials)})
    issuers = [one.accepted_issuers for one, _ in people]
    return UseCase(
        id=IN_OWN_NAME,
        title=(("de", "Was wurde für Sie gemacht?"), ("en", "What was done for you?")),
        purpose=(
            ("de", "Wir sehen nach, ob hier jemand für Sie gehandelt hat."),
            ("en", "We look whether somebody acted for you here."),
        ),
        query=query,
        # As strict as the least strict of those who ask whoever acts
        accepted_issuers=frozenset().union(*issuers) if all(issuers) else frozenset(),
        max_status_age=0,
        keep=0,
        names=tuple(
            [
                (one.id, Names(_CARD, tuple([(claim.path, label_of(claim.path)) for claim in one.claims])))
                for one in query.credentials
            ]
        ),
        # GDPR Art. 15
        handling=Handling(LegalBasis.LEGAL_OBLIGATION),
    )


def _identities(use_case: UseCase) -> Iterator[AskedAsMdoc]:
    terms = use_case.acting
    return (one for one in terms.mdocs if one.id in terms.rule.identity) if terms is not None else iter(())


def _any_of(credentials: list[JsonValue]) -> JsonObject:
    """One of several is enough."""
    ids: list[JsonValue] = [[one["id"]] for one in credentials if isinstance(one, dict)]
    return {"credential_sets": [{"options": ids}]} if len(ids) > 1 else {}


def news_of(done: DoneForYou, *, at: int) -> News:
    """What the wallet of the represented person is told: what for, when and until when; no name and no value."""
    day = datetime.fromtimestamp(done.found.at, UTC).date()
    de, en = _WHY.get(Relation(done.found.relation), ("", ""))
    purpose = {text.language: text.text for text in done.receipt.purpose}
    first = next(iter(purpose.values()))
    return News(
        at,
        (
            Localized(
                "de", f"Am {day:%d.%m.%Y} hat jemand {de} hier für Sie gehandelt: {purpose.get('de', first)}"[:1000]
            ),
            Localized(
                "en", f"On {day.day} {day:%B %Y} somebody acted for you here {en}: {purpose.get('en', first)}"[:1000]
            ),
        ),
    )
