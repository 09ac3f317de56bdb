"""An invitation to bring notes to a form: from the provider of the service alone, for one question, and sealed to one key."""

from dataclasses import replace

import pytest

from protocol.encoding import encode_json
from protocol.errors import InvalidRequest, Malformed, NotAuthentic, NotTrusted, NotValidNow, ProtocolError, Unreachable
from protocol.exchange import HttpResponse
from protocol.fields import Fields
from protocol.jwe import ENCRYPTIONS, encrypt_jwe
from protocol.keys import P256Key
from protocol.sovereignty.form_invitation import (
    MEDIA_TYPE,
    FormInvitation,
    ask_for_invitation,
    bring_notes,
    open_notes,
    read_form_address,
    seal_notes,
    sign_form_invitation,
    verify_form_invitation,
)
from protocol.sovereignty.service import Service
from protocol.trust.anchors import Role, TrustAnchors
from tests.support.pki import NOW, Template, make_pki, seeded, seeded_key

KEY = P256Key.generate(seeded(1))
ACCESS = make_pki(
    Template(common_name="Library", identifier="VATDE-1", country="DE"), key=seeded_key(2), role=Role.VERIFIER
)
OTHER = make_pki(
    Template(common_name="Other", identifier="VATDE-2", country="DE"), key=seeded_key(3), role=Role.VERIFIER
)
SERVICE = Service.from_fields(
    Fields(
        {
            "id": "card", "provider": {"identifier": "VATDE-1", "country": "DE", "name": "Library"},
            "name": {"en": "Card"}, "summary": {"en": "A card"}, "start": "https://library.example/start", "registration": "x",
            "asks": {"type": "object", "properties": {"email": {"type": "string", "title": {"en": "E-mail"}}}},
        },
        "service",
    )
)  # fmt: skip
NONCE = "nonce-of-the-wallet"
INVITATION = FormInvitation(
    "card", NONCE, ("email",), "https://library.example/notes", KEY.public_key, "state-1", NOW, NOW + 600
)


def served(invitation=INVITATION, pki=ACCESS, **changes):
    text = sign_form_invitation(invitation, pki.signer, pki.x5c)
    return replace(HttpResponse(200, (("content-type", MEDIA_TYPE),), text.encode()), **changes)


def verify(response, service=SERVICE, nonce=NONCE, now=NOW):
    anchors = TrustAnchors([ACCESS.anchor, OTHER.anchor])
    return verify_form_invitation(response, service, nonce, anchors=anchors, now=now)


def test_it_is_read_as_it_was_signed():
    assert verify(served()).invitation == INVITATION


def test_the_question_says_nothing_but_a_nonce():
    asked = ask_for_invitation(SERVICE, NONCE)
    assert (asked.method, asked.url, asked.body) == ("POST", SERVICE.start, f"wallet_nonce={NONCE}".encode())
    assert dict(asked.headers)["accept"] == MEDIA_TYPE


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (served(pki=OTHER), NotTrusted),
        (served(replace(INVITATION, nonce="another")), NotAuthentic),
        (served(replace(INVITATION, service="other")), NotAuthentic),
        (served(replace(INVITATION, endpoint="https://evil.example/notes")), NotAuthentic),
        (served(replace(INVITATION, expires_at=NOW)), NotValidNow),
        (served(replace(INVITATION, issued_at=NOW + 1000, expires_at=NOW + 2000)), NotValidNow),
        (served(status=404), InvalidRequest),
        (served(headers=(("content-type", "text/html"),)), InvalidRequest),
        (served(body=b"nothing"), Malformed),
    ],
    ids=["signer", "nonce", "service", "host", "over", "future", "status", "type", "broken"],
)  # fmt: skip
def test_anything_else_is_refused(response, error):
    """T181, T159: who invites is the provider, and for this question."""
    with pytest.raises(error):
        verify(response)


def test_whoever_is_not_trusted_invites_nobody():
    with pytest.raises(NotTrusted):
        verify_form_invitation(served(), SERVICE, NONCE, anchors=TrustAnchors([]), now=NOW)


def seal(**answers):
    return seal_notes(INVITATION, answers, ephemeral=P256Key.generate(seeded(4)), random_bytes=seeded(5))


def test_what_is_sealed_is_read_by_the_key_alone():
    form = seal(email="a@b.example")
    assert form["state"] == "state-1"
    assert "a@b" not in str(bring_notes(INVITATION, form))
    assert open_notes(form["notes"], NONCE, KEY) == {"email": "a@b.example"}
    with pytest.raises(NotAuthentic):
        open_notes(form["notes"], NONCE, P256Key.generate(seeded(6)))


def test_what_was_sealed_to_another_invitation_is_refused():
    """T165"""
    with pytest.raises(NotAuthentic):
        open_notes(seal(email="a")["notes"], "another nonce", KEY)


def test_what_was_not_announced_cannot_be_sealed():
    with pytest.raises(ValueError, match="announced"):
        seal(iban="DE1")


def test_malformed_notes_are_no_answers():
    plain = encode_json({"nonce": NONCE, "answers": {"email": ["a"]}})
    sealed = encrypt_jwe(
        plain,
        KEY.public_key,
        enc=ENCRYPTIONS[0],
        kid=None,
        ephemeral=P256Key.generate(seeded(4)),
        random_bytes=seeded(5),
    )
    assert open_notes(sealed, NONCE, KEY) == {}
    with pytest.raises(ProtocolError):
        open_notes("a.b.c", NONCE, KEY)


def said(address, status=200):
    return HttpResponse(status, (("content-type", "application/json"),), encode_json({"redirect_uri": address}))


def test_the_form_stands_on_the_host_that_invited():
    assert read_form_address(said("https://library.example/x?code=1"), INVITATION) == "https://library.example/x?code=1"
    with pytest.raises(NotAuthentic):
        read_form_address(said("https://evil.example/x"), INVITATION)
    with pytest.raises(Unreachable):
        read_form_address(said("https://library.example/x", 500), INVITATION)
    with pytest.raises(Malformed):
        read_form_address(said("javascript:alert(1)"), INVITATION)
