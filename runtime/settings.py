"""What every role's settings share: the environment it runs in, and what that allows."""

from __future__ import annotations

import importlib.util
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from protocol.errors import Malformed
from protocol.fields import is_local, read_https_url


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


def setting_problem(error: ValidationError) -> str:
    """What is wrong with which setting, in one line that repeats no value: values can be secrets (T252, T258)."""
    problems: list[str] = []
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join(str(part) for part in found["loc"])
        problem = found["msg"].removeprefix("Value error, ")
        problems.append(f"{name}: {problem}" if name else problem)
    return " · ".join(problems)
