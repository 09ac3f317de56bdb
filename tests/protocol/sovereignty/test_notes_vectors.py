"""The vectors of what was noted for a form (docs/sovereignty/catalogue.md): current, taken or ignored as they should be."""

import json
from dataclasses import replace
from typing import Any

import pytest

import protocol.errors
from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.exchange import HttpResponse
from protocol.fields import Fields
from protocol.jwe import ENCRYPTIONS, encrypt_jwe
from protocol.keys import P256Key
from protocol.sovereignty.answers import announced_answers, fitting, read_answers_member
from protocol.sovereignty.form_invitation import (
    MEDIA_TYPE,
    TYP,
    FormInvitation,
    open_notes,
    seal_notes,
    sign_form_invitation,
    verify_form_invitation,
)
from protocol.sovereignty.service import Service
from protocol.sovereignty.signing import sign_as_organisation
from tests.protocol.sovereignty.services import ASKS, LEAST
from tests.support.partners import AGENCY, BANK
from tests.support.pki import NOW, seeded, seeded_key
from tests.support.sovereignty_vectors import (
    FOLDER,
    check_current,
    private_jwk,
    published_anchors,
    published_partners,
)

FILE = "notes.json"
PARTNERS = published_partners(FILE)
ANCHORS = published_anchors(PARTNERS)
WIRE: JsonObject = {
    **LEAST,
    "provider": {**AGENCY.to_dict(), "name": "Agency"},
    "start": "https://agency.example/start",
    "asks": ASKS,
}
SERVICE = Service.from_fields(Fields(WIRE, "service"))
KEY = seeded_key(6401)
NONCE = "nonce-of-the-wallet"
TAKES = ("iban", "hours", "agreed")
INVITATION = FormInvitation(
    SERVICE.id, NONCE, TAKES, "https://agency.example/notes", KEY.public_key, "state-1", NOW, NOW + 600
)
ANSWERS: JsonObject = {"iban": "DE02120300000000202051", "hours": 19.5, "agreed": True}
# What the form does not allow, or does not take answers to
BESIDES: JsonObject = {**ANSWERS, "hours": 61, "children": 2, "else": "x"}
UNREADABLE: tuple[JsonValue, ...] = (None, [], "iban", ["iban", "iban"], ["i ban"], ["iban", 7])
ANNOUNCED: list[JsonValue] = [
    {"value": ["iban"], "taken": ["iban"]},
    {"value": [*TAKES], "taken": [*TAKES]},
    *[{"value": value, "taken": []} for value in UNREADABLE],
]
ODD: tuple[JsonValue, ...] = (None, [], {}, {"iban": None}, {"iban": ["x"]}, {"i ban": "x"})
MEMBERS: list[JsonValue] = [{"value": ANSWERS, "read": ANSWERS}, *[{"value": value, "read": {}} for value in ODD]]


def invited(invitation=INVITATION, organisation=AGENCY):
    partner = PARTNERS[organisation]
    return sign_form_invitation(invitation, partner.signer, partner.x5c)


def refused():
    signer = PARTNERS[AGENCY]
    return {
        "signed by another organisation": ("NotTrusted", invited(organisation=BANK)),
        "another type": (
            "NotAuthentic",
            sign_as_organisation("usage-report+jwt", INVITATION.to_claims(), signer.signer, signer.x5c),
        ),
        "another nonce": ("NotAuthentic", invited(replace(INVITATION, nonce="another"))),
        "another service": ("NotAuthentic", invited(replace(INVITATION, service="kita"))),
        "another host": ("NotAuthentic", invited(replace(INVITATION, endpoint="https://evil.example/notes"))),
        "over": ("NotValidNow", invited(replace(INVITATION, expires_at=NOW))),
        "from the future": (
            "NotValidNow",
            invited(replace(INVITATION, issued_at=NOW + 301, expires_at=NOW + 900)),
        ),
    }


def sealed(content=None):
    """What travels to the endpoint: by our own side, or with content that it would not seal."""
    if content is None:
        return seal_notes(INVITATION, ANSWERS, ephemeral=seeded_key(6402), random_bytes=seeded(6403))["notes"]
    return encrypt_jwe(
        encode_json(content),
        KEY.public_key,
        enc=ENCRYPTIONS[0],
        kid=None,
        ephemeral=seeded_key(6402),
        random_bytes=seeded(6403),
    )


def made() -> JsonObject:
    return {
        "about": "Vectors of docs/sovereignty/catalogue.md: answers noted before. Keys are published: never use them.",
        "now": NOW,
        "partners": {each.organisation.identifier: each.to_dict() for each in PARTNERS.values()},
        "service": WIRE,
        "takes_answers": ANNOUNCED,
        "answers": MEMBERS,
        "form": {"takes": [*TAKES], "answers": BESIDES, "kept": {"iban": ANSWERS["iban"], "agreed": True}},
        "invitation": {"nonce": NONCE, "token": invited(), "claims": INVITATION.to_claims(), "key": private_jwk(KEY)},
        "refused_invitations": [
            {"name": name, "flaw": flaw, "token": token} for name, (flaw, token) in refused().items()
        ],
        "notes": [
            {"name": "good", "notes": sealed(), "read": ANSWERS},
            {"name": "malformed answers", "notes": sealed({"nonce": NONCE, "answers": {"iban": ["x"]}}), "read": {}},
            {"name": "another nonce", "notes": sealed({"nonce": "x", "answers": ANSWERS}), "flaw": "NotAuthentic"},
            {"name": "no nonce", "notes": sealed({"answers": ANSWERS}), "flaw": "Malformed"},
        ],
    }


def test_the_vectors_are_current():
    check_current(FILE, made())


VECTORS: dict[str, Any] = json.loads((FOLDER / FILE).read_bytes()) if (FOLDER / FILE).exists() else made()


def named(vectors):
    return pytest.mark.parametrize("vector", [pytest.param(each, id=each["name"]) for each in vectors])


def flaw_of(vector):
    return getattr(protocol.errors, vector["flaw"])


def verify(token):
    response = HttpResponse(200, (("content-type", MEDIA_TYPE),), token.encode())
    nonce = VECTORS["invitation"]["nonce"]
    return verify_form_invitation(response, SERVICE, nonce, anchors=ANCHORS, now=VECTORS["now"]).invitation


def test_an_announcement_is_read_or_ignored():
    for vector in VECTORS["takes_answers"]:
        assert [*announced_answers({"takes_answers": vector["value"]})] == vector["taken"]


def test_answers_next_to_a_presentation_are_read_or_ignored():
    for vector in VECTORS["answers"]:
        assert read_answers_member({"answers": vector["value"]}) == vector["read"]


def test_what_the_form_does_not_take_is_left_out():
    form = VECTORS["form"]
    assert SERVICE.asks is not None
    assert fitting(form["answers"], SERVICE.asks, form["takes"]) == form["kept"]


def test_the_invitation_is_accepted():
    assert verify(VECTORS["invitation"]["token"]).to_claims() == VECTORS["invitation"]["claims"]
    assert TYP == "form-invitation+jwt"


@named(VECTORS["refused_invitations"])
def test_an_invitation_is_refused(vector):
    with pytest.raises(flaw_of(vector)):
        verify(vector["token"])


@named(VECTORS["notes"])
def test_notes_are_opened_or_refused(vector):
    key = P256Key.from_jwk(VECTORS["invitation"]["key"])
    if "flaw" in vector:
        with pytest.raises(flaw_of(vector)):
            open_notes(vector["notes"], NONCE, key)
    else:
        assert open_notes(vector["notes"], NONCE, key) == vector["read"]
