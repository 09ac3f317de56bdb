"""Setting up a wallet provider: a folder with settings, sealed keys and certificates; nothing in it is overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from protocol.keys import RandomBytes
from runtime.installation import Installation, set_up
from runtime.key_token import TokenAccess
from wallet.provider.config import ProviderSettings

SIGNING = "attesting"
SECRET = "challenges"
ENDED = "ended"  # folder that lists which wallets were blocked


@dataclass(frozen=True, slots=True)
class NewProvider:
    """What to set up."""

    data: Path
    public_url: str
    name: tuple[tuple[str, str], ...]  # language → name of the provider
    open_enrolment: bool = False
    database_url: str = ""
    token: TokenAccess | None = None  # where keys are made; None: sealed files


def set_up_provider(new: NewProvider, *, now: int, random_bytes: RandomBytes) -> bytes:
    """Make a data folder; the PEM of the authority that issuers have to trust.

    Raises:
        FileExistsError: there is a provider in this folder already; nothing was changed.
        TokenError: the token is away, or makes no keys.
    """
    installation = Installation(
        data=new.data,
        settings_file=ProviderSettings.file(new.data),
        public_url=new.public_url,
        name=new.name,
        signing=SIGNING,
        secrets=(SECRET,),
        settings={"open_enrolment": new.open_enrolment, "database_url": new.database_url},
        token=new.token,
    )
    return set_up(installation, now=now, random_bytes=random_bytes)
