"""Documents that name somebody, as mdoc: from the same claims as their other form."""

from protocol.cbor import FULL_DATE, CborValue, Tagged
from protocol.encoding import JsonObject, JsonValue
from protocol.keys import P256Key
from protocol.mdoc.issue import MdocContent, issue_mdoc
from protocol.mdoc.mso import MsoStatus, ValidityInfo
from protocol.mdoc.values import to_cbor
from tests.support.pki import NOW, Pki, seeded

_DAYS = frozenset(("birthdate", "birth_date", "until"))


def elements(claims: JsonObject) -> JsonObject:
    """Claims by the names of elements."""
    return {"birth_date" if name == "birthdate" else name: value for name, value in claims.items()}


def mdoc(
    doc_type: str,
    claims: JsonObject,
    pki: Pki,
    key: P256Key,
    *,
    seed: int,
    status: MsoStatus | None = None,
    valid_until: int = NOW + 1000,
) -> str:
    """A document of this type as an office issues it; its namespace is called as it is."""
    content = MdocContent(
        doc_type=doc_type,
        elements={doc_type: {name: _written(name, value) for name, value in elements(claims).items()}},
        holder_key=key.public_key,
        validity=ValidityInfo(NOW - 100, NOW - 50, valid_until),
        status=status,
    )
    return issue_mdoc(content, pki.signer, pki.certificates, seeded(seed))


def _written(name: str, value: JsonValue) -> CborValue:
    if isinstance(value, dict):
        return {inner: _written(inner, item) for inner, item in value.items()}
    return Tagged(FULL_DATE, str(value)) if name in _DAYS else to_cbor(value)
