"""The administration API: offers, credentials and letters, for an agency's own programs. Its shape is stable (OpenAPI)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from issuer.api.bodies import Actor, Subject, actor, described, read_body
from issuer.api.people import add_people
from issuer.api.rights import add_rights
from issuer.api.usage import add_usage
from issuer.records import CredentialState, IssuedCredential
from issuer.register import MAX_SUBJECT
from issuer.service import Issuer
from issuer.service.offers import GrantKind, OfferOrder
from runtime.driver import Driver
from runtime.routes import Router

ConfigurationId = Annotated[str, Field(max_length=200)]


class OfferBody(BaseModel):
    """What to offer to whom."""

    model_config = ConfigDict(extra="ignore", strict=True)

    credential_configuration_ids: list[ConfigurationId] | None = Field(default=None, min_length=1, max_length=20)
    documents: list[ConfigurationId] | None = Field(
        default=None,
        min_length=1,
        max_length=20,
        description="ids of credential types, each in every form that its person can get; in place of or beside configurations",
    )
    subject: Subject = Field(description="the person's id in the register")
    grant: Literal["pre-authorized_code", "authorization_code"] = "pre-authorized_code"
    tx_code: bool = Field(
        default=True, description="protect a pre-authorized code with one that is told on another way"
    )
    by_reference: bool = True


class OfferMade(BaseModel):
    """An offer, to be shown to its person alone."""

    id: str
    uri: str = Field(description="the link for the wallet")
    offer: dict[str, JsonValue]
    tx_code: str | None = Field(default=None, description="tell it on another way than the link")
    qr_svg_url: str
    page_url: str
    expires_at: int = Field(description="epoch seconds")


class OfferState(BaseModel):
    """What became of an offer."""

    id: str
    state: str = Field(description="offered, opened, redeemed, issued, accepted, failed, expired, withdrawn or revoked")


class CredentialLine(BaseModel):
    """One credential that was issued; none of its claims."""

    id: str
    credential_configuration_id: str
    subject: str
    state: CredentialState
    issued_at: int
    expires_at: int


class LetterBody(BaseModel):
    """Whom to write to."""

    model_config = ConfigDict(extra="ignore", strict=True)

    subject: Subject


class Letter(BaseModel):
    """A one-time code to be printed in a letter; it cannot be shown again, and replaces that of a letter before."""

    letter_code: str


def administration(issuer: Issuer, driver: Driver) -> Router:
    """Everything an agency's programs call; each route asks for an API key."""
    router = Router(prefix="/api", tags=["administration"])
    _add_offers(router, issuer, driver)
    _add_credentials(router, issuer, driver)
    add_people(router, issuer, driver)
    add_usage(router, issuer, driver)
    add_rights(router, issuer, driver)
    return router


def _add_offers(router: Router, issuer: Issuer, driver: Driver) -> None:
    @router.post("/offers", status_code=201, response_model_exclude_none=True, openapi_extra=described(OfferBody))
    async def make_offer(by: Actor, body: Annotated[OfferBody, Depends(read_body(OfferBody))]) -> OfferMade:
        """Make an offer for one person."""
        named, documents = body.credential_configuration_ids or (), body.documents or ()
        order = OfferOrder(
            configuration_ids=await driver.run(issuer.desk.configurations(body.subject, named, documents)),
            subject=body.subject,
            grant=GrantKind(body.grant),
            tx_code=body.tx_code,
            by_reference=body.by_reference,
            actor=by,
        )
        made = await driver.run(issuer.offers.make(order))
        return OfferMade(
            id=made.id,
            uri=made.uri,
            offer=made.offer.to_dict(),
            tx_code=made.tx_code,
            qr_svg_url=made.qr_svg,
            page_url=made.page,
            expires_at=made.expires_at,
        )

    @router.get("/offers/{offer_id}", dependencies=[Depends(actor)])
    async def offer_state(offer_id: str) -> OfferState:
        """What became of an offer."""
        return OfferState(id=offer_id, state=await driver.run(issuer.offers.state(offer_id)))

    @router.delete("/offers/{offer_id}")
    async def withdraw_offer(offer_id: str, by: Actor) -> OfferState:
        """Take an offer back while nothing was issued for it."""
        await driver.run(issuer.offers.withdraw(offer_id, by))
        return OfferState(id=offer_id, state=await driver.run(issuer.offers.state(offer_id)))

    @router.post("/letters", status_code=201, openapi_extra=described(LetterBody))
    async def write_letter(by: Actor, body: Annotated[LetterBody, Depends(read_body(LetterBody))]) -> Letter:
        """A one-time code with which a person logs in."""
        return Letter(letter_code=await driver.run(issuer.authorization.write_letter(body.subject, by)))


def _add_credentials(router: Router, issuer: Issuer, driver: Driver) -> None:
    @router.get("/credentials", dependencies=[Depends(actor)])
    async def credentials(subject: Annotated[str, Query(min_length=1, max_length=MAX_SUBJECT)]) -> list[CredentialLine]:
        """What a person was issued, newest first."""
        return [_line(credential) for credential in await driver.run(issuer.status.credentials_of(subject))]

    @router.post("/credentials/{credential_id}/revoke")
    async def revoke(credential_id: str, by: Actor) -> CredentialLine:
        """End a credential with all its copies for ever."""
        return _line(await driver.run(issuer.status.change(credential_id, CredentialState.REVOKED, by)))

    @router.post("/credentials/{credential_id}/suspend")
    async def suspend(credential_id: str, by: Actor) -> CredentialLine:
        """Let a credential with all its copies rest."""
        return _line(await driver.run(issuer.status.change(credential_id, CredentialState.SUSPENDED, by)))

    @router.post("/credentials/{credential_id}/reinstate")
    async def reinstate(credential_id: str, by: Actor) -> CredentialLine:
        """Let a resting credential with all its copies hold again."""
        return _line(await driver.run(issuer.status.change(credential_id, CredentialState.VALID, by)))


def _line(credential: IssuedCredential) -> CredentialLine:
    return CredentialLine(
        id=credential.id,
        credential_configuration_id=credential.configuration_id,
        subject=credential.subject,
        state=credential.state,
        issued_at=credential.issued_at,
        expires_at=credential.expires_at,
    )
