"""The issuer's settings, validated once; nothing else in this role reads the environment.

A data folder holds `issuer.toml` (made by `hoheit issuer init`), the sealed keys, the certificates and, on SQLite, the
database. Every setting can be overridden by `HOHEIT_ISSUER_…`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from runtime.settings import (
    DatabaseUrl,
    Environment,
    PublicUrl,
    check_database_url,
    check_public_url,
    current_environment,
    refuse_local_in_production,
)

SETTINGS_FILE = "issuer.toml"


class IssuerSettings(BaseSettings):
    """Everything an operator can say about an issuer."""

    model_config = SettingsConfigDict(env_prefix="HOHEIT_ISSUER_", extra="forbid", frozen=True)

    env: Environment = Field(default_factory=current_environment)
    data: Path
    public_url: PublicUrl
    name: dict[str, str] = Field(min_length=1)  # language → name of the agency
    database_url: DatabaseUrl = ""  # empty: SQLite in the data folder
    metrics_key: str = Field(default="", repr=False)  # bearer key of /metrics; empty: nothing is counted
    types: tuple[str, ...] = ()  # ids of the credential types to issue; empty: all that are there
    types_folder: Path | None = None  # more credential types, beside those that are shipped
    register_kind: str = Field(default="sql", pattern="^(sql|http)$")
    register_url: str = ""  # database URL or https address; empty: the issuer's own database
    register_key: str = Field(default="", repr=False)  # bearer key of an http register
    require_dpop: bool = True
    redirect_uris: tuple[str, ...] = ()
    fixed_tx_code: str = Field(default="", pattern="^([0-9]{6})?$")  # test only: every transaction code is this one
    automatic_login: bool = False  # test only: the login page lets the invited person in at once

    @model_validator(mode="after")
    def _only_in_test(self) -> Self:
        """Refuse in production what is there for trying out, and in the demo what is there for tests."""
        refuse_local_in_production(self.env, public_url=self.public_url)
        if self.env is not Environment.TEST and (self.fixed_tx_code or self.automatic_login):
            raise ValueError("fixed_tx_code and automatic_login need HOHEIT_ENV=test")
        return self

    @model_validator(mode="after")
    def _register_is_known(self) -> Self:
        """Check that the register's address is one of its kind."""
        if self.register_kind == "http":
            check_public_url(self.register_url, "register_url")
            refuse_local_in_production(self.env, register_url=self.register_url)
        else:
            check_database_url(self.register_url, "register_url")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the names are pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, whose members come in as init_settings."""
        return env_settings, init_settings


def read_settings(data: Path) -> IssuerSettings:
    """The settings of a data folder.

    Raises:
        FileNotFoundError: the folder was not made by `hoheit issuer init`.
        ValueError: a setting is wrong or missing; the message names it.
    """
    file = data / SETTINGS_FILE
    try:
        members = tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file}: is not TOML: {error}") from error
    for name, where in (("env", "HOHEIT_ENV"), ("data", "the command")):
        if name in members:
            raise ValueError(f"{file}: {name} is said by {where}, not by a file")
    # HOHEIT_ISSUER_DATA is for commands that are not told a folder; this one was
    return IssuerSettings(data=data, **members).model_copy(update={"data": data})
