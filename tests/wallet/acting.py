"""A parent whose wallet proves that they act for their child, and a school that asks for that."""

from dataclasses import replace

from protocol.encoding import JsonObject
from protocol.sdjwt.issue import Frame
from protocol.sovereignty.representation import TYPE
from tests.wallet.counterpart_agency import PID, Agency
from tests.wallet.counterparts import Partner, dcql

MIA: JsonObject = {"family_name": "Mustermann", "given_name": "Mia", "birthdate": "2025-05-01"}
PROOF: JsonObject = {
    "family_name": "Mustermann", "given_name": "Erika", "birthdate": "1990-03-07", "relation": "parent",
    "represented": MIA, "areas": ["school"], "alone": True,
}  # fmt: skip
BEN: JsonObject = {**MIA, "given_name": "Ben", "birthdate": "2023-02-03"}
FIRM: JsonObject = {"name": "Muster GmbH", "register_number": "HRB 1", "country": "DE"}
FRAME = Frame.of([(name,) for name in PROOF])


def office():
    """Who issues the proof."""
    return Agency(
        type=TYPE,
        claims=PROOF,
        configurations={"proof": replace(PID, type=TYPE, claims=())},
        issued_changes={"frame": FRAME},
    )


def school():
    """Who asks what it is good for, and not for whom."""
    return Partner(query={"credentials": [dcql(("areas",), query_id="proof", vct=TYPE)]})


BIRTH = "urn:town:birth:1"
# A proof, the identity of whoever acts, and a document about whom they act for
ASKED: JsonObject = {
    "credentials": [
        dcql(("given_name",)),
        dcql(("relation",), query_id="proof", vct=TYPE),
        dcql(("given_name",), query_id="birth", vct=BIRTH),
    ]
}


def speak_of(world, type_, claims):
    """From now on the agency issues this."""
    agency = world.agency
    agency.type, agency.claims = type_, dict(claims)
    agency.issued_changes = {"frame": Frame.of([(name,) for name in claims])}
    agency.configurations = {"any": replace(PID, type=type_, claims=())}
