"""Proof that somebody asked for what they may not: what it finds, and as a user hands it on."""

from __future__ import annotations

from protocol.encoding import JsonObject
from wallet.policy.asking import RegistrationProblem
from wallet.records import Evidence


def finding_of(problem: RegistrationProblem) -> str:
    """What the proof of a request calls a problem."""
    return f"registration: {problem}"


def evidence_document(evidence: Evidence) -> JsonObject:
    """What a user hands to a supervisory authority: everything that was signed is in it as it was signed."""
    return {
        "received_at": evidence.at,
        "asked_by": evidence.asker,
        "client_id": evidence.client_id,
        "vouched_for_by": evidence.trusted_by,
        "finding": evidence.finding,
        "asked_beyond_registration": [
            {"type": credential.type, "claims": list(credential.claims)} for credential in evidence.beyond
        ],
        "request_object": evidence.request,
        "registration_certificate": evidence.registration,
        "register_answer": evidence.register_answer,
    }
