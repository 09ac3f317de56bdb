"""What every role's settings share: the environment it runs in, and what that allows."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator
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


def _public_url(url: str) -> str:
    try:
        read_https_url(url, "public_url")
    except Malformed as error:
        raise ValueError(error.problem) from error
    if url.endswith("/") or "?" in url:
        raise ValueError("must have no slash at its end and no query")
    return url


PublicUrl = Annotated[str, AfterValidator(_public_url)]
"""The address that others reach a service by: https, or http on this machine's own names."""


def refuse_local_in_production(env: Environment, **urls: str) -> None:
    """Check that a production setting names no address of this machine.

    Raises:
        ValueError: it does; the message names the setting.
    """
    for name, url in urls.items():
        if not env.allows_local and is_local(urlsplit(url).hostname or ""):
            raise ValueError(f"{name} is an address of this machine, which HOHEIT_ENV=production refuses")
