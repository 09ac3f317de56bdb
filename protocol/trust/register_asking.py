"""Asking a register about somebody who shows no registration certificate but says where they are registered.

EUDI TS5 1.3 §3.2.2 (`GET /wrp/{identifier}`), annex A.1; ARF 3.0 RPRC_18, RPRC_21, RPI_07a; `registrar_dataset` is
`protocol.trust.dataset`. A register that is asked learns whom a wallet meets: whether it is asked is the user's choice, and
only an address is called that a list of registrars has. Of the entry nothing is asked that a wallet does not need.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Self
from urllib.parse import quote

from protocol.dcql.path import read_path
from protocol.dcql.query import CredentialMeta
from protocol.encoding import read_json
from protocol.errors import Malformed, NotAuthentic, NotFound, NotTrusted, Unreachable
from protocol.exchange import Exchange, HttpRequest, send
from protocol.fields import MAX_URL, Fields
from protocol.trust.dataset import MAX_IDENTIFIERS, RegisteredIdentifier, RegistrarDataset
from protocol.trust.list_types import PROFILES, ListType
from protocol.trust.lists import TrustedList
from protocol.trust.localized import Localized, in_language, read_register_texts
from protocol.trust.registrar_api import MEDIA_TYPE, verify_answer
from protocol.trust.registration import MAX_CLAIMS, MAX_CREDENTIALS, MAX_NAME, Contact, RegisteredCredential
from protocol.x509 import Certificate

MAX_AGE = 300  # seconds that an answer may be old: it says how things are now, and nobody may keep one for later
MAX_BYTES = 512 * 1024
MAX_SECONDS = 10.0
MAX_USES = 1000
MAX_JSON = 16 * 1024  # bytes of JSON inside a text

_AT = "register answer"


class Register(NamedTuple):
    """A register that a list of registrars has: where it is asked, and who signs its answers."""

    url: str
    signers: tuple[Certificate, ...]
    name: str


class RegisterQuestion(NamedTuple):
    """What is asked, and of whom; nothing was sent yet."""

    register: Register
    identifier: str
    intended_use: str
    speaker: tuple[str, ...]  # identifiers in the access certificate of who asks the wallet

    @property
    def url(self) -> str:
        """Where it is asked; the identifier is one segment, whatever is in it."""
        return f"{self.register.url}/{quote(self.identifier, safe='')}"


@dataclass(frozen=True, slots=True)
class RegisteredUse:
    """What somebody asks for and why, in a register's word of now."""

    name: str  # trade name
    identifier: str  # as it was asked for
    purpose: tuple[Localized, ...]
    privacy_policy: str
    credentials: tuple[RegisteredCredential, ...]
    supervisory_authority: Contact
    registered_by: str
    through_intermediary: bool  # who asks the wallet asks in their stead
    said_at: int  # epoch seconds; nobody may keep it for longer than `MAX_AGE`
    answer: str = field(repr=False)  # as the register signed it
    contacts: tuple[str, ...] = ()  # where people write to or call: pages, mail addresses, phone numbers


@dataclass(frozen=True, slots=True)
class _Use:
    identifier: str
    purpose: tuple[Localized, ...]
    privacy_policy: str
    revoked_at: int | None  # epoch seconds of the day's beginning
    credentials: tuple[RegisteredCredential, ...]

    @classmethod
    def from_fields(cls, use: Fields) -> Self:
        credentials = use.objects("credentials", max_items=MAX_CREDENTIALS)
        return cls(
            identifier=use.text("intendedUseIdentifier", max_length=MAX_NAME),
            purpose=read_register_texts(use, "purpose"),
            privacy_policy=use.object("privacyPolicy").https_url("policyURI"),
            revoked_at=_read_day(use, "revokedAt"),
            credentials=tuple(map(_read_credential, credentials)),
        )


def registers_of(trusted: TrustedList, *, language: str = "en") -> tuple[Register, ...]:
    """The registers of a verified list of registrars; a list of another type has none."""
    if trusted.type != ListType.REGISTRARS:
        return ()
    kind = PROFILES[ListType.REGISTRARS].issuance
    return tuple(
        [
            Register(point.rstrip("/"), service.certificates, in_language(entity.name, language))
            for entity in trusted.entities
            for service in entity.services
            if service.type in (None, kind) and service.status is None and service.certificates
            for point in service.supply_points
        ]
    )


def register_question(dataset: RegistrarDataset, leaf: Certificate, registers: Iterable[Register]) -> RegisterQuestion:
    """What has to be asked about who showed a dataset with an access certificate. Nobody is asked here.

    Raises:
        NotTrusted: no list that we follow has the register, so its address is not called.
        Malformed: the dataset names no intended use.
    """
    if dataset.intended_use is None:
        raise Malformed("registrar_dataset", "must name an intended use")
    url = dataset.registry_uri.rstrip("/")
    register = next((found for found in registers if found.url == url), None)
    if register is None:
        raise NotTrusted("registrar_dataset: names a register that nobody whom we trust has listed")
    own = (semantic for semantic in leaf.identifiers if any(one.is_semantic(semantic) for one in dataset.identifiers))
    # Where it is somebody else's, the register has to say that these may speak for them
    identifier = next(own, dataset.identifiers[0].identifier)
    return RegisterQuestion(register, identifier, dataset.intended_use, tuple(leaf.identifiers))


def ask_register(question: RegisterQuestion, *, now: int) -> Exchange[RegisteredUse]:
    """Ask a register for the intended use of a party.

    Raises:
        Unreachable: no answer, or another one than the specification has; redirects are not followed.
        NotFound: nobody is registered so, or not for this use.
        NotTrusted: signed by somebody else than the list says.
        NotAuthentic: of another register or another party, or who asks may not speak for them.
        NotValidNow: an answer of another time.
        Malformed, TooLarge, Unsupported: it cannot be read.
    """
    register = question.register
    response = yield from send(
        HttpRequest("GET", question.url, (("accept", MEDIA_TYPE),), max_bytes=MAX_BYTES, max_seconds=MAX_SECONDS)
    )
    if response.status == 404:
        raise NotFound(f"{_AT}: nobody is registered by this identifier")
    if response.status != 200 or response.media_type() != MEDIA_TYPE:
        raise Unreachable(f"{_AT}: is none")
    try:
        text = response.body.decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed(_AT, "is not a signed token") from error
    claims = verify_answer(text, signers=register.signers, issuer=register.url, now=now, max_age=MAX_AGE)
    return _registered_use(claims, question, now, text)


def _registered_use(claims: Fields, question: RegisterQuestion, now: int, answer: str) -> RegisteredUse:
    party = claims.object("data")
    identifiers = _read_identifiers(party)
    # An answer about somebody else is as well signed as the right one
    if not (
        _is_any(identifiers, question.identifier) or question.identifier in [one.identifier for one in identifiers]
    ):
        raise NotAuthentic(f"{_AT}: is of another party")
    through = not any(_is_any(identifiers, one) for one in question.speaker)
    if through:
        spoken_for = [
            used
            for found in party.optional_objects("usesIntermediary", max_items=MAX_IDENTIFIERS)
            for used in _read_identifiers(found)
        ]
        if not any(_is_any(spoken_for, one) for one in question.speaker):
            raise NotAuthentic(f"{_AT}: says nothing of whoever asks in their stead")
    uses = map(_Use.from_fields, party.optional_objects("intendedUse", max_items=MAX_USES))
    use = next((found for found in uses if found.identifier == question.intended_use), None)
    if use is None or (use.revoked_at is not None and use.revoked_at <= now):
        raise NotFound(f"{_AT}: they are not registered for this use")
    authority = party.object("supervisoryAuthority")
    return RegisteredUse(
        name=party.text("tradeName", max_length=MAX_NAME),
        identifier=question.identifier,
        purpose=use.purpose,
        privacy_policy=use.privacy_policy,
        credentials=use.credentials,
        supervisory_authority=Contact(*[_first(authority, name) for name in ("email", "phone", "formURI")]),
        registered_by=question.register.name,
        through_intermediary=through,
        said_at=claims.time("iat"),
        answer=answer,
        contacts=tuple([each for name in ("supportURI", "email", "phone") for each in party.optional_texts(name)]),
    )


def _is_any(identifiers: Iterable[RegisteredIdentifier], semantic: str) -> bool:
    return any(one.is_semantic(semantic) for one in identifiers)


def _read_identifiers(holder: Fields) -> list[RegisteredIdentifier]:
    return [
        RegisteredIdentifier(
            item.text("identifier", max_length=MAX_NAME), item.optional_text("type", max_length=MAX_URL)
        )
        for item in holder.objects("identifier", max_items=MAX_IDENTIFIERS)
    ]


def _read_credential(credential: Fields) -> RegisteredCredential:
    credential_format = credential.text("format", max_length=MAX_NAME)
    meta = Fields(_inner(credential, "meta"), credential.path("meta"))
    claims = credential.optional_objects("claims", max_items=MAX_CLAIMS)
    return RegisteredCredential(
        credential_format,
        CredentialMeta.from_fields(meta, credential_format),
        tuple([read_path(Fields({"path": _inner(claim, "path")}, claim.at)) for claim in claims]),
    )


def _inner(holder: Fields, name: str) -> object:
    """Annex A.1 has `path` and `meta` as texts: they are JSON."""
    text = holder.text(name, max_length=MAX_JSON)
    return read_json(text.encode("utf-8"), holder.path(name), max_bytes=MAX_JSON)


def _read_day(holder: Fields, name: str) -> int | None:
    text = holder.optional_text(name, max_length=MAX_NAME)
    if text is None:
        return None
    try:
        day = datetime.date.fromisoformat(text[:10])
    except ValueError as error:
        raise Malformed(holder.path(name), "must be a day") from error
    return int(datetime.datetime.combine(day, datetime.time(tzinfo=datetime.UTC)).timestamp())


def _first(holder: Fields, name: str) -> str | None:
    return next(iter(holder.optional_texts(name)), None)
