"""With whom something goes wrong in the town: who asks too much, who was barred, who asks for others, who may not give.

The prize draw is not here: nobody ever registered it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from capabilities.registration.uses import Use
from hoheit.demo.places import (
    CAR_RENTAL,
    COLLEGE,
    FORM_SERVICE,
    REGISTERED_TYPES,
    SPORTS_CLUB,
    VIDEO_SHOP,
    Agency,
    Partner,
)
from hoheit.registering import LocalRegister, Signboard
from issuer.config import IssuerSettings
from protocol.encoding import JsonObject
from runtime.seal import replace_private
from verifier.config import VerifierSettings
from verifier.installation import REGISTRATIONS

NAMES = (("given_name",), ("family_name",))
Folders = Callable[[Agency | Partner], Path]  # the data folder of a place


def register_odd(office: LocalRegister, data: Folders) -> None:
    """Register whoever is not there yet, each with what is odd about them."""
    if not office.knows(COLLEGE.identifier):
        office.take_in_issuer(
            IssuerSettings.read(data(COLLEGE)), _board(COLLEGE), COLLEGE.entitlements, REGISTERED_TYPES
        )
    if not office.knows(VIDEO_SHOP.identifier):
        office.take_in_verifier(VerifierSettings.read(data(VIDEO_SHOP)), _board(VIDEO_SHOP), narrowed=_names_only)
    if not office.knows(CAR_RENTAL.identifier):
        office.take_in_verifier(VerifierSettings.read(data(CAR_RENTAL)), _board(CAR_RENTAL))
    office.bar(CAR_RENTAL.identifier, "It sold what it got to know.")
    _let_speak_for_the_club(office, data)


def _let_speak_for_the_club(office: LocalRegister, data: Folders) -> None:
    """The form service shows the club's registration, which names it, and asks with a certificate of its own."""
    if not office.knows(FORM_SERVICE.identifier):
        service: JsonObject = {"is_intermediary": True}
        office.take_in_verifier(VerifierSettings.read(data(FORM_SERVICE)), _board(FORM_SERVICE), more=service)
    if not office.knows(SPORTS_CLUB.identifier):
        used: JsonObject = {
            "intermediary": {"identifier": FORM_SERVICE.identifier, "name": dict(FORM_SERVICE.name)["de"]}
        }
        office.take_in_verifier(VerifierSettings.read(data(SPORTS_CLUB)), _board(SPORTS_CLUB), more=used)
    for file in (data(SPORTS_CLUB) / REGISTRATIONS).glob("*.jwt"):
        replace_private(data(FORM_SERVICE) / REGISTRATIONS / file.name, file.read_bytes())


def _names_only(use: Use) -> Use:
    return replace(use, credentials=tuple(replace(one, claims=NAMES) for one in use.credentials))


def _board(place: Agency | Partner) -> Signboard:
    return Signboard(place.identifier, f"post@{place.id}.example")
