"""What a wallet provider says no to, each with a code of its own."""

from __future__ import annotations

from protocol.errors import ProtocolError


class InvalidUnitRequest(ProtocolError):
    """A wallet's request to its provider does not hold: shape, signature, audience, time, or a proof in it."""

    code = "invalid_unit_request"


class UseUnitChallenge(ProtocolError):
    """The challenge in a request is not one that is good now; the wallet fetches another and asks again."""

    code = "use_unit_challenge"


class UnknownUnit(ProtocolError):
    """No wallet with this key is registered."""

    code = "unknown_unit"
    status = 403


class UnitRevoked(ProtocolError):
    """This wallet was blocked, and stays so."""

    code = "unit_revoked"
    status = 403


class EnrolmentRequired(ProtocolError):
    """A code is needed to register, and none came, or one that is not good (any more)."""

    code = "enrolment_required"
    status = 403


class WalletRefused(ProtocolError):
    """The provider vouches for this version of the wallet no longer."""

    code = "wallet_version_refused"
    status = 403


class TooManyAttestations(ProtocolError):
    """A wallet had as many attestations as it gets in a day."""

    code = "too_many_attestations"
    status = 403


class KeyAttestedBefore(ProtocolError):
    """A key is in an attestation already, and gets into no other (TS3 1.5 §2.2.2.1)."""

    code = "key_attested_before"
