"""`hoheit wallet provider …`: vouch for wallets, and block those that are lost. What is heavy is imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runtime.token_options import HsmModule, HsmPinFile, HsmToken, TokenOptions

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

Data = Annotated[Path, typer.Option(envvar="HOHEIT_PROVIDER_DATA", help="The provider's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Answer as JSON, one object a line.")]


@app.command()
def init(
    data: Data,
    public_url: Annotated[str, typer.Option(help="The address that wallets reach, such as https://wallets.example")],
    name: Annotated[list[str], typer.Option(help="Who vouches, with the language: --name de=Stadtwerke")],
    open_enrolment: Annotated[bool, typer.Option("--open-enrolment", help="Register wallets without a code.")] = False,
    database_url: Annotated[str, typer.Option(help="A PostgreSQL database; else SQLite in the folder.")] = "",
    *,
    hsm_module: HsmModule = None,
    hsm_token: HsmToken = "",
    hsm_pin_file: HsmPinFile = None,
) -> None:
    """Make a folder with settings, keys and certificates; nothing that is there is overwritten."""
    from wallet.provider.cli.commands import set_up

    token = TokenOptions(hsm_module, hsm_token, hsm_pin_file)
    set_up(data, public_url, name, database_url, open_enrolment=open_enrolment, token=token)


@app.command()
def serve(
    data: Data,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; more than one needs PostgreSQL.")] = 1,
) -> None:
    """Answer wallets, and issuers who look up their status, until the process is told to end."""
    from wallet.provider.cli.commands import run_server

    run_server(data, host, port, workers)


@app.command()
def migrate(data: Data) -> None:
    """Bring the database to this program's version."""
    from wallet.provider.cli.commands import migrate_database

    migrate_database(data)


@app.command()
def enrol(
    data: Data,
    label: Annotated[str, typer.Option(help="A reference of your own, by which you find the wallet again.")] = "",
) -> None:
    """Make a code with which one wallet can register. It is shown this once."""
    from wallet.provider.cli.commands import make_code

    print(make_code(data, label))


@app.command()
def units(
    data: Data,
    unit: Annotated[str, typer.Argument(help="How its id begins; without: all.", show_default=False)] = "",
    as_json: Json = False,
) -> None:
    """See the wallets that are registered, newest first."""
    from wallet.provider.cli.commands import list_units

    list_units(data, unit, as_json=as_json)


@app.command()
def revoke(
    data: Data,
    unit: Annotated[str, typer.Argument(help="The id of a wallet, or how it begins.")],
    reason: Annotated[str, typer.Option(help="For the audit trail; no names.")] = "",
) -> None:
    """Block a wallet for ever: whatever was said of it is invalid from now on."""
    from wallet.provider.cli.commands import revoke_unit

    print(revoke_unit(data, unit, reason))
