"""The options by which a command is told that keys live in a PKCS#11 token. Imported by every command, so it is light."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypedDict

import typer

HsmModule = Annotated[Path | None, typer.Option(help="Keys live in a PKCS#11 token: the library of its maker.")]
HsmToken = Annotated[str, typer.Option(help="The label of that token.")]
HsmPinFile = Annotated[Path | None, typer.Option(help="A file that holds the user PIN of that token.")]


class TokenSettings(TypedDict, total=False):
    """Settings of `runtime.settings.KeyTokenSettings`; what was not said stays out, so that the environment can say it."""

    hsm_module: Path
    hsm_token: str
    hsm_pin_file: Path


@dataclass(frozen=True, slots=True)
class TokenOptions:
    """What `--hsm-module`, `--hsm-token` and `--hsm-pin-file` say."""

    module: Path | None = None
    token: str = ""
    pin_file: Path | None = None

    def said(self) -> TokenSettings:
        """The settings; services are started elsewhere, so the files are named from the root on."""
        found: TokenSettings = {}
        if self.module is not None:
            found["hsm_module"] = self.module.absolute()
        if self.token:
            found["hsm_token"] = self.token
        if self.pin_file is not None:
            found["hsm_pin_file"] = self.pin_file.absolute()
        return found


NO_TOKEN = TokenOptions()
