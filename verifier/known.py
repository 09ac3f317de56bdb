"""By what an answer is known again after its values went into a form: fingerprints that only this verifier can make.

A form keeps what was filled in, and not what was shown. So that whoever asks about it later can show the same data once more,
it keeps the question and a fingerprint of each document: an HMAC with this verifier's secret over the values that the receipt
names. Nobody reads a value out of it, and without the secret nobody tries values out on it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from protocol.dcql.path import EvaluationBudget, select_shown
from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject, JsonValue, encode_base64url, encode_json, read_json_object
from protocol.errors import NotAuthentic
from protocol.fields import Fields
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.selected_data import spelled
from verifier.again import only_one, question_again


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of an answer to know it again."""

    query: str  # JSON: what was asked
    prints: Mapping[str, str]  # query id → fingerprint, base64url

    @classmethod
    def of(cls, text: str) -> Self:
        """What was kept."""
        found = Fields(read_json_object(text.encode(), "known"), "known")
        prints = found.object("prints")
        query = encode_json(found.object("query").members).decode()
        return cls(query, {name: prints.text(name) for name in prints.members})

    def to_text(self) -> str:
        """As it is kept."""
        prints: JsonObject = dict(self.prints)
        return encode_json({"query": read_json_object(self.query.encode(), "query"), "prints": prints}).decode()


def known_by(
    query: DcqlQuery, text: str, receipt: str, claims: ClaimsByQuery, *, shown: Mapping[str, JsonValue], secret: bytes
) -> str:
    """What is kept of an answer; empty: it cannot be asked for again. `text` is the query as JSON, `receipt` an id."""
    again = question_again(query, claims)
    if again is None:
        return ""
    try:
        return Known(text, fingerprints(again, receipt, shown, secret)).to_text()
    except NotAuthentic:
        return ""


def fingerprints(query: DcqlQuery, receipt: str, shown: Mapping[str, JsonValue], secret: bytes) -> Mapping[str, str]:
    """A fingerprint of each document: two are the same if and only if every value is.

    Raises:
        NotAuthentic: a document or a value is missing, or there are more documents than one.
        InvalidRequest: the paths select more than we compare.
    """
    budget = EvaluationBudget()
    found: dict[str, str] = {}
    for asked in query.credentials:
        document = only_one(shown.get(asked.id))
        values: list[JsonValue] = []
        for claim in asked.claims:
            selected = [value for _, value in select_shown(document, claim.path, budget)]
            if not selected:
                raise NotAuthentic("present again: a value is missing")
            values.append([list(claim.path), selected])
        # The lengths of the parts are clear: neither an id of a receipt nor one of a query has a NUL
        name = f"shown\0{receipt}\0{asked.id}\0".encode()
        found[asked.id] = encode_base64url(hmac.digest(secret, name + spelled(values), hashlib.sha256))
    return found


def is_known(known: Known, again: Mapping[str, str]) -> bool:
    """Whether what was shown once more is what was shown first."""
    if not again or not again.keys() <= known.prints.keys():
        return False
    return all(hmac.compare_digest(known.prints[name], found) for name, found in again.items())
