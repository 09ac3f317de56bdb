"""`hoheit registrar …`: keep a register, decide who is in it, and publish it. What is heavy is imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from runtime.token_options import HsmModule, HsmPinFile, HsmToken, TokenOptions

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

services = typer.Typer(no_args_is_help=True, help="Services of parties, for the catalogue.")
app.add_typer(services, name="services")

Data = Annotated[Path, typer.Option(envvar="HOHEIT_REGISTRAR_DATA", help="The registrar's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Answer as JSON, one object a line.")]
Identifier = Annotated[str, typer.Argument(help="Such as NTRDE-HRB 4711.")]
ServiceId = Annotated[str, typer.Argument(help="The service's id.")]
Operator = Annotated[str, typer.Option(help="Who decides, for the audit trail.")]
Reason = Annotated[str, typer.Option(help="Why; the party reads it.")]


@app.command()
def init(
    data: Data,
    *,
    public_url: Annotated[
        str, typer.Option(help="The address that everybody reaches, such as https://register.example")
    ],
    name: Annotated[
        list[str], typer.Option(help="Who keeps the register, with the language: --name de=Registerstelle")
    ],
    identifier: Annotated[str, typer.Option(help="Of the operator, such as NTRDE-HRB 1.")],
    email: Annotated[str, typer.Option(help="Where people write to.")],
    phone: Annotated[str, typer.Option(help="Where people call.")],
    street: Annotated[str, typer.Option(help="Of the operator's seat.")],
    locality: Annotated[str, typer.Option(help="Town of the seat.")],
    postal_code: Annotated[str, typer.Option(help="Postal code of the seat.")],
    country: Annotated[str, typer.Option(help="Two letters.")] = "DE",
    database_url: Annotated[str, typer.Option(help="A PostgreSQL database; else SQLite in the folder.")] = "",
    hsm_module: HsmModule = None,
    hsm_token: HsmToken = "",
    hsm_pin_file: HsmPinFile = None,
) -> None:
    """Make a folder with settings, authorities and keys; nothing that is there is overwritten."""
    from registrar.cli.commands import set_up

    operator = (identifier, country, email, phone)
    token = TokenOptions(hsm_module, hsm_token, hsm_pin_file)
    set_up(data, public_url, name, operator, (street, locality, postal_code), database_url=database_url, token=token)


@app.command()
def serve(
    data: Data,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; more than one needs PostgreSQL.")] = 1,
) -> None:
    """Answer everybody until the process is told to end."""
    from registrar.cli.commands import run_server

    run_server(data, host, port, workers)


@app.command()
def migrate(data: Data) -> None:
    """Bring the database to this program's version."""
    from registrar.cli.commands import migrate_database

    migrate_database(data)


@app.command("api-key")
def api_key(data: Data, name: Annotated[str, typer.Argument(help="What the key is for.")]) -> None:
    """Make a key for an operator's program. It is shown this once."""
    from registrar.cli.commands import make_api_key

    print(make_api_key(data, name))


@app.command("revoke-api-key")
def revoke_api_key(data: Data, name: Annotated[str, typer.Argument(help="What the key was for.")]) -> None:
    """Make every key of this name useless."""
    from registrar.cli.commands import revoke_api_keys

    print(f"Revoked: {revoke_api_keys(data, name)}")


@app.command()
def operator(data: Data, name: Annotated[str, typer.Argument(help="Who it is for; it stands in the history.")]) -> None:
    """Make a sign-in code for somebody who decides about applications. It is shown this once."""
    from registrar.cli.operators import make_operator_code

    make_operator_code(data, name)


@app.command("revoke-operator")
def revoke_operator(data: Data, name: Annotated[str, typer.Argument(help="Whose codes.")]) -> None:
    """Make every sign-in code of this name useless; who is signed in with one is out at once."""
    from registrar.cli.operators import revoke_operator_codes

    revoke_operator_codes(data, name)


@app.command()
def check(file: Annotated[Path, typer.Argument(help="A registration file, TOML.")]) -> None:
    """Read a registration file and say what it would register; nothing is sent."""
    from registrar.cli.commands import check_file

    check_file(file)


@app.command()
def register(
    data: Data,
    file: Annotated[Path, typer.Argument(help="A registration file, TOML.")],
    operator: Annotated[str, typer.Option(help="Who decides, for the audit trail.")] = "command line",
) -> None:
    """Register somebody, decided by you. The key with which they fetch their certificates is shown this once."""
    from registrar.cli.commands import register_file

    print(register_file(data, file, operator))


@app.command("list")
def list_parties(
    data: Data,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits for a decision.")] = False,
    as_json: Json = False,
) -> None:
    """List who is in the register, and who wants to be."""
    from registrar.cli.commands import tell_parties

    tell_parties(data, waiting=waiting, as_json=as_json)


@app.command()
def show(data: Data, identifier: Identifier) -> None:
    """Tell everything about one party, and what waits for a decision."""
    from registrar.cli.commands import tell_party

    tell_party(data, identifier)


@app.command()
def approve(data: Data, identifier: Identifier, operator: Annotated[str, typer.Option()] = "command line") -> None:
    """Register what somebody applied for; read it with `show` first."""
    from registrar.cli.commands import decide

    print(decide(data, identifier, "approve", "", operator))


@app.command()
def refuse(
    data: Data, identifier: Identifier, reason: Reason, operator: Annotated[str, typer.Option()] = "command line"
) -> None:
    """Say no to what somebody applied for."""
    from registrar.cli.commands import decide

    print(decide(data, identifier, "refuse", reason, operator))


@app.command()
def suspend(
    data: Data, identifier: Identifier, reason: Reason, operator: Annotated[str, typer.Option()] = "command line"
) -> None:
    """Let a registration rest, with every certificate."""
    from registrar.cli.commands import decide

    print(decide(data, identifier, "suspend", reason, operator))


@app.command()
def resume(data: Data, identifier: Identifier, operator: Annotated[str, typer.Option()] = "command line") -> None:
    """Let a registration hold again."""
    from registrar.cli.commands import decide

    print(decide(data, identifier, "resume", "", operator))


@app.command()
def remove(
    data: Data, identifier: Identifier, reason: Reason, operator: Annotated[str, typer.Option()] = "command line"
) -> None:
    """End a registration for ever, and every certificate with it."""
    from registrar.cli.commands import decide

    print(decide(data, identifier, "remove", reason, operator))


@app.command()
def partners(data: Data, as_json: Json = False) -> None:
    """List whose usage logs are witnessed, and how each stands."""
    from registrar.cli.services import tell_partners

    tell_partners(data, as_json=as_json)


@services.command("list")
def list_services(
    data: Data,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits for a decision.")] = False,
    as_json: Json = False,
) -> None:
    """List services, and how each stands."""
    from registrar.cli.services import tell_services

    tell_services(data, waiting=waiting, as_json=as_json)


@services.command("show")
def show_service(data: Data, service: ServiceId) -> None:
    """Tell everything about one service, and what the checks say of what waits."""
    from registrar.cli.services import tell_service

    tell_service(data, service)


@services.command("check")
def check_services(
    data: Data,
    identifier: Identifier,
    file: Annotated[Path, typer.Argument(help="A file of services, JSON.")],
) -> None:
    """Check a file of services against a party's registration; nothing is handed in."""
    from registrar.cli.services import check_services_file

    if not check_services_file(data, identifier, file):
        raise typer.Exit(1)


@services.command("approve")
def approve_service(data: Data, service: ServiceId, operator: Operator = "command line") -> None:
    """Put what waits into the catalogue; read it with `show` first."""
    from registrar.cli.services import decide_service

    print(decide_service(data, service, "approve", "", operator))


@services.command("refuse")
def refuse_service(data: Data, service: ServiceId, reason: Reason, operator: Operator = "command line") -> None:
    """Say no to what was handed in; what is in the catalogue stays."""
    from registrar.cli.services import decide_service

    print(decide_service(data, service, "refuse", reason, operator))


@services.command("take-out")
def take_out_service(data: Data, service: ServiceId, reason: Reason, operator: Operator = "command line") -> None:
    """Take a service out of the catalogue."""
    from registrar.cli.services import decide_service

    print(decide_service(data, service, "take-out", reason, operator))
