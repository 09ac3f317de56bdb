"""What was shown, is held, was passed on and must be erased, on the desk. No decisions here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Response

from capabilities.accounts.web import Door, Visit
from protocol.sovereignty.durations import Retention
from runtime.driver import Driver
from runtime.known_names import claim_name
from runtime.languages import language_of
from verifier.mirror import PurposeHeld
from verifier.service import Verifier
from verifier.web.desk_view import Desk
from verifier.web.form_view import wording_in


@dataclass(frozen=True, slots=True)
class KeptFor:
    """How long something is kept, in parts that the page puts into words."""

    years: int
    months: int
    days: int
    after: str  # the event from which it counts; empty: from when the data came

    @classmethod
    def of(cls, retention: Retention, language: str) -> KeptFor:
        """From what receipts say; parts of a day count as one."""
        lasts = retention.lasts
        if lasts is None:
            return cls(0, 0, 0, "")
        years, months = divmod(lasts.months, 12)
        return cls(years, months, -(-lasts.seconds // 86_400), wording_in(retention.since, language))


@dataclass(frozen=True, slots=True)
class Row:
    """One purpose, as it is shown."""

    purpose: str
    service: str  # empty: it is no service of ours
    held: PurposeHeld
    kept_for: tuple[KeptFor, ...]
    claims: tuple[str, ...]


def mirror_pages(verifier: Verifier, driver: Driver, door: Door, desk: Desk) -> None:
    """Add the page behind the door of the desk."""

    @door.page("/data")
    async def look(visit: Visit) -> Response:
        mirror = await driver.run(verifier.mirror.look())
        waiting = await driver.run(verifier.rights.listed(is_open=True))
        language = language_of(visit.request)
        services = {id_: wording_in(one.announced.name, language) for id_, one in verifier.context.services.items()}
        return desk.show(
            visit,
            "desk/data.html",
            rows=[_row(held, services, language) for held in mirror.purposes],
            is_whole=mirror.is_whole,
            asked=waiting[0] if waiting else None,
        )


def _row(held: PurposeHeld, services: Mapping[str, str], language: str) -> Row:
    return Row(
        purpose=wording_in(held.purpose, language),
        service=services.get(held.service or "", ""),
        held=held,
        kept_for=tuple([KeptFor.of(each, language) for each in held.retentions]),
        claims=tuple([claim_name(path, language) for path in held.claims]),
    )
