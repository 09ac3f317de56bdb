"""The right to fetch documents anew: kept when they come, carried on, and gone with the last of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from protocol.oid4vci.token import TokenResponse
from wallet.policy.documents import Document
from wallet.records import HeldCredential, Kept, RenewalGrant
from wallet.service.context import WalletContext
from wallet.service.issuance import Arrived


def granted(
    held: tuple[HeldCredential, ...], arrived: Arrived, context: WalletContext
) -> tuple[tuple[HeldCredential, ...], tuple[RenewalGrant, ...]]:
    """What came with the right to fetch it anew, where the issuer gives one."""
    token = arrived.tokens.refresh_token
    if token is None:
        return held, ()
    pending = arrived.pending
    grant = RenewalGrant(
        id=context.new_id(),
        offer=pending.offer,
        refresh_token=token,
        dpop_key=pending.dpop_key,
        client_id=pending.client_id,
        begun_at=pending.begun_at,
    )
    return tuple(replace(one, grant=grant.id) for one in held), (grant,)


def grant_after(grant: RenewalGrant, tokens: TokenResponse) -> RenewalGrant:
    """A grant after its token was used: a server that gives another one takes the old one no more (RFC 6749 §6)."""
    return replace(grant, refresh_token=tokens.refresh_token or grant.refresh_token)


def hanging_on(document: Document, context: WalletContext) -> Sequence[Kept]:
    """What goes with a document: what its renewals changed, and its grant where nothing else came with it."""
    store = context.store
    ids = {form.id for form in document.forms}
    others = {held.grant for held in store.credentials() if held.id not in ids}
    grants = {form.grant for form in document.forms} - others
    return (
        *(grant for grant in store.grants() if grant.id in grants),
        *(pending for pending in store.pending() if pending.renews and pending.renews in grants),
        *(renewed for renewed in store.renewed() if renewed.id == document.id),
    )
