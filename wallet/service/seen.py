"""A request that was looked at: who asks, what answers, and what the user decides on."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.dcql.match import QueryMatch
from wallet.policy.asking import Standing
from wallet.policy.people import Aim
from wallet.policy.presenting import AskedRequest, PresentationConsent


@dataclass(frozen=True, slots=True)
class RequestSeen:
    """A request that was verified and matched; nothing was given away yet."""

    verified: AskedRequest
    standing: Standing  # whether they may ask
    match: QueryMatch  # of the part that may be answered
    consent: PresentationConsent  # what the user decides on
    fresh: frozenset[str]  # ids of credentials with a copy that nobody has seen
    issuances: frozenset[str]  # what the user saw: a renewal may have changed what is said since
    digest: str  # how this request is known again
    aim: Aim | None = None  # for whom the answer is, so that only what is about them was matched; None: for anybody
    planned: bool = False  # a plan says for whom: that is chosen there

    def default_choice(self) -> dict[str, tuple[str, ...]]:
        """The least that answers; see `QueryMatch.default_choice`.

        Raises:
            AccessDenied: nothing that is held answers.
        """
        return self.match.default_choice()
