"""Whom the documents of this wallet are about: by what they say, and by what the citizen said of them."""

from __future__ import annotations

from protocol.sovereignty.rules import About
from wallet.policy.people import People
from wallet.service_records import ServiceWishes
from wallet.store import WalletStore


def people_of(store: WalletStore) -> People:
    """Everybody but the user whom documents are about."""
    return People.among(store.credentials(), marks_about(store.wishes()))


def marks_about(wishes: ServiceWishes) -> dict[str, About]:
    """Document → whom it is about, as the citizen said."""
    return {document: About(about) for document, about in wishes.about if about in tuple(About)}
