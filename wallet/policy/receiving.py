"""What the user is shown before credentials are fetched and before they are kept, and which are accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from protocol.credential import VerifiedCredential
from protocol.encoding import JsonObject
from protocol.errors import InvalidRequest, NotAuthentic, NotBound, ProtocolError
from protocol.formats import FORMATS, format_of
from protocol.keys import PublicKey
from protocol.oid4vci.client import IssuanceDeferred, IssuerRefused
from protocol.oid4vci.metadata import CredentialConfiguration, choose_display
from protocol.oid4vci.obtain import IssuerContact
from protocol.oid4vci.offer import CredentialOffer, TxCode
from wallet.policy.documents import Document, data_once, families
from wallet.policy.issuing import IssuerRegistered
from wallet.policy.showing import ClaimShown, PartyShown, credential_name, held_claims, party_shown, plain
from wallet.policy.vouching import can_prove
from wallet.records import Copy

MAX_COPIES = 10  # of one credential


@dataclass(frozen=True, slots=True)
class OfferedShown:
    """One document that could be received, in all forms that are offered of it."""

    configuration_id: str  # of its first form
    name: str
    description: str
    claims: tuple[str, ...]  # labels of what the issuer says is in it


@dataclass(frozen=True, slots=True)
class OfferConsent:
    """What the user decides on before anything is asked for in their name (T156, T157)."""

    issuer: PartyShown
    credentials: tuple[OfferedShown, ...]
    left_out: tuple[str, ...]  # names of what this wallet cannot take
    tx_code: TxCode | None  # a code that came on another way has to be typed
    needs_login: bool
    registered: IssuerRegistered | None = None  # None: it shows no registration


@dataclass(frozen=True, slots=True)
class ArrivedForm:
    """One form of what came."""

    in_person: bool  # it can be shown to somebody nearby too, without any network
    copies: int


@dataclass(frozen=True, slots=True)
class ArrivedShown:
    """A document that was fetched and verified, before it is kept."""

    name: str
    issuer: PartyShown
    claims: tuple[ClaimShown, ...]  # of all forms, each once
    expires_at: int  # epoch seconds, of what ends first; 0: never
    forms: tuple[ArrivedForm, ...]

    @property
    def copies(self) -> int:
        """How many there are, in all forms."""
        return sum(form.copies for form in self.forms)


def arrived_shown(document: Document, issuer: PartyShown, language: str) -> ArrivedShown:
    """A document that could be kept, in plain words."""
    forms = document.forms
    return ArrivedShown(
        name=credential_name(forms[0].described(), language),
        issuer=issuer,
        claims=data_once([held_claims(held, language) for held in forms]),
        expires_at=min((held.expires_at for held in forms if held.expires_at), default=0),
        forms=tuple(ArrivedForm(format_of(held.format).in_person, len(held.copies)) for held in forms),
    )


class WhyNot(StrEnum):
    """Why a credential did not come."""

    LATER = "later"  # the issuer needs time (T155)
    REFUSED = "refused"  # the issuer does not give it
    NOT_GOOD = "not_good"  # it came, and did not hold


@dataclass(frozen=True, slots=True)
class NotKept:
    """A credential that was not given, or not good."""

    configuration_id: str
    name: str
    reason: str
    why: WhyNot
    partly: bool = False  # another form of the same document came


def why_not(error: ProtocolError) -> WhyNot:
    """Why a credential did not come, by what went wrong."""
    if isinstance(error, IssuanceDeferred):
        return WhyNot.LATER
    return WhyNot.REFUSED if isinstance(error, IssuerRefused) else WhyNot.NOT_GOOD


def offer_consent(
    offer: CredentialOffer, contact: IssuerContact, language: str, *, provider_url: str = ""
) -> OfferConsent:
    """What an offer means, in plain words; `provider_url` is who vouches for this wallet, if anybody does."""
    names = receivable(offer, contact, provider_url=provider_url)
    issuer = contact.issuer
    offered = {name: issuer.configurations[name] for name in offer.credential_configuration_ids}
    documents = [[name for name in forms if name in names] or forms for forms in families(offered)]
    display = choose_display(issuer.display, language)
    return OfferConsent(
        issuer=party_shown(
            contact.party,
            issuer.credential_issuer,
            issuer.credential_issuer,
            display.name if display else "",
            language=language,
        ),
        credentials=tuple(
            _offered(forms[0], [offered[name] for name in forms], language) for forms in documents if forms[0] in names
        ),
        # A document that comes in another form is not left out
        left_out=tuple(credential_name(offered[forms[0]], language) for forms in documents if forms[0] not in names),
        tx_code=offer.tx_code if offer.pre_authorized_code is not None else None,
        needs_login=offer.pre_authorized_code is None,
    )


def receivable(offer: CredentialOffer, contact: IssuerContact, *, provider_url: str) -> tuple[str, ...]:
    """The configurations of an offer that this wallet can take; some need somebody who vouches for its keys."""
    configurations = contact.issuer.configurations
    return tuple(name for name in offer.credential_configuration_ids if _can_take(configurations[name], provider_url))


def check_offer(offer: CredentialOffer, contact: IssuerContact, *, provider_url: str) -> None:
    """Check that there is something in an offer for us.

    Raises:
        InvalidRequest: nothing that this wallet can take.
    """
    if not receivable(offer, contact, provider_url=provider_url):
        raise InvalidRequest("this offer has nothing that this wallet can take; nothing was sent")


def checked_tx_code(expected: TxCode | None, typed: str | None) -> str | None:
    """What is sent as transaction code; a wrong one counts at the issuer, so what cannot be right is not sent.

    Raises:
        InvalidRequest: it cannot be right.
    """
    if expected is None:
        return None
    code = (typed or "").strip()
    if not code:
        raise InvalidRequest("this offer needs the code that came with it; nothing was sent")
    if expected.length is not None and len(code) != expected.length:
        raise InvalidRequest(f"the code has {expected.length} characters; nothing was sent")
    return code


def copies_to_ask(contact: IssuerContact, configuration: CredentialConfiguration) -> int:
    """How many copies to ask for: all that the issuer gives, up to our own limit; each can be shown once, unlinkably.

    A credential that is bound to no key is the same every time, so of that there is one.
    """
    return min(contact.issuer.batch_size or 1, MAX_COPIES) if configuration.bound else 1


def check_received(
    credentials: Sequence[VerifiedCredential], configuration: CredentialConfiguration, keys: dict[PublicKey, str]
) -> tuple[Copy, ...]:
    """Check that verified credentials are what was asked for, and match them with our keys by content (T150, T151).

    `keys` are the keys that were proven, each with its private part as it is kept. Fewer copies than keys are fine.

    Raises:
        NotAuthentic: another type than asked, more copies than keys, or copies that do not say the same.
        NotBound: bound to a key that is not ours, or two to one key.
    """
    left = dict(keys)
    copies: list[Copy] = []
    for credential in credentials:
        if credential.format != configuration.format or credential.type != configuration.type:
            raise NotAuthentic("credential: is of another type than was asked for")
        if not configuration.bound:
            if copies:
                raise NotAuthentic("credential: came more often than was asked for")
            copies.append(Copy(credential.raw, "", 0))
            continue
        private = left.pop(credential.holder_key, None) if credential.holder_key is not None else None
        if private is None:
            raise NotBound("credential: is not bound to a key of this wallet, or came twice")
        # T156: what the user is shown is one copy, so the others must say the same
        if _content(credential) != _content(credentials[0]):
            raise NotAuthentic("credential: its copies do not say the same")
        copies.append(Copy(credential.raw, private, 0))
    return tuple(copies)


def _content(credential: VerifiedCredential) -> JsonObject:
    differs = format_of(credential.format).per_copy
    return {name: value for name, value in credential.claims.items() if name not in differs}


def _can_take(configuration: CredentialConfiguration, provider_url: str) -> bool:
    known = configuration.format in FORMATS and configuration.type is not None
    return known and can_prove(configuration, provider_url=provider_url)


def _offered(name: str, forms: Sequence[CredentialConfiguration], language: str) -> OfferedShown:
    display = choose_display(forms[0].display, language)
    labels = [choose_display(claim.display, language) for form in forms for claim in form.claims]
    return OfferedShown(
        configuration_id=name,
        name=credential_name(forms[0], language),
        description=plain(display.description or "") if display else "",
        claims=tuple(dict.fromkeys(plain(label.name) for label in labels if label is not None)),
    )
