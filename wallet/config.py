"""The wallet's settings, validated once; nothing else in this role reads the environment.

A data folder holds the sealed vault, and the trust anchors unless those stand elsewhere. Every setting is an environment
variable `HOHEIT_WALLET_…`.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import SettingsConfigDict

from runtime.settings import (
    Environment,
    KeyTokenSettings,
    PublicUrl,
    check_public_url,
    current_environment,
    refuse_local_in_production,
    setting_problem,
)
from runtime.translations import LANGUAGES, SOURCE_LANGUAGE

VAULT_FILE = "wallet.db"
ANCHORS_FOLDER = "anchors"
PUBLISHED_FOLDER = "published"
_LANGUAGE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def _default_data() -> Path:
    return Path.home() / ".local" / "share" / "hoheit" / "wallet"


def _language_of_locale() -> str:
    """The user's language as the system knows it; English where we do not speak it."""
    locale = next((value for name in _LANGUAGE_VARIABLES if (value := os.environ.get(name))), "")
    language = locale.lower().partition("_")[0].partition(".")[0]
    return language if language in LANGUAGES else SOURCE_LANGUAGE


class WalletSettings(KeyTokenSettings):
    """Everything a user, or a test, can say about a wallet."""

    model_config = SettingsConfigDict(env_prefix="HOHEIT_WALLET_", extra="forbid", frozen=True)

    env: Environment = Field(default_factory=current_environment)
    data: Path = Field(default_factory=_default_data)
    anchors: Path | None = None  # whom to trust; by default the folder `anchors` in the data folder
    language: str = Field(default_factory=_language_of_locale, pattern="^(de|en)$")
    public_url: PublicUrl = "http://localhost:8766"  # where the user's browser finds the wallet, if it is served
    auto_lock_seconds: int = Field(default=300, ge=10, le=3600)  # without a click
    renew: bool = True  # while it is open in a browser, documents are fetched anew when it is time
    client_id: str = Field(default="hoheit-wallet", min_length=1)
    haip: bool = False  # deal with nobody who does less than HAIP 1.0 asks of them
    strict: bool = False  # give nothing to those who show no registration; HAIP has them show it
    provider_url: str = ""  # of the provider that vouches for this wallet; empty: nobody does
    registrar_url: str = ""  # of the registrar whose services and partners this wallet knows; empty: none
    relay: str = (
        ""  # where messages wait when documents are shown in person; empty: they go from screen to camera alone
    )
    passphrase: SecretStr = SecretStr("")  # demo and test only: elsewhere it is typed, or read from a file
    extra_anchors: Path | None = None  # test only: a second folder
    automatic_consent: bool = False  # test only: every question is answered with yes
    accept_unsigned_requests: bool = False  # test only: somebody whom nobody vouches for may ask

    @model_validator(mode="after")
    def _only_in_test(self) -> WalletSettings:
        """Refuse in production what is there for trying out, and in the demo what is there for tests."""
        if self.env is Environment.PRODUCTION and self.passphrase.get_secret_value():
            raise ValueError("passphrase needs HOHEIT_ENV=demo or test; use --passphrase-file")
        for name, url in (
            ("provider_url", self.provider_url),
            ("registrar_url", self.registrar_url),
            ("relay", self.relay),
        ):
            if url:
                check_public_url(url, name)
                refuse_local_in_production(self.env, **{name: url})
        for_tests = (self.extra_anchors is not None, self.automatic_consent, self.accept_unsigned_requests)
        if self.env is not Environment.TEST and any(for_tests):
            raise ValueError("extra_anchors, automatic_consent and accept_unsigned_requests need HOHEIT_ENV=test")
        return self

    @property
    def vault(self) -> Path:
        """The wallet file."""
        return self.data / VAULT_FILE

    @property
    def published(self) -> Path:
        """What the registrar publishes."""
        return self.data / PUBLISHED_FOLDER

    @property
    def anchors_folder(self) -> Path:
        """Whom to trust."""
        return self.anchors or self.data / ANCHORS_FOLDER


def read_settings(data: Path | None = None, language: str | None = None) -> WalletSettings:
    """The settings of the environment; what the command line says wins.

    Raises:
        ValueError: a setting is wrong; the message names it, and never repeats a value.
    """
    try:
        found = WalletSettings()
        said = {name: value for name, value in (("data", data), ("language", language)) if value is not None}
        return WalletSettings.model_validate({**found.model_dump(), **said}) if said else found
    except ValidationError as error:
        raise ValueError(setting_problem(error)) from None
