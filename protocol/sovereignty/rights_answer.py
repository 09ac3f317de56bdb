"""What a partner hands out: the data, files and the information that goes with them (GDPR Art. 15, 20).

`rights-answer+jwt`, signed by the partner, inside a JWE (ECDH-ES, A256GCM, `cty` `JWT`) to the `enc_jwk` of the request. The
status of the request names the hash of the JWE, which is at `GET {cockpit_endpoint}/rights/{id}/answer`. A file travels
likewise, in a JWE to the same key, from `…/rights/{id}/files/{hash}`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from protocol.encoding import JsonObject, JsonValue, encode_base64url, encode_json, sha256
from protocol.errors import Flaw, Malformed, NotAuthentic, NotForThisRequest
from protocol.fields import Fields
from protocol.jwe import MAX_JWE, Jwe, decrypt_jwe, encrypt_jwe
from protocol.keys import Decrypter, P256Key, RandomBytes, Signer
from protocol.sovereignty.canonical import read_hash
from protocol.sovereignty.claims import MAX_ID, MAX_QUERIES, ClaimsByQuery
from protocol.sovereignty.rights import HANDS_OUT, Right, VerifiedRightsRequest, read_id, read_right
from protocol.sovereignty.rights_status import RightsStatus, SentRequest
from protocol.sovereignty.signing import (
    Organisation,
    OrganisationObject,
    hash_text,
    sign_as_organisation,
    verify_organisation_object,
)
from protocol.sovereignty.wording import Wording, read_optional_wording, read_wording, write_wording
from protocol.trust.anchors import TrustAnchors

TYP = "rights-answer+jwt"
ENC = "A256GCM"
CTY = "JWT"
FILE_CTY = "application/octet-stream"
MAX_ANSWER = 768 * 1024  # characters of the signed token, so that its JWE stays under 1 MiB
MAX_FILES = 256
MAX_FILE = 16 * 1024 * 1024  # bytes
MAX_NAME = 256  # characters
MAX_RECIPIENTS = 256
_AT = "rights answer"
_AT_FILE = "file"
_SEPARATORS = frozenset('/\\:*?"<>|')


class NamedRecipient(NamedTuple):
    """Who got the data: the actual organisation, or a private person by role (CJEU C-154/21)."""

    name: str
    identifier: str | None
    purpose: Wording


@dataclass(frozen=True, slots=True)
class Information:
    """What Art. 15(1) asks for beside the data, letter by letter."""

    purposes: Wording  # (a)
    categories: Wording  # (b)
    recipients: tuple[NamedRecipient, ...]  # (c); empty: nobody
    retention: Wording  # (d)
    rights: Wording  # (e)
    authority: Wording  # (f)
    source: Wording  # (g)
    automated_decisions: Wording  # (h): whether there are any, their logic and consequences
    transfers: Wording = ()  # Art. 15(2): safeguards where data leaves the Union

    @classmethod
    def from_fields(cls, information: Fields) -> Self:
        """Read the wire form.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        at = information.path("recipients")
        recipients = information.required("recipients")
        if not isinstance(recipients, list) or len(recipients) > MAX_RECIPIENTS:
            raise Malformed(at, f"must be an array of at most {MAX_RECIPIENTS} recipients")
        return cls(
            purposes=read_wording(information, "purposes"),
            categories=read_wording(information, "categories"),
            recipients=tuple([_read_recipient(Fields(item, f"{at}[{i}]")) for i, item in enumerate(recipients)]),
            retention=read_wording(information, "retention"),
            rights=read_wording(information, "rights"),
            authority=read_wording(information, "authority"),
            source=read_wording(information, "source"),
            automated_decisions=read_wording(information, "automated_decisions"),
            transfers=read_optional_wording(information, "transfers"),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {
            "purposes": write_wording(self.purposes),
            "categories": write_wording(self.categories),
            "recipients": list[JsonValue](map(_write_recipient, self.recipients)),
            "retention": write_wording(self.retention),
            "rights": write_wording(self.rights),
            "authority": write_wording(self.authority),
            "source": write_wording(self.source),
            "automated_decisions": write_wording(self.automated_decisions),
        }
        if self.transfers:
            members["transfers"] = write_wording(self.transfers)
        return members


class AnsweredFile(NamedTuple):
    """A file that goes with an answer and travels apart."""

    name: str
    media_type: str
    size: int  # bytes
    hash: str  # of its bytes


@dataclass(frozen=True, slots=True)
class RightsAnswer:
    """What a partner hands out for one request."""

    id: str
    request: str  # hash of the compact rights-request+jwt
    receipt: str
    right: Right
    issued_at: int  # epoch seconds
    data: Mapping[str, JsonValue]  # by query id
    files: tuple[AnsweredFile, ...] = ()
    information: Information | None = None  # always there for access

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read the claims; unknown ones are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape, a file is named twice, or access without information.
            Unsupported: a right that hands out nothing.
        """
        right = read_right(claims, "right")
        if right not in HANDS_OUT:
            raise Malformed(claims.path("right"), "must be one that hands out data")
        data = claims.object("data")
        if len(data.members) > MAX_QUERIES or not all(0 < len(id_) <= MAX_ID for id_ in data.members):
            raise Malformed(data.at, f"must have at most {MAX_QUERIES} members, each the id of a query")
        files = tuple(map(_read_file, claims.optional_objects("files", max_items=MAX_FILES)))
        if len({file.hash for file in files}) != len(files):
            raise Malformed(claims.path("files"), "has a file twice")
        told = claims.object("information") if right is Right.ACCESS else claims.optional_object("information")
        return cls(
            id=read_id(claims, "id"),
            request=read_hash(claims, "request"),
            receipt=read_id(claims, "receipt"),
            right=right,
            issued_at=claims.time("iat"),
            data=data.members,
            files=files,
            information=None if told is None else Information.from_fields(told),
        )

    def to_claims(self) -> JsonObject:
        """The claims of the wire form."""
        members: JsonObject = {
            "id": self.id,
            "request": self.request,
            "receipt": self.receipt,
            "right": self.right.value,
            "iat": self.issued_at,
            "data": dict(self.data),
        }
        if self.files:
            members["files"] = list[JsonValue]([_write_file(file) for file in self.files])
        if self.information is not None:
            members["information"] = self.information.to_dict()
        return members


@dataclass(frozen=True, slots=True)
class VerifiedRightsAnswer:
    """An answer of the partner that was asked, to this request."""

    says: RightsAnswer
    signed: OrganisationObject


def seal_rights_answer(
    answer: RightsAnswer,
    request: VerifiedRightsRequest,
    signer: Signer,
    x5c: tuple[str, ...],
    *,
    ephemeral: P256Key,
    random_bytes: RandomBytes,
) -> str:
    """Sign an answer and encrypt it to the request's key. One that is too large or not for this request is a ValueError."""
    key = request.says.enc_key
    if key is None or (answer.request, answer.receipt, answer.right) != (
        request.hash,
        request.says.receipt,
        request.says.right,
    ):
        raise ValueError("the answer is to another request")
    claims = answer.to_claims()
    try:
        RightsAnswer.from_fields(Fields(claims, _AT))
    except Flaw as error:
        raise ValueError(error.description) from error
    if len(encode_json(claims)) > MAX_ANSWER // 2:
        raise ValueError("the answer is too large: what is large goes into files")
    token = sign_as_organisation(TYP, claims, signer, x5c)
    return encrypt_jwe(
        token.encode("ascii"),
        key,
        enc=ENC,
        kid=None,
        ephemeral=ephemeral,
        random_bytes=random_bytes,
        extra={"cty": CTY},
    )


def open_rights_answer(
    text: str,
    decrypter: Decrypter,
    sent: SentRequest,
    status: RightsStatus,
    *,
    receipt: str,
    partner: Collection[Organisation],
    anchors: TrustAnchors,
    now: int,
) -> VerifiedRightsAnswer:
    """Decrypt and check what a partner hands out; `status` is the verified one that names it.

    Raises:
        NotForThisRequest: not the answer that the status names, or to another request, receipt or right; or of a query
            that the receipt does not have.
        NotAuthentic, NotTrusted, NotValidNow, Malformed, TooLarge, Unsupported: it cannot be decrypted, read or believed.
    """
    if hash_text(text) != status.answer:
        raise NotForThisRequest(f"{_AT}: is not the one that the status names")
    token = _decrypt(text, decrypter, cty=CTY, at=_AT, max_characters=MAX_JWE)
    try:
        compact = token.decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed(_AT, "is not a signed token") from error
    signed = verify_organisation_object(
        compact, typ=TYP, signers=partner, anchors=anchors, now=now, at=_AT, max_characters=MAX_ANSWER
    )
    says = RightsAnswer.from_fields(signed.claims)
    if (says.id, says.request, says.receipt, says.right) != (status.id, sent.hash, receipt, sent.right):
        raise NotForThisRequest(f"{_AT}: is to another request")
    _check_queries(says, sent.claims)
    return VerifiedRightsAnswer(says, signed)


def describe_file(name: str, media_type: str, content: bytes) -> AnsweredFile:
    """How an answer names a file."""
    return AnsweredFile(name, media_type, len(content), encode_base64url(sha256(content)))


def seal_file(content: bytes, request: VerifiedRightsRequest, *, ephemeral: P256Key, random_bytes: RandomBytes) -> str:
    """Encrypt a file of an answer to the request's key. One that is too large is a ValueError."""
    key = request.says.enc_key
    if key is None or len(content) > MAX_FILE:
        raise ValueError("the file is too large, or the request has no key to encrypt to")
    return encrypt_jwe(
        content, key, enc=ENC, kid=None, ephemeral=ephemeral, random_bytes=random_bytes, extra={"cty": FILE_CTY}
    )


def open_file(text: str, decrypter: Decrypter, file: AnsweredFile) -> bytes:
    """Decrypt a file, and check that it is the one that the signed answer names.

    Raises:
        NotAuthentic: it cannot be decrypted, or is another file.
        Malformed, TooLarge, Unsupported: it cannot be read.
    """
    limit = 4096 + file.size * 4 // 3 + 4
    content = _decrypt(text, decrypter, cty=FILE_CTY, at=_AT_FILE, max_characters=limit)
    if len(content) != file.size or encode_base64url(sha256(content)) != file.hash:
        raise NotAuthentic(f"{_AT_FILE}: is not the one that the answer names")
    return content


def _decrypt(text: str, decrypter: Decrypter, *, cty: str, at: str, max_characters: int) -> bytes:
    jwe = Jwe.from_compact(text, at, max_characters=max_characters)
    # RFC 7515 §4.1.10: compared without case
    if (jwe.cty or "").lower() != cty.lower():
        raise NotAuthentic(f"{at}: holds content of another type")
    return decrypt_jwe(jwe, decrypter, encs=(ENC,), at=at)


def _check_queries(answer: RightsAnswer, claims: ClaimsByQuery) -> None:
    if not claims.keys() >= answer.data.keys():
        raise NotForThisRequest(f"{_AT}.data: is of a query that is not in the receipt")


def _read_recipient(recipient: Fields) -> NamedRecipient:
    return NamedRecipient(
        recipient.text("name", max_length=MAX_NAME),
        recipient.optional_text("identifier", max_length=MAX_NAME),
        read_optional_wording(recipient, "purpose"),
    )


def _write_recipient(recipient: NamedRecipient) -> JsonObject:
    members: JsonObject = {"name": recipient.name}
    if recipient.identifier is not None:
        members["identifier"] = recipient.identifier
    if recipient.purpose:
        members["purpose"] = write_wording(recipient.purpose)
    return members


def read_file_name(file: Fields) -> str:
    """The name of a file; it may become that of a file on the citizen's disk, and nothing but that.

    Raises:
        Malformed: it is none.
    """
    name = file.text("name", max_length=MAX_NAME)
    if not name.isprintable() or name.startswith(".") or not _SEPARATORS.isdisjoint(name):
        raise Malformed(file.path("name"), "must be the plain name of a file")
    return name


def _read_file(file: Fields) -> AnsweredFile:
    return AnsweredFile(
        read_file_name(file),
        file.text("type", max_length=MAX_NAME),
        file.integer("size", maximum=MAX_FILE),
        read_hash(file, "hash"),
    )


def _write_file(file: AnsweredFile) -> JsonObject:
    return {"name": file.name, "type": file.media_type, "size": file.size, "hash": file.hash}
