"""`hoheit verifier …`: set up a partner's verifier, run it, and ask from the command line. What is heavy is imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capabilities.registration.options import CatalogueOptions, ServicesFile, Withdraw
from runtime.token_options import HsmModule, HsmPinFile, HsmToken, TokenOptions

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

counter = typer.Typer(no_args_is_help=True, help="Places in a shop where a printed code asks a question.")
app.add_typer(counter, name="counter")

services = typer.Typer(no_args_is_help=True, help="Once-only services: one file each in the folder `services`.")
app.add_typer(services, name="services")

Data = Annotated[Path, typer.Option(envvar="HOHEIT_VERIFIER_DATA", help="The verifier's folder.")]
Json = Annotated[bool, typer.Option("--json", help="Answer as JSON, one object a line.")]


@app.command()
def init(
    data: Data,
    *,
    public_url: Annotated[str, typer.Option(help="The address that wallets reach, such as https://library.example")],
    name: Annotated[list[str], typer.Option(help="Who asks, with the language: --name de=Stadtbücherei")],
    use_case: Annotated[list[str] | None, typer.Option(help="A use case to offer; without any: all.")] = None,
    database_url: Annotated[str, typer.Option(help="A PostgreSQL database; else SQLite in the folder.")] = "",
    hsm_module: HsmModule = None,
    hsm_token: HsmToken = "",
    hsm_pin_file: HsmPinFile = None,
) -> None:
    """Make a folder with settings, keys and an access certificate; nothing that is there is overwritten."""
    from verifier.cli.commands import set_up

    set_up(
        data,
        public_url,
        name,
        tuple(use_case or ()),
        database_url,
        token=TokenOptions(hsm_module, hsm_token, hsm_pin_file),
    )


@app.command()
def serve(
    data: Data,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; more than one needs PostgreSQL.")] = 1,
) -> None:
    """Answer wallets, programs and people until the process is told to end."""
    from verifier.cli.commands import run_server

    run_server(data, host, port, workers)


@app.command()
def migrate(data: Data) -> None:
    """Bring the database to this program's version."""
    from verifier.cli.commands import migrate_database

    migrate_database(data)


@app.command("api-key")
def api_key(data: Data, name: Annotated[str, typer.Argument(help="What the key is for.")]) -> None:
    """Make a key for a partner's program. It is shown this once."""
    from verifier.cli.commands import make_api_key

    print(make_api_key(data, name))


@app.command("revoke-api-key")
def revoke_api_key(data: Data, name: Annotated[str, typer.Argument(help="What the key was for.")]) -> None:
    """Make every key of this name useless."""
    from verifier.cli.commands import revoke_api_keys

    print(f"Revoked: {revoke_api_keys(data, name)}")


@app.command()
def trust(
    data: Data,
    pem: Annotated[Path, typer.Argument(help="The certificate of an issuer's authority.")],
    name: Annotated[str, typer.Option(help="The authority as people know it.")],
    kind: Annotated[
        list[str] | None, typer.Option("--type", help="A credential type that its issuers may issue; without: all.")
    ] = None,
) -> None:
    """Trust an authority: credentials of its issuers are accepted from now on."""
    from verifier.cli.commands import trust_authority

    print(trust_authority(data, pem, name, tuple(kind or ())))


@app.command()
def csr(
    data: Data, out: Annotated[Path | None, typer.Option(help="Where to write it; without: it is printed.")] = None
) -> None:
    """Write a request for an access certificate, to hand to whoever issues them. It is no secret."""
    from verifier.cli.certificates import write_request

    write_request(data, out)


@app.command("install-certificate")
def install_certificate(
    data: Data, file: Annotated[Path, typer.Argument(help="The certificates that came: yours first, PEM.")]
) -> None:
    """Ask with this access certificate from the next start on, in place of the one that is there."""
    from verifier.cli.certificates import install_chain

    print(install_chain(data, file))


@app.command()
def registration(data: Data) -> None:
    """Print a registration file for the use cases; what is empty in it, you fill in."""
    from verifier.cli.registering import draft_registration

    print(draft_registration(data), end="")


@app.command()
def register(
    data: Data,
    registrar: Annotated[str, typer.Argument(help="The registrar's address.")] = "",
    file: Annotated[
        Path | None, typer.Argument(help="The registration file; without: how the last one stands.")
    ] = None,
    *,
    ask_key: Annotated[
        bool, typer.Option("--with-key", help="Go on with an application made by form: asks for its key.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Until somebody decided.")] = False,
    services: ServicesFile = None,
    withdraw: Withdraw = "",
) -> None:
    """Get registered: apply, and take the certificates into use. Run it again until they are there, and to renew them."""
    from verifier.cli.registering import register_verifier

    # A key in the command line would stand in the list of processes
    key = typer.prompt("Key of the application", hide_input=True) if ask_key else ""
    catalogue = CatalogueOptions(services, withdraw)
    if not register_verifier(data, registrar, file, key=key, wait=wait, catalogue=catalogue):
        raise typer.Exit(1)


@app.command("use-cases")
def use_cases(data: Data, as_json: Json = False) -> None:
    """List what can be asked, and check that somebody trusted can answer it."""
    from verifier.cli.commands import list_use_cases

    if not list_use_cases(data, as_json=as_json):
        raise typer.Exit(1)


Place = Annotated[str, typer.Argument(help="The counter's name, or its id.")]


@counter.command("add")
def counter_add(
    data: Data,
    name: Annotated[str, typer.Argument(help="What clerks call it, such as: Entrance")],
    use_case: Annotated[list[str], typer.Option(help="A use case that its code asks; each has a code of its own.")],
    as_json: Json = False,
) -> None:
    """Make a counter: a code to print, and a page that shows what whoever scans it answers."""
    from verifier.cli.counters import add_counter

    add_counter(data, name, use_case, as_json=as_json)


@counter.command("list")
def counter_list(data: Data, as_json: Json = False) -> None:
    """List the counters."""
    from verifier.cli.counters import list_counters

    list_counters(data, as_json=as_json)


@counter.command("remove")
def counter_remove(data: Data, name: Place) -> None:
    """End a counter: its printed codes ask nothing any more."""
    from verifier.cli.counters import remove_counter

    print(remove_counter(data, name))


@counter.command("pair")
def counter_pair(data: Data, name: Place, as_json: Json = False) -> None:
    """Make a link by which one more browser sees what is found at a counter. It is good once, and not for long."""
    from verifier.cli.counters import pair_browser

    pair_browser(data, name, as_json=as_json)


@counter.command("unpair")
def counter_unpair(data: Data, name: Place) -> None:
    """Let no browser see what is found at a counter, such as when one was stolen."""
    from verifier.cli.counters import unpair_browsers

    print(unpair_browsers(data, name))


@services.command("list")
def services_list(data: Data, as_json: Json = False) -> None:
    """Read every file; tell what is wrong, or where the services are."""
    from verifier.cli.services import list_services

    list_services(data, as_json=as_json)


@services.command("entry")
def services_entry(
    data: Data, name: Annotated[str, typer.Argument(help="The id of a service; without: all of them.")] = ""
) -> None:
    """Print the entries for the catalogue, as JSON that a registrar takes."""
    from verifier.cli.services import print_entries

    print_entries(data, name)


@services.command("webhook-secret")
def services_webhook_secret(data: Data, name: Annotated[str, typer.Argument(help="The id of a service.")]) -> None:
    """Print the secret by which the webhook of a service checks that a notice comes from here."""
    from verifier.cli.services import print_webhook_secret

    print_webhook_secret(data, name)


@app.command("append-usage")
def append_usage(data: Data) -> None:
    """Append to the usage log now what waits for the next full hour, such as while an auditor watches."""
    from verifier.cli.commands import append_usage

    append_usage(data)


@app.command()
def held(data: Data, as_json: Json = False) -> None:
    """Count what citizens showed, what of it is held, was passed on and must be erased, by purpose."""
    from verifier.cli.mirror import print_held

    print_held(data, as_json=as_json)


@app.command()
def clerk(data: Data, name: Annotated[str, typer.Argument(help="Who signs in; the audit trail names them.")]) -> None:
    """Make a code with which a clerk signs in at the desk. It is shown this once."""
    from verifier.cli.services import make_clerk_code

    make_clerk_code(data, name)


@app.command("revoke-clerk")
def revoke_clerk(data: Data, name: Annotated[str, typer.Argument(help="Who shall sign in no more.")]) -> None:
    """Make every sign-in code of this name useless, and sign them out."""
    from verifier.cli.services import revoke_clerk_codes

    revoke_clerk_codes(data, name)


@app.command("case-key")
def case_key(data: Data, name: Annotated[str, typer.Argument(help="What the key is for.")]) -> None:
    """Make a key for a program that reads cases and decides about them. It is shown this once."""
    from verifier.cli.services import make_case_key

    make_case_key(data, name)


@app.command("revoke-case-key")
def revoke_case_key(data: Data, name: Annotated[str, typer.Argument(help="What the key was for.")]) -> None:
    """Make every key for cases of this name useless."""
    from verifier.cli.services import revoke_case_keys

    revoke_case_keys(data, name)


@app.command()
def ask(
    data: Data,
    use_case: Annotated[str, typer.Argument(help="The id of a use case.")],
    as_json: Json = False,
) -> None:
    """Ask one question: show the code, wait, and tell what was found. The status is 0 only if the answer is accepted."""
    from verifier.cli.commands import ask_once

    if not ask_once(data, use_case, as_json=as_json):
        raise typer.Exit(1)
