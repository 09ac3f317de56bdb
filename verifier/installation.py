"""Setting up a verifier: a folder with settings, sealed keys and an access certificate; nothing in it is overwritten."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from protocol.keys import RandomBytes
from runtime.installation import Installation, set_up
from runtime.key_token import TokenAccess
from verifier.config import VerifierSettings

ANCHORS = "anchors"
REGISTRATIONS = "registrations"
SERVICES = "services"
ERASED = "erased"
SIGNING = "access"
SECRET = "addresses"
STAGES = "stages"


@dataclass(frozen=True, slots=True)
class NewVerifier:
    """What to set up."""

    data: Path
    public_url: str
    name: tuple[tuple[str, str], ...]  # language → name of the partner
    use_cases: tuple[str, ...] = ()
    _: KW_ONLY
    use_cases_folder: str = ""  # more use cases; empty: only those that are shipped
    database_url: str = ""
    wallet_url: str = ""
    haip: bool = False
    relay: bool = False
    own_use_cases_only: bool = False  # without those that are shipped
    token: TokenAccess | None = None  # where keys are made; None: sealed files


def set_up_verifier(new: NewVerifier, *, now: int, random_bytes: RandomBytes) -> bytes:
    """Make a data folder; the PEM of the authority by which wallets know this verifier.

    Raises:
        FileExistsError: there is a verifier in this folder already; nothing was changed.
        TokenError: the token is away, or makes no keys.
    """
    installation = Installation(
        data=new.data,
        settings_file=VerifierSettings.file(new.data),
        public_url=new.public_url,
        name=new.name,
        signing=SIGNING,
        secrets=(SECRET, STAGES),
        settings={
            "use_cases": new.use_cases,
            "use_cases_folder": new.use_cases_folder,
            "database_url": new.database_url,
            "wallet_url": new.wallet_url,
            "haip": new.haip,
            "relay": new.relay,
            "own_use_cases_only": new.own_use_cases_only,
        },
        token=new.token,
    )
    return set_up(installation, now=now, random_bytes=random_bytes)
