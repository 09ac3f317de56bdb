"""How people reach whoever answers for data about them, as the page at a cockpit's address says it (sovereignty, section 3).

For whoever lost the key, has another wallet, or is the person whom the data is about.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.sovereignty.contact import Way, read_ways
from protocol.sovereignty.receipt_parties import Controller
from protocol.trust.registration import Contact
from runtime.registrations import OwnRegistration


@dataclass(frozen=True, slots=True)
class Reached:
    """How people reach whoever answers for the data, and who watches over that."""

    name: str
    privacy_policy: str
    contact: tuple[Way, ...]
    dpo: tuple[Way, ...]
    authority: tuple[Way, ...]

    @classmethod
    def of(cls, controller: Controller) -> Reached:
        """As receipts name them."""
        return cls(
            controller.name,
            controller.privacy_policy,
            _ways(controller.contact),
            _ways(controller.dpo),
            _ways(controller.authority),
        )


def who_answers(
    registrations: Iterable[OwnRegistration], own: Controller | None, dpo: Contact | None
) -> tuple[Reached, ...]:
    """Everybody who answers for data here: by the registrations, or else who we say that we are.

    A registration whose time is over counts too, since receipts that name it are still out there.
    """
    registered = [Controller.from_registration(one.says, dpo) for one in registrations]
    unregistered = [] if own is None else [own]
    # Several registrations of one party are one; where there is any, receipts speak by it alone
    return tuple(dict.fromkeys(map(Reached.of, registered or unregistered)))


def _ways(contact: Contact | None) -> tuple[Way, ...]:
    return read_ways(contact or ())
