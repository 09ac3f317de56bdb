"""`hoheit issuer …`: set up an agency, serve, fill its register, offer, revoke. What is heavy is imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from capabilities.registration.options import CatalogueOptions, ServicesFile, Withdraw
from runtime.token_options import HsmModule, HsmPinFile, HsmToken, TokenOptions

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

Data = Annotated[Path, typer.Option(envvar="HOHEIT_ISSUER_DATA", help="The issuer's folder.")]
Subject = Annotated[str, typer.Argument(help="The person's id in the register.")]
CredentialId = Annotated[str, typer.Argument(metavar="ID", help="The credential's id, as `credentials` lists it.")]
Json = Annotated[bool, typer.Option("--json", help="Answer as JSON, one object a line.")]


@app.command()
def init(
    data: Data,
    *,
    public_url: Annotated[str, typer.Option(help="The address that wallets reach, such as https://agency.example")],
    name: Annotated[list[str], typer.Option(help="Who issues, with the language: --name de=Bürgeramt")],
    kind: Annotated[
        list[str] | None, typer.Option("--type", help="A credential type to issue; without any: all.")
    ] = None,
    country: Annotated[str, typer.Option(help="Two letters, as documents say where they were issued.")] = "DE",
    database_url: Annotated[str, typer.Option(help="A PostgreSQL database; else SQLite in the folder.")] = "",
    hsm_module: HsmModule = None,
    hsm_token: HsmToken = "",
    hsm_pin_file: HsmPinFile = None,
) -> None:
    """Make a folder with settings, sealed keys and certificates; nothing that is there is overwritten."""
    from issuer.cli.commands import set_up

    token = TokenOptions(hsm_module, hsm_token, hsm_pin_file)
    set_up(data, public_url, name, tuple(kind or ()), database_url, country=country, token=token)


@app.command()
def serve(
    data: Data,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes; more than one needs PostgreSQL.")] = 1,
) -> None:
    """Answer wallets, verifiers, programs and people until the process is told to end."""
    from issuer.cli.commands import run_server

    run_server(data, host, port, workers)


@app.command()
def migrate(data: Data) -> None:
    """Bring the database to this program's version; `serve` does so by itself."""
    from issuer.cli.commands import migrate_database

    migrate_database(data)


@app.command("encryption-key")
def encryption_key(data: Data) -> None:
    """Make the key that wallets encrypt their requests to; `init` does so by itself. It counts from the next start on."""
    from issuer.cli.commands import make_encryption_key

    make_encryption_key(data)


@app.command()
def certify(
    data: Data,
    new_key: Annotated[
        bool,
        typer.Option(
            "--new-key", help="The key was lost or copied: make another; what the old one signed counts no more."
        ),
    ] = False,
) -> None:
    """Make a new certificate for the key that signs documents, before the old one ends. It counts from the next start on."""
    from issuer.cli.commands import certify_signer

    certify_signer(data, new_key=new_key)


@app.command()
def trust(
    data: Data,
    pem: Annotated[Path, typer.Argument(help="The certificate of a wallet provider's authority.")],
    name: Annotated[str, typer.Option(help="The wallet provider as people know it.")],
) -> None:
    """Trust a wallet provider: what it says of its wallets and their keys is believed from now on."""
    from issuer.cli.commands import trust_wallet_provider

    trust_wallet_provider(data, pem, name)


@app.command()
def registration(
    data: Data,
    entitlement: Annotated[
        str, typer.Option(help="PID_Provider, PUB_EAA_Provider, QEAA_Provider or Non_Q_EAA_Provider.")
    ] = "PUB_EAA_Provider",
) -> None:
    """Print a registration file for the types; what is empty in it, you fill in."""
    from issuer.cli.registering import draft_registration

    print(draft_registration(data, entitlement), end="")


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
    from issuer.cli.registering import register_issuer

    # A key in the command line would stand in the list of processes
    key = typer.prompt("Key of the application", hide_input=True) if ask_key else ""
    catalogue = CatalogueOptions(services, withdraw)
    if not register_issuer(data, registrar, file, key=key, wait=wait, catalogue=catalogue):
        raise typer.Exit(1)


@app.command("api-key")
def api_key(data: Data, name: Annotated[str, typer.Argument(help="Who uses it; the audit trail names it.")]) -> None:
    """Make a key for an agency's program. It is shown this once."""
    from issuer.cli.commands import make_api_key

    make_api_key(data, name)


@app.command("revoke-api-key")
def revoke_api_key(data: Data, name: Annotated[str, typer.Argument(help="Who used it.")]) -> None:
    """Make every key of this name useless."""
    from issuer.cli.commands import revoke_api_keys

    revoke_api_keys(data, name)


@app.command()
def clerk(data: Data, name: Annotated[str, typer.Argument(help="Who signs in; the audit trail names them.")]) -> None:
    """Make a code with which a clerk signs in at the desk. It is shown this once."""
    from issuer.cli.commands import make_clerk_code

    make_clerk_code(data, name)


@app.command("revoke-clerk")
def revoke_clerk(data: Data, name: Annotated[str, typer.Argument(help="Who shall sign in no more.")]) -> None:
    """Make every sign-in code of this name useless, and sign them out."""
    from issuer.cli.commands import revoke_clerk_codes

    revoke_clerk_codes(data, name)


@app.command("import-people")
def import_people(
    data: Data,
    table: Annotated[Path, typer.Argument(metavar="CSV", help="A table with a row for each person.")],
) -> None:
    """Put people into the register, or what is new about them. If one row is wrong, nobody is put in."""
    from issuer.cli.commands import put_people

    put_people(data, table)


@app.command()
def offer(
    data: Data,
    subject: Subject,
    *,
    kind: Annotated[
        list[str] | None,
        typer.Option("--type", help="A credential configuration to offer, which is one form; may be given again."),
    ] = None,
    document: Annotated[
        list[str] | None,
        typer.Option(
            "--document", help="A document to offer in every form that the person can get; may be given again."
        ),
    ] = None,
    login: Annotated[bool, typer.Option("--login", help="The person logs in with a letter code.")] = False,
    tx_code: Annotated[bool, typer.Option(help="Ask for a code that you tell the person.")] = True,
    by_value: Annotated[bool, typer.Option("--by-value", help="The link holds the whole offer.")] = False,
    as_json: Json = False,
) -> None:
    """Offer credentials to one person: prints the link for their wallet."""
    from issuer.cli.commands import ACTOR, make_offer
    from issuer.service.offers import GrantKind, OfferOrder

    grant = GrantKind.AUTHORIZATION_CODE if login else GrantKind.PRE_AUTHORIZED_CODE
    order = OfferOrder(tuple(kind or ()), subject, grant, tx_code and not login, not by_value, ACTOR)
    make_offer(data, order, tuple(document or ()), as_json=as_json)


@app.command()
def letter(data: Data, subject: Subject) -> None:
    """Make a code for a letter, with which a person logs in once. It is shown this once; an earlier letter is good no more."""
    from issuer.cli.commands import write_letter

    write_letter(data, subject)


@app.command()
def credentials(data: Data, subject: Subject, as_json: Json = False) -> None:
    """List what a person was issued, newest first."""
    from issuer.cli.commands import list_credentials

    list_credentials(data, subject, as_json=as_json)


@app.command()
def revoke(data: Data, credential_id: CredentialId) -> None:
    """End a credential for ever."""
    _change(data, credential_id, "revoked")


@app.command()
def suspend(data: Data, credential_id: CredentialId) -> None:
    """Let a credential rest until it is reinstated."""
    _change(data, credential_id, "suspended")


@app.command()
def reinstate(data: Data, credential_id: CredentialId) -> None:
    """Let a resting credential hold again."""
    _change(data, credential_id, "valid")


@app.command("check-wallets")
def check_wallets(data: Data) -> None:
    """Look now whether a wallet was blocked, and end what it holds. The office does this by itself once a day."""
    from issuer.cli.commands import check_all_wallets

    check_all_wallets(data)


def _change(data: Path, credential_id: str, wanted: str) -> None:
    from issuer.cli.commands import change_state
    from issuer.records import CredentialState

    change_state(data, credential_id, CredentialState(wanted))
