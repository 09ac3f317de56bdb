"""The registrar's settings, validated once; nothing else in this role reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import SettingsConfigDict

from runtime.settings import ServiceSettings


class SeatSettings(BaseModel):
    """Where the registrar has its seat."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    street: str = Field(min_length=1, max_length=200)
    locality: str = Field(min_length=1, max_length=200)
    postal_code: str = Field(min_length=1, max_length=20)


class RegistrarSettings(ServiceSettings):
    """Everything an operator can say about a registrar."""

    model_config = SettingsConfigDict(env_prefix="HOHEIT_REGISTRAR_", env_nested_delimiter="__")

    role: ClassVar[str] = "registrar"

    identifier: str = Field(min_length=1, max_length=200)  # of its operator, as lists say it
    country: str = Field(default="DE", pattern="^[A-Z]{2}$")
    email: str = Field(min_length=3, max_length=256)
    phone: str = Field(min_length=1, max_length=200)
    seat: SeatSettings
    ended: Path | None = None  # folder that lists which certificates ended; empty: `ended` in the data folder
