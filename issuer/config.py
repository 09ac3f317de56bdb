"""The issuer's settings, validated once; nothing else in this role reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from runtime.settings import (
    Environment,
    ServiceSettings,
    check_database_url,
    check_public_url,
    refuse_local_in_production,
)


class IssuerSettings(ServiceSettings):
    """Everything an operator can say about an issuer."""

    model_config = SettingsConfigDict(env_prefix="HOHEIT_ISSUER_")

    role: ClassVar[str] = "issuer"

    types: tuple[str, ...] = ()  # the credential types to issue, each in all its forms, or a form of one; empty: all
    types_folder: Path | None = None  # more credential types, beside those that are shipped
    register_kind: str = Field(default="sql", pattern="^(sql|http)$")
    register_url: str = ""  # database URL or https address; empty: the issuer's own database
    register_key: str = Field(default="", repr=False)  # bearer key of an http register
    require_dpop: bool = True
    haip: bool = False  # what HAIP 1.0 asks for is required, and what it forbids is refused
    anchors: Path | None = None  # folder of the wallet providers to trust; by default `anchors` beside the settings
    registrations: Path | None = None  # folder of registration certificates; empty: `registrations` in the data folder
    erased: Path | None = None  # folder that lists what was erased on demand; empty: `erased` in the data folder
    ended: Path | None = None  # folder that lists which documents ended; empty: `ended` in the data folder
    cockpit: bool = True  # announce where citizens follow what is done with their data, and give receipts
    privacy_policy: str = ""  # https URL, for receipts where no registration certificate says it
    dpo: str = ""  # e-mail address of the data protection officer, for receipts
    registrar_url: str = ""  # of whom the list of services comes; empty: citizens cannot have changes forwarded
    redirect_uris: tuple[str, ...] = ()
    fixed_tx_code: str = Field(default="", pattern="^([0-9]{6})?$")  # test only: every transaction code is this one
    automatic_login: bool = False  # test only: the login page lets the invited person in at once

    @model_validator(mode="after")
    def _only_in_test(self) -> Self:
        """Refuse in production and in the demo what is there for tests."""
        if self.env is not Environment.TEST and (self.fixed_tx_code or self.automatic_login):
            raise ValueError("fixed_tx_code and automatic_login need HOHEIT_ENV=test")
        return self

    @model_validator(mode="after")
    def _haip_is_whole(self) -> Self:
        """Check that nothing which HAIP 1.0 asks for is turned off."""
        if self.haip and not self.require_dpop:
            raise ValueError("haip needs require_dpop")
        return self

    @model_validator(mode="after")
    def _registrar_is_known(self) -> Self:
        """Check that the registrar's address is one."""
        if self.registrar_url:
            check_public_url(self.registrar_url, "registrar_url")
            refuse_local_in_production(self.env, registrar_url=self.registrar_url)
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
