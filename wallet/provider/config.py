"""The wallet provider's settings, validated once; nothing else in this role reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic_settings import SettingsConfigDict

from runtime.settings import ServiceSettings

Level = Literal["iso_18045_high", "iso_18045_moderate", "iso_18045_enhanced-basic", "iso_18045_basic"]


class ProviderSettings(ServiceSettings):
    """Everything an operator can say about a wallet provider."""

    model_config = SettingsConfigDict(env_prefix="HOHEIT_PROVIDER_")

    role: ClassVar[str] = "provider"

    ended: Path | None = None  # folder that lists which wallets were blocked; empty: `ended` in the data folder
    open_enrolment: bool = False  # any wallet may register, without a code
    wallet_name: str = "Hoheit"  # as the list of trusted wallet providers has it
    client_id: str = ""  # by which servers know all our wallets; empty: our address
    refused_versions: tuple[str, ...] = ()  # of wallets that are not vouched for any more
    wallet_certification: str = ""  # where the wallet's certification is described; empty: our own honest page
    key_certification: str = ""  # the same for how keys are kept
    key_storage: Level = "iso_18045_basic"  # raise it only with a certified device that keeps the keys
    user_authentication: Level = "iso_18045_basic"
