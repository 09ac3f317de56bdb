"""What lies between two steps of receiving: an offer that was looked at, what is being fetched, what came."""

from __future__ import annotations

from dataclasses import dataclass, replace

from protocol.oid4vci.client import DpopClient
from protocol.oid4vci.obtain import IssuerContact
from protocol.oid4vci.offer import CredentialOffer
from protocol.oid4vci.token import TokenResponse
from wallet.policy.cockpit.documents import DocumentPromise
from wallet.policy.documents import Document
from wallet.policy.receiving import ArrivedShown, NotKept, OfferConsent
from wallet.records import HeldCredential, PendingIssuance, WantedCredential
from wallet.service.type_names import TypeNames


@dataclass(frozen=True, slots=True)
class OfferSeen:
    """An offer whose issuer was looked up; nothing was asked for yet."""

    offer: CredentialOffer
    contact: IssuerContact
    consent: OfferConsent  # what the user decides on


@dataclass(frozen=True, slots=True)
class ArrivedDocument:
    """A document whose forms were verified and are not kept yet."""

    document: Document
    shown: ArrivedShown
    promise: DocumentPromise | None = None  # of a receipt; None: the issuer gives none


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came of an issuance: to be kept or rejected by the user. What failed is logged already."""

    pending: PendingIssuance
    contact: IssuerContact
    client: DpopClient
    tokens: TokenResponse
    documents: tuple[ArrivedDocument, ...]
    failed: tuple[NotKept, ...]

    @property
    def held(self) -> tuple[HeldCredential, ...]:
        """Everything that came, as it would be kept."""
        return tuple(held for item in self.documents for held in item.document.forms)


@dataclass(slots=True)
class Fetching:
    """One run through what is wanted; the tokens may be renewed on the way."""

    pending: PendingIssuance
    contact: IssuerContact
    client: DpopClient
    tokens: TokenResponse
    names: TypeNames
    renewed: bool = False

    def wanted(self, before: WantedCredential) -> WantedCredential:
        """A wanted credential with the keys that it has by now."""
        return next(one for one in self.pending.wanted if one.configuration_id == before.configuration_id)

    def replace_keys(self, configuration_id: str, keys: tuple[str, ...]) -> None:
        """Have other keys for a wanted credential."""
        wanted = tuple(
            WantedCredential(configuration_id, keys) if one.configuration_id == configuration_id else one
            for one in self.pending.wanted
        )
        self.pending = replace(self.pending, wanted=wanted)
