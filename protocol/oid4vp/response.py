"""The answer on its way: clear, encrypted or an error instead, and what the verifier says to it (OID4VP 1.0 §8)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from protocol.encoding import JsonObject, JsonValue, encode_json, read_json_object
from protocol.errors import Flaw, InvalidRequest, Malformed, raised_as
from protocol.fields import MAX_URL, Fields, read_https_url
from protocol.jwe import ENCRYPTIONS, Jwe, decrypt_jwe, encrypt_jwe
from protocol.keys import Decrypter, P256Key, RandomBytes
from protocol.oid4vp.request import DIRECT_POST_JWT, MAX_NONCE, AuthorizationRequest, ClientMetadata, EncryptionKey
from protocol.sovereignty.answers import answers_member, read_answers_member
from protocol.sovereignty.cockpit import CockpitKey, key_field, key_member, read_key_field, read_key_member
from protocol.sovereignty.receipt_travel import carried_receipt, carry_receipt

MAX_PRESENTATIONS = 32  # for one credential query
MAX_QUERIES = 64
MAX_PRESENTATION = 256 * 1024  # characters
MAX_VP_TOKEN = 1 << 20  # bytes
MAX_DESCRIPTION = 300  # characters that we keep of what a wallet says

# §8.5 and RFC 6749 §4.1.2.1
ERROR_CODES = frozenset((
    "invalid_request", "invalid_client", "invalid_scope", "access_denied", "server_error", "temporarily_unavailable",
    "unauthorized_client", "unsupported_response_type", "vp_formats_not_supported", "invalid_request_uri_method",
    "invalid_transaction_data", "wallet_unavailable",
))  # fmt: skip

_QUERY_ID = re.compile(r"[A-Za-z0-9_-]{1,256}")
_FRAGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*")

Presentation = str | JsonObject


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """What the wallet presents, by the id of the query that it answers (§8.1); nothing in it is verified."""

    vp_token: Mapping[str, tuple[Presentation, ...]]
    state: str | None = None
    cockpit_key: CockpitKey | None = None  # ours (docs/sovereignty/receipts.md); a malformed one is none
    answers: Mapping[str, JsonValue] = field(default_factory=dict)  # ours (docs/sovereignty/catalogue.md), for a form

    @classmethod
    def from_dict(cls, value: object, at: str = "response") -> Self:
        """Read the members of an answer; unknown ones are ignored.

        Raises:
            Malformed: `vp_token` is no object of arrays that are not empty (T176), or `state` no text.
        """
        response = Fields(value, at)
        answers = response.object("vp_token")
        if not answers.members or len(answers.members) > MAX_QUERIES:
            raise Malformed(answers.at, f"must have 1 to {MAX_QUERIES} members")
        if not all(_QUERY_ID.fullmatch(id_) for id_ in answers.members):
            raise Malformed(answers.at, "has a member that cannot be the id of a query")
        vp_token = {
            id_: tuple(
                _presentation(item, f"{answers.path(id_)}[{i}]")
                for i, item in enumerate(answers.array(id_, max_items=MAX_PRESENTATIONS))
            )
            for id_ in answers.members
        }
        state = response.optional_text("state", max_length=MAX_NONCE)
        return cls(vp_token, state, read_key_member(response.members), read_answers_member(response.members))

    def to_dict(self) -> JsonObject:
        """The members of an answer."""
        members: JsonObject = {"vp_token": {id_: list(found) for id_, found in self.vp_token.items()}}
        if self.state is not None:
            members["state"] = self.state
        if self.answers:
            members.update(answers_member(self.answers))
        return members if self.cockpit_key is None else {**members, **key_member(self.cockpit_key)}

    def to_form(self) -> dict[str, str]:
        """The form fields of a clear answer (§8.2); what somebody noted for a form never travels in clear."""
        members = self.to_dict()
        form = {"vp_token": encode_json(members["vp_token"]).decode("utf-8")}
        if self.state is not None:
            form["state"] = self.state
        return form if self.cockpit_key is None else {**form, **key_field(self.cockpit_key)}

    def to_encrypted_form(
        self, key: EncryptionKey, enc: str, ephemeral: P256Key, random_bytes: RandomBytes
    ) -> dict[str, str]:
        """The form field of an encrypted answer (§8.3.1); `ephemeral` was made for this one."""
        return {"response": self.encrypted(key, enc, ephemeral, random_bytes)}

    def encrypted(self, key: EncryptionKey, enc: str, ephemeral: P256Key, random_bytes: RandomBytes) -> str:
        """The answer as an encrypted token (§8.3); `ephemeral` was made for this one."""
        payload = encode_json(self.to_dict())
        return encrypt_jwe(payload, key.key, enc=enc, kid=key.kid, ephemeral=ephemeral, random_bytes=random_bytes)


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """Why the wallet presents nothing (§8.5)."""

    error: str
    error_description: str = ""
    state: str | None = None

    @classmethod
    def from_dict(cls, value: object, at: str = "response") -> Self:
        """Read an error; a code of nobody's specification becomes `other`, and the description is cut short (T193).

        Raises:
            Malformed: a member is no text.
        """
        response = Fields(value, at)
        error = response.text("error")
        description = response.optional_text("error_description", max_length=MAX_VP_TOKEN) or ""
        printable = "".join(c if " " <= c <= "~" else " " for c in description[:MAX_DESCRIPTION])
        return cls(
            error=error if error in ERROR_CODES else "other",
            error_description=printable,
            state=response.optional_text("state", max_length=MAX_NONCE),
        )

    def to_form(self) -> dict[str, str]:
        """The form fields (§8.2)."""
        form = {"error": self.error, "error_description": self.error_description, "state": self.state}
        return {name: value for name, value in form.items() if value}


@dataclass(frozen=True, slots=True)
class ResponseKey:
    """The verifier's private side of one request's encryption (T192: one key for one request)."""

    kid: str
    decrypter: Decrypter
    encs: Collection[str] = ENCRYPTIONS  # what the request offered


def read_response_form(
    form: Mapping[str, str], *, response_mode: str, key: ResponseKey | None
) -> AuthorizationResponse | ErrorResponse:
    """Read what was posted to the response URI. Unknown fields are ignored (T182).

    Errors may come in clear in every mode (§8.3.1). `key` belongs to `direct_post.jwt` and to nothing else.

    Raises:
        InvalidRequest: a clear answer where encryption was asked (T180), what cannot be decrypted, for whatever reason
            (T181), or a shape that is no answer (T176).
    """
    if (key is not None) != (response_mode == DIRECT_POST_JWT):
        raise ValueError("a key belongs to direct_post.jwt and to nothing else")
    with raised_as(InvalidRequest):
        fields = Fields(dict[str, JsonValue](form), "response")
        if "error" in fields and "vp_token" not in fields and "response" not in fields:
            return ErrorResponse.from_dict(fields.members)
        if key is not None:
            if "response" not in fields or "vp_token" in fields:
                raise InvalidRequest("response: must be encrypted")
            return decrypt_response(fields.members["response"], key)
        if "response" in fields:
            raise InvalidRequest("response: encryption was not asked")
        vp_token = form.get("vp_token", "")
        members: JsonObject = {
            "vp_token": read_json_object(_utf8(vp_token), "response.vp_token", max_bytes=MAX_VP_TOKEN)
        }
        if "state" in fields:
            members["state"] = fields.members["state"]
        return replace(AuthorizationResponse.from_dict(members), cockpit_key=read_key_field(form))


def peek_key_id(form: Mapping[str, str]) -> str | None:
    """The key that an encrypted answer was made for, to find the request by; None if there is none to see."""
    try:
        return Jwe.from_compact(form.get("response", ""), "response").kid
    except Flaw:
        return None


@dataclass(frozen=True, slots=True)
class ResponseAccepted:
    """What the verifier says once it has an answer (§8.2): perhaps where the user goes on."""

    redirect_uri: str | None = None
    receipt: str | None = None  # ours (docs/sovereignty/receipts.md); whoever does not know it ignores it

    @classmethod
    def from_dict(cls, value: object, at: str = "verifier's answer") -> Self:
        """Read it; only an https URL of bounded length may be opened (T172).

        Raises:
            Malformed: no object, or a `redirect_uri` that must not be opened.
        """
        answer = Fields(value, at)
        return cls(_redirect_uri(answer) if "redirect_uri" in answer.members else None, carried_receipt(answer.members))

    def to_dict(self) -> JsonObject:
        """The JSON body."""
        members: JsonObject = {} if self.redirect_uri is None else {"redirect_uri": self.redirect_uri}
        return members if self.receipt is None else carry_receipt(members, self.receipt)


def check_cockpit_asked(metadata: ClientMetadata | None, cockpit_key: CockpitKey | None) -> None:
    """Check that a key goes only to whoever announced a cockpit; else it is a ValueError."""
    if cockpit_key is not None and (metadata is None or metadata.cockpit_endpoint is None):
        raise ValueError("a cockpit key goes to those alone who announced a cockpit")


def taken_answers(request: AuthorizationRequest) -> tuple[str, ...]:
    """The questions of a form whose answers may go with an answer: those that are announced, where it is encrypted."""
    metadata = request.client_metadata
    return metadata.takes_answers if metadata is not None and request.response_mode == DIRECT_POST_JWT else ()


def check_answers_asked(request: AuthorizationRequest, answers: Mapping[str, JsonValue]) -> None:
    """Check that answers go only to whoever takes them, and only encrypted; else it is a ValueError."""
    if not answers.keys() <= set(taken_answers(request)):
        raise ValueError("answers go to those alone who take them, and encrypted")


def _presentation(value: JsonValue, at: str) -> Presentation:
    if isinstance(value, str) and 0 < len(value) <= MAX_PRESENTATION:
        return value
    if isinstance(value, dict) and value:
        return value
    raise Malformed(at, f"must be an object or a text of 1 to {MAX_PRESENTATION} characters")


def decrypt_response(token: JsonValue, key: ResponseKey) -> AuthorizationResponse | ErrorResponse:
    """Read an encrypted answer. One refusal for everything up to the plain text: no answer tells which step failed (T181).

    Raises:
        InvalidRequest: it cannot be decrypted.
        Malformed: what was inside is no answer.
    """
    try:
        jwe = Jwe.from_compact(token if isinstance(token, str) else "", "response")
        if jwe.kid is None or not hmac.compare_digest(jwe.kid.encode(), key.kid.encode()) or jwe.cty is not None:
            raise Malformed("response", "is not for this request")
        members = read_json_object(decrypt_jwe(jwe, key.decrypter, encs=key.encs), "response")
    except Flaw as flaw:
        raise InvalidRequest("response: cannot be decrypted") from flaw
    if "error" in members and "vp_token" not in members:
        return ErrorResponse.from_dict(members)
    return AuthorizationResponse.from_dict(members)


def _redirect_uri(answer: Fields) -> str:
    at = answer.path("redirect_uri")
    url = answer.text("redirect_uri", max_length=MAX_URL)
    base, _, fragment = url.partition("#")  # §8.2: the response code may stand in the fragment
    read_https_url(base, at)
    if not _FRAGMENT.fullmatch(fragment):
        raise Malformed(at, "has characters that a URL cannot have")
    return url


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # lone surrogates become bytes that no JSON reader takes
