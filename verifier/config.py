"""The verifier's settings, validated once; nothing else in this role reads the environment.

A data folder holds `verifier.toml` (made by `hoheit verifier init`), the sealed keys, the certificates, the anchors and, on
SQLite, the database. Every setting can be overridden by `HOHEIT_VERIFIER_…`.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from runtime.settings import Environment, PublicUrl, current_environment, refuse_local_in_production

SETTINGS_FILE = "verifier.toml"


class VerifierSettings(BaseSettings):
    """Everything an operator can say about a verifier."""

    model_config = SettingsConfigDict(env_prefix="HOHEIT_VERIFIER_", extra="forbid", frozen=True)

    env: Environment = Field(default_factory=current_environment)
    data: Path
    public_url: PublicUrl
    name: dict[str, str] = Field(min_length=1)  # language → name of the partner
    database_url: str = ""  # empty: SQLite in the data folder
    metrics_key: str = Field(default="", repr=False)  # bearer key of /metrics; empty: nothing is counted
    use_cases: tuple[str, ...] = ()  # ids; empty: all that are there
    use_cases_folder: Path | None = None  # more use cases, beside those that are shipped
    anchors: Path | None = None  # folder of trust anchors; empty: `anchors` in the data folder
    extra_anchor: Path | None = None  # test only: a PEM file that is trusted as issuer of everything

    @model_validator(mode="after")
    def _only_in_test(self) -> Self:
        """Refuse in production what is there for trying out, and in the demo what is there for tests."""
        refuse_local_in_production(self.env, public_url=self.public_url)
        if self.env is not Environment.TEST and self.extra_anchor is not None:
            raise ValueError("extra_anchor needs HOHEIT_ENV=test")
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


def read_settings(data: Path) -> VerifierSettings:
    """The settings of a data folder.

    Raises:
        FileNotFoundError: the folder was not made by `hoheit verifier init`.
        ValueError: a setting is wrong or missing; the message names it.
    """
    members = tomllib.loads((data / SETTINGS_FILE).read_text(encoding="utf-8"))
    return VerifierSettings(data=data, **members)
