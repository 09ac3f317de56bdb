"""A receipt in the member names of ISO/IEC TS 27560:2023, for whoever reads consent records of other makes.

An export for people and auditors: what is evidence is the signed receipt, which goes along unchanged as `proof`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from protocol.encoding import JsonObject, JsonValue
from protocol.sovereignty.receipt import LegalBasis, Receipt
from protocol.sovereignty.receipt_parties import Controller, Recipient
from protocol.sovereignty.wording import write_wording
from protocol.trust.localized import in_language
from protocol.trust.registration import Contact

SCHEMA_VERSION: Final = "ISO/IEC TS 27560:2023"
_THUMBPRINT = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:"  # RFC 9278
_ARTICLE: Mapping[LegalBasis, str] = MappingProxyType(
    {
        LegalBasis.CONSENT: "a",
        LegalBasis.CONTRACT: "b",
        LegalBasis.LEGAL_OBLIGATION: "c",
        LegalBasis.VITAL_INTEREST: "d",
        LegalBasis.PUBLIC_TASK: "e",
        LegalBasis.LEGITIMATE_INTEREST: "f",
    }
)


def write_27560(receipt: Receipt, raw: str, language: str) -> JsonObject:
    """A receipt with its record inside (clause 6.4); texts in one language, as the form has it.

    `pii_principal_id`, which the form demands, is the thumbprint of the key of this one response, or the receipt's own id
    where there is none: it names nobody.
    """
    principal = f"{_THUMBPRINT}{receipt.key}" if receipt.key is not None else receipt.id
    controller = receipt.controller
    return {
        "receipt_metadata": {"schema_version": SCHEMA_VERSION, "receipt_id": receipt.id},
        "receipt_content": {
            "record_metadata": {
                "schema_version": SCHEMA_VERSION,
                "record_id": receipt.id,
                "pii_principal_id": principal,
            },
            "pii_processing": {
                "privacy_notice": controller.privacy_policy,
                "language": language,
                "purposes": [_purpose(receipt, language)],
            },
            "party_identification": _parties(receipt),
            "event": [_event(receipt, principal)],
        },
        "proof": raw,
    }


def _purpose(receipt: Receipt, language: str) -> JsonObject:
    identifier = receipt.controller.organisation.identifier
    purpose: JsonObject = {
        "purpose": in_language(receipt.purpose, language),
        "lawful_basis": f"GDPR Art. 6(1)({_ARTICLE[receipt.legal_basis]}) {receipt.legal_basis}",
        "pii_information": [
            {"pii_type": _spelled(path), "pii_attribute_id": f"{query_id}:{_spelled(path)}"}
            for query_id, paths in receipt.claims.items()
            for path in paths
        ],
        "pii_controllers": [identifier],
        "collection_method": "presentation of electronic attestations by the PII principal's wallet",
        "retention_period": _retention(receipt, language),
        "jurisdiction": receipt.controller.organisation.country,
        "recipient_third_parties": [recipient.identifier for recipient in receipt.recipients],
        "privacy_rights": receipt.cockpit_endpoint or receipt.controller.privacy_policy,
    }
    if receipt.service is not None:
        purpose["services"] = [receipt.service]
    if receipt.legal_basis is LegalBasis.CONSENT:
        purpose["withdrawal_method"] = receipt.cockpit_endpoint or receipt.controller.privacy_policy
    return purpose


def _retention(receipt: Receipt, language: str) -> JsonValue:
    """The form has a duration; what counts from an event says from which."""
    retention = receipt.retention
    if retention.lasts is None:
        return "P0D"
    return (
        f"{retention.lasts.text} from: {in_language(retention.since, language)}"
        if retention.since
        else retention.lasts.text
    )


def _parties(receipt: Receipt) -> list[JsonValue]:
    controller = receipt.controller
    parties: list[JsonValue] = [_controller(controller)]
    if controller.dpo is not None:
        parties.append({"party_id": "dpo", "party_role": "data protection officer", **_contact(controller.dpo)})
    if controller.authority is not None:
        parties.append({"party_id": "authority", "party_role": "authority", **_contact(controller.authority)})
    return [*parties, *[_recipient(recipient) for recipient in receipt.recipients]]


def _controller(controller: Controller) -> JsonObject:
    return {
        "party_id": controller.organisation.identifier,
        "party_name": controller.name,
        "party_role": "PII controller",
        "party_address": controller.organisation.country,
        **_contact(controller.contact or Contact()),
    }


def _recipient(recipient: Recipient) -> JsonObject:
    return {
        "party_id": recipient.identifier,
        "party_name": recipient.name,
        "party_role": "third party",
        "purposes": write_wording(recipient.purpose),
    }


def _contact(contact: Contact) -> JsonObject:
    names = {"party_email": contact.email, "party_phone": contact.phone, "party_url": contact.uri}
    return {name: value for name, value in names.items() if value is not None}


def _event(receipt: Receipt, principal: str) -> JsonObject:
    return {
        "event_time": datetime.fromtimestamp(receipt.issued_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "validity_duration": _duration(receipt),
        "entity_id": principal,
        "event_type": "explicit",
        "event_state": "given" if receipt.legal_basis is LegalBasis.CONSENT else str(receipt.outcome),
    }


def _duration(receipt: Receipt) -> str:
    return receipt.retention.lasts.text if receipt.retention.lasts is not None else "P0D"


def _spelled(path: tuple[str | int | None, ...]) -> str:
    """A path for people: members by dots, any element as `*`."""
    return ".".join("*" if step is None else str(step) for step in path)
