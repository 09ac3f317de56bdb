"""How what a citizen noted reaches the form of a service that needs no document: an invitation, and what is sealed to it.

Such a service makes no request, so there is no answer with which notes could go along (docs/sovereignty/catalogue.md). A wallet
asks the service's address for an invitation instead: who invites, which questions the form takes answers to, and a key. What is
ticked is sealed to that key, and whoever invited says where the form stands in which it is proposed.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from protocol.encoding import JsonObject, JsonValue, encode_json, read_json_object
from protocol.errors import InvalidRequest, NotAuthentic, NotValidNow, Unreachable
from protocol.exchange import HttpRequest, HttpResponse
from protocol.fields import Fields
from protocol.jwe import ENCRYPTIONS, Jwe, decrypt_jwe, encrypt_jwe
from protocol.keys import Decrypter, P256Key, PublicKey, RandomBytes, Signer
from protocol.oid4vp.request_uri import FORM, RequestUriForm, request_object_post
from protocol.sovereignty.answers import announce_answers, announced_answers, answers_member, read_answers_member
from protocol.sovereignty.service import MAX_ID, Service
from protocol.sovereignty.signing import sign_as_organisation, verify_organisation_object
from protocol.trust.anchors import TrustAnchors, TrustedParty

TYP = "form-invitation+jwt"
MEDIA_TYPE = f"application/{TYP}"
LIFETIME = 600  # seconds
MAX_STATE = 4096  # characters
MAX_NONCE = 512
MAX_SEALED = 256 * 1024  # characters
MAX_ANSWER = 64 * 1024  # bytes of what comes back
_AT = "form_invitation"


@dataclass(frozen=True, slots=True)
class FormInvitation:
    """What the provider of a service says to a wallet that has notes for its form."""

    service: str
    nonce: str  # as the wallet posted it
    takes: tuple[str, ...]  # questions whose answers the form takes
    endpoint: str  # https URL that takes what is sealed
    key: PublicKey  # on P-256, for this invitation alone
    state: str  # opaque; goes back as it is
    issued_at: int  # epoch seconds
    expires_at: int

    def to_claims(self) -> JsonObject:
        """What is signed."""
        return {
            "service": self.service,
            "nonce": self.nonce,
            **announce_answers(self.takes),
            "endpoint": self.endpoint,
            "key": self.key.to_jwk(),
            "state": self.state,
            "iat": self.issued_at,
            "exp": self.expires_at,
        }


@dataclass(frozen=True, slots=True)
class VerifiedInvitation:
    """An invitation, and who signed it."""

    invitation: FormInvitation
    party: TrustedParty


def sign_form_invitation(invitation: FormInvitation, signer: Signer, x5c: tuple[str, ...]) -> str:
    """The invitation as it travels; what nobody would read is a ValueError."""
    return sign_as_organisation(TYP, invitation.to_claims(), signer, x5c)


def ask_for_invitation(service: Service, nonce: str) -> HttpRequest:
    """The question at the address where a service begins: the nonce alone, and nothing of the citizen."""
    asked = request_object_post(service.start, RequestUriForm(nonce))
    headers = tuple([(name, value) for name, value in asked.headers if name != "accept"])
    return HttpRequest(asked.method, asked.url, (*headers, ("accept", MEDIA_TYPE)), asked.body)


def verify_form_invitation(
    response: HttpResponse, service: Service, nonce: str, *, anchors: TrustAnchors, now: int
) -> VerifiedInvitation:
    """Check that it is the provider of the service who invites, now, and for this question.

    Not checked here: that its certificate was not revoked.

    Raises:
        InvalidRequest: whoever is there invites nobody.
        Malformed, TooLarge, Unsupported: it cannot be read.
        NotAuthentic: another signature, nonce or service, or an endpoint on another host than the address in the catalogue.
        NotTrusted: somebody else signed it.
        NotValidNow: it is from the future, or its time is over.
    """
    if response.status != 200 or response.media_type() != MEDIA_TYPE:
        raise InvalidRequest("this service takes no notes")
    signed = verify_organisation_object(
        response.body.decode("ascii", "replace"),
        typ=TYP,
        signers=(service.provider.organisation,),
        anchors=anchors,
        now=now,
        at=_AT,
    )
    read = _read(signed.claims, signed.issued_at)
    if not hmac.compare_digest(read.nonce.encode(), nonce.encode()) or read.service != service.id:
        raise NotAuthentic(f"{_AT}: is for another question")
    if urlsplit(read.endpoint).netloc != urlsplit(service.start).netloc:
        raise NotAuthentic(f"{_AT}.endpoint: is on another host than the service")
    if now >= read.expires_at:
        raise NotValidNow(f"{_AT}: its time is over")
    return VerifiedInvitation(read, signed.party)


def seal_notes(
    invitation: FormInvitation, answers: Mapping[str, JsonValue], *, ephemeral: P256Key, random_bytes: RandomBytes
) -> dict[str, str]:
    """What the citizen ticked, as the form that is posted: nobody but whoever invited can read it."""
    if not answers.keys() <= set(invitation.takes):
        raise ValueError("only what was announced goes along")
    payload = encode_json({"nonce": invitation.nonce, **answers_member(answers)})
    sealed = encrypt_jwe(
        payload, invitation.key, enc=ENCRYPTIONS[0], kid=None, ephemeral=ephemeral, random_bytes=random_bytes
    )
    return {"state": invitation.state, "notes": sealed}


def open_notes(sealed: str, nonce: str, key: Decrypter) -> JsonObject:
    """The answers that were sealed to an invitation; empty: none that can be read as such. Whether they fit is not checked.

    Raises:
        Malformed, TooLarge, Unsupported, NotAuthentic: it cannot be opened, or is for another invitation.
    """
    plain = decrypt_jwe(Jwe.from_compact(sealed, "notes", max_characters=MAX_SEALED), key, at="notes")
    members = read_json_object(plain, "notes")
    said = Fields(members, "notes").text("nonce", max_length=MAX_NONCE)
    if not hmac.compare_digest(said.encode(), nonce.encode()):
        raise NotAuthentic("notes: are for another invitation")
    return read_answers_member(members)


def bring_notes(invitation: FormInvitation, sealed: Mapping[str, str]) -> HttpRequest:
    """How what was sealed is brought."""
    body = urlencode(sealed).encode("ascii")
    return HttpRequest("POST", invitation.endpoint, (("content-type", FORM),), body, max_bytes=MAX_ANSWER)


def read_form_address(response: HttpResponse, invitation: FormInvitation) -> str:
    """Where the form stands in which the notes are proposed: an address on the host that invited.

    Raises:
        Unreachable: it did not take them.
        Malformed: it answers something else.
        NotAuthentic: it leads elsewhere.
    """
    if response.status != 200:
        raise Unreachable("the notes were not taken")
    address = Fields(response.json("notes", max_bytes=MAX_ANSWER), "notes").https_url("redirect_uri")
    if urlsplit(address).netloc != urlsplit(invitation.endpoint).netloc:
        raise NotAuthentic("notes.redirect_uri: leads to another host")
    return address


def _read(claims: Fields, issued_at: int) -> FormInvitation:
    return FormInvitation(
        service=claims.text("service", max_length=MAX_ID),
        nonce=claims.text("nonce", max_length=MAX_NONCE),
        takes=announced_answers(claims.members),
        endpoint=claims.https_url("endpoint"),
        key=PublicKey.from_jwk(claims.required("key"), f"{_AT}.key"),
        state=claims.text("state", max_length=MAX_STATE),
        issued_at=issued_at,
        expires_at=claims.time("exp"),
    )
