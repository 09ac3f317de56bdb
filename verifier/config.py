"""The verifier's settings, validated once; nothing else in this role reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from pydantic import model_validator
from pydantic_settings import SettingsConfigDict

from runtime.settings import Environment, ServiceSettings
from verifier.registration import Shown


class VerifierSettings(ServiceSettings):
    """Everything an operator can say about a verifier."""

    model_config = SettingsConfigDict(env_prefix="HOHEIT_VERIFIER_")

    role: ClassVar[str] = "verifier"

    use_cases: tuple[str, ...] = ()  # ids; empty: all that are there
    use_cases_folder: Path | None = None  # more use cases, beside those that are shipped
    services_folder: Path | None = None  # folder of once-only services; empty: `services` in the data folder
    anchors: Path | None = None  # folder of trust anchors; empty: `anchors` in the data folder
    registrations: Path | None = None  # folder of registration certificates; empty: `registrations` in the data folder
    erased: Path | None = None  # folder that lists what was erased on demand; empty: `erased` in the data folder
    show_registration: Shown = Shown.CERTIFICATE  # or the dataset alone: wallets then have to ask the register
    relay: bool = False  # be a relay for wallets that show in person, below `/relay`
    cockpit: bool = True  # announce where citizens follow what becomes of their data, and give receipts
    privacy_policy: str = ""  # https URL, for receipts where no registration certificate says it
    dpo: str = ""  # e-mail address of the data protection officer, for receipts
    haip: bool = False  # ask as HAIP 1.0 wants it, and in no other way
    own_use_cases_only: bool = False  # without those that are shipped
    extra_anchor: Path | None = None  # test only: a PEM file that is trusted as issuer of everything

    @model_validator(mode="after")
    def _only_in_test(self) -> Self:
        """Refuse in production and in the demo what is there for tests."""
        if self.env is not Environment.TEST and self.extra_anchor is not None:
            raise ValueError("extra_anchor needs HOHEIT_ENV=test")
        return self
