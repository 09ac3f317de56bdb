"""What settings share: the environment a program runs in with what that allows, and what an operator says of any service."""

from __future__ import annotations

import importlib.util
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from protocol.errors import Malformed
from protocol.fields import is_local, read_https_url
from runtime.key_token import TokenAccess


class Environment(StrEnum):
    """Where a program runs. Production is the default and refuses everything that is only there for trying out."""

    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"

    @property
    def allows_local(self) -> bool:
        """Whether http and loopback addresses may be served and called."""
        return self is not Environment.PRODUCTION


class EnvironmentSettings(BaseSettings):
    """HOHEIT_ENV."""

    model_config = SettingsConfigDict(env_prefix="HOHEIT_")

    env: Environment = Environment.PRODUCTION


def current_environment() -> Environment:
    """The environment as HOHEIT_ENV says; a ValueError if it says something else."""
    return EnvironmentSettings().env


def check_public_url(url: str, name: str = "") -> str:
    """An address to which paths are added: https, or http on this machine's own names.

    Raises:
        ValueError: it is not; the message begins with the setting's name if there is one.
    """
    before = f"{name}: " if name else ""
    try:
        read_https_url(url, name)
    except Malformed as error:
        raise ValueError(f"{before}{error.problem}") from error
    if url.endswith("/") or "?" in url:
        raise ValueError(f"{before}must have no slash at its end and no query")
    return url


def check_database_url(url: str, name: str = "") -> str:
    """A database that we can use: `sqlite:///<file>` or `postgresql+psycopg://…`; empty stands for a default.

    Raises:
        ValueError: another one, or the driver is not installed; the message never repeats the address, which can hold a
            password.
    """
    before = f"{name}: " if name else ""
    if url and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError(f"{before}must begin with sqlite:/// or postgresql+psycopg://")
    if url.startswith("postgresql") and importlib.util.find_spec("psycopg") is None:
        raise ValueError(f'{before}PostgreSQL needs the extra "postgres"')
    return url


PublicUrl = Annotated[str, AfterValidator(check_public_url)]
"""The address that others reach a service by."""

DatabaseUrl = Annotated[str, AfterValidator(check_database_url)]
"""Where a service keeps what it knows."""


def refuse_local_in_production(env: Environment, **urls: str) -> None:
    """Check that a production setting names no address of this machine.

    Raises:
        ValueError: it does; the message names the setting.
    """
    for name, url in urls.items():
        if not env.allows_local and is_local(urlsplit(url).hostname or ""):
            raise ValueError(f"{name} is an address of this machine, which HOHEIT_ENV=production refuses")


class KeyTokenSettings(BaseSettings):
    """What an operator can say about where private keys live: nothing, then they are sealed files; or a PKCS#11 token."""

    hsm_module: Path | None = None  # the PKCS#11 library of the token's maker
    hsm_token: str = Field(default="", max_length=32)  # its label
    hsm_pin_file: Path | None = None  # holds the user PIN in one line, and only its owner can read it
    hsm_pin: SecretStr = SecretStr("")  # in place of the file, by an environment variable only

    @property
    def key_token(self) -> TokenAccess | None:
        """How the token is reached; None: keys are sealed files."""
        if self.hsm_module is None:
            return None
        return TokenAccess(self.hsm_module, self.hsm_token, self.hsm_pin_file, self.hsm_pin.get_secret_value())

    @model_validator(mode="after")
    def _token_is_whole(self) -> Self:
        has_pin = self.hsm_pin_file is not None or bool(self.hsm_pin.get_secret_value())
        said = (self.hsm_module is not None, bool(self.hsm_token), has_pin)
        if any(said) and not all(said):
            raise ValueError("hsm_module, hsm_token and hsm_pin_file are said together")
        if self.hsm_pin_file is not None and self.hsm_pin.get_secret_value():
            raise ValueError("hsm_pin and hsm_pin_file are not said together")
        return self


class ServiceSettings(KeyTokenSettings):
    """What an operator can say about any service. A role adds its own settings, its name, and the prefix of its variables.

    A data folder holds `<role>.toml` (made by `hoheit <role> init`), the sealed keys, the certificates and, on SQLite, the
    database `<role>.db`. Every setting can be overridden by `HOHEIT_<ROLE>_…`.
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    role: ClassVar[str]

    env: Environment = Field(default_factory=current_environment)
    data: Path
    public_url: PublicUrl
    name: dict[str, str] = Field(min_length=1)  # language → name of the organization
    database_url: DatabaseUrl = ""  # empty: SQLite in the data folder
    wallet_url: str = ""  # of a wallet that runs in the browser, which our pages offer to open; empty: none
    metrics_key: str = Field(default="", repr=False)  # bearer key of /metrics; empty: nothing is counted

    @classmethod
    def file(cls, data: Path) -> Path:
        """Where the settings of a data folder are."""
        return data / f"{cls.role}.toml"

    @classmethod
    def read(cls, data: Path) -> Self:
        """The settings of a data folder.

        Raises:
            FileNotFoundError: the folder was not made by `hoheit <role> init`.
            ValueError: a setting is wrong or missing; the message names it.
        """
        file = cls.file(data)
        try:
            members = tomllib.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{file}: is not TOML: {error}") from error
        pin = f"hsm_pin_file, or by HOHEIT_{cls.role.upper()}_HSM_PIN"
        for name, where in (("env", "HOHEIT_ENV"), ("data", "the command"), ("hsm_pin", pin)):
            if name in members:
                raise ValueError(f"{file}: {name} is said by {where}, not by a file")
        # HOHEIT_<ROLE>_DATA is for commands that are not told a folder; this one was
        return cls(data=data, **members).model_copy(update={"data": data})

    @property
    def database(self) -> str:
        """The address of the database, said or default."""
        return self.database_url or f"sqlite:///{self.data / f'{self.role}.db'}"

    def check_workers(self, workers: int) -> None:
        """Check that so many processes can share the database.

        Raises:
            ValueError: only PostgreSQL lets several write at once.
        """
        if workers > 1 and not self.database.startswith("postgresql"):
            raise ValueError("several workers need PostgreSQL: set database_url")

    @model_validator(mode="after")
    def _urls_are_public(self) -> Self:
        refuse_local_in_production(self.env, public_url=self.public_url)
        if self.wallet_url:
            check_public_url(self.wallet_url, "wallet_url")
            refuse_local_in_production(self.env, wallet_url=self.wallet_url)
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


def setting_problem(error: ValidationError) -> str:
    """What is wrong with which setting, in one line that repeats no value: values can be secrets (T252, T258)."""
    problems: list[str] = []
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join(str(part) for part in found["loc"])
        problem = found["msg"].removeprefix("Value error, ")
        problems.append(f"{name}: {problem}" if name else problem)
    return " · ".join(problems)
