"""Pure decisions of a wallet provider: how long things hold, how much a wallet gets, which codes are the same."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import Malformed
from protocol.wallet_unit.errors import WalletRefused

DAY = 86_400
CODE_BYTES = 16
CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing in it looks like something else
CODE_LENGTH = 26  # characters: 128 bits
_ALIKE = str.maketrans("OIL", "011")


@dataclass(frozen=True, slots=True)
class ProviderPolicy:
    """What a provider promises and allows; seconds, where nothing else is said."""

    open_enrolment: bool = False  # whoever comes is registered, without a code
    refused_versions: frozenset[str] = frozenset()  # of wallets that are not to be trusted any more
    challenge: int = 120
    client_attestation: int = 12 * 3600  # TS3 1.5 §2.2.1.1: less than 24 hours
    key_attestation: int = 3600  # used at once
    shortest_status: int = 31 * DAY  # at the time that an attestation is shown (TS3 1.5 §2.4.2)
    longest_status: int = 400 * DAY
    unit: int = 400 * DAY  # after the last attestation
    enrolment: int = 30 * DAY
    attestations_a_day: int = 200

    def check_version(self, version: str) -> None:
        """Check that we vouch for this version of the wallet.

        Raises:
            WalletRefused: we do not.
        """
        if version in self.refused_versions:
            raise WalletRefused("this version of the wallet is not vouched for any more")

    def status_until(self, asked: int | None, lifetime: int, now: int) -> int:
        """Until when the status of an attestation is kept up, if it may be shown for `lifetime`: as asked, within bounds.

        It ends with a day, so that it tells nobody when within the day an attestation was made.
        """
        period = min(max(asked or 0, self.shortest_status), self.longest_status)
        return -(-(now + period + lifetime) // DAY) * DAY


def write_code(random: bytes) -> str:
    """An enrolment code, as people type it: groups of five."""
    number = int.from_bytes(random, "big")
    characters = [CODE_ALPHABET[number >> (5 * place) & 31] for place in reversed(range(CODE_LENGTH))]
    return "-".join("".join(characters[at : at + 5]) for at in range(0, CODE_LENGTH, 5))


def read_code(text: str) -> str:
    """A code without what typing adds and confuses.

    Raises:
        Malformed: it cannot be a code.
    """
    code = "".join(text.upper().replace("-", " ").split()).translate(_ALIKE)
    if len(code) != CODE_LENGTH or not set(code) <= set(CODE_ALPHABET):
        raise Malformed("code", "is no enrolment code")
    return code
