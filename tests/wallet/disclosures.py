"""Answers to partners that announced a cockpit, as the wallet keeps them."""

from dataclasses import replace

from protocol.encoding import encode_json
from tests.protocol.sovereignty.disclosures import EVIDENCE, REQUEST
from tests.support.partners import AGENCY, COCKPIT, COCKPIT_KEY
from tests.support.pki import NOW
from wallet.disclosure_records import DisclosedDocument, Disclosure, SentAnswer

SENT = SentAnswer(
    at=NOW,
    client_id="x509_hash:agency",
    announced=COCKPIT,
    answered_at="https://agency.example/response",
    request=REQUEST,
    request_hash=EVIDENCE.request,
    presentations=tuple(EVIDENCE.presentations.items()),
    claims=tuple(
        (query_id, tuple(encode_json(list(path)).decode() for path in paths))
        for query_id, paths in EVIDENCE.claims.items()
    ),
    documents=(
        DisclosedDocument("pid", "Personal ID", "urn:eudi:pid:1"),
        DisclosedDocument("card", "Library card", "urn:card:1"),
    ),
    requesters=((AGENCY.identifier, AGENCY.country),),
    name="Family Office",
    trusted_by="The register",
    registration="",
)


def disclosure(record_id="d1", *, log_number=1, **changes):
    """One of them; what belongs to `sent` may be named as well."""
    sent = {name: changes.pop(name) for name in list(changes) if name in SentAnswer.__slots__}
    members = {
        "id": record_id,
        "log_number": log_number,
        "sent": replace(SENT, **sent),
        "thumbprint": COCKPIT_KEY.public_key.thumbprint(),
        "key": COCKPIT_KEY.to_scalar().hex(),
        "claim": "",
        "hour": 12,
    }
    return Disclosure(**{**members, **changes})
