"""`hoheit wallet …`: receive, keep and present credentials. What a command needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wallet.cli.mandates_app import mandates_app
from wallet.cli.options import AgainFor, ExportForm, Json, Options, RoleName, Surroundings, Yes, options_of
from wallet.cli.rights_app import rights_app
from wallet.provider.cli import app as provider_app

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
services_app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
app.add_typer(
    services_app, name="services", help="Look for services, and plan the way to them; nothing leaves the wallet."
)
app.add_typer(rights_app, name="rights", help="Ask those who have your data for what the law gives, and complain.")
app.add_typer(mandates_app, name="mandates", help="Let whoever gave you a document pass on its changes, and stop that.")
app.add_typer(provider_app, name="provider", help="Vouch for wallets, and block those that are lost.")

Link = Annotated[str, typer.Argument(help="A link, a picture with a QR code, or - for standard input.")]
OptionalLink = Annotated[str, typer.Argument(help="The same; without it: go on where you were.", show_default=False)]
FilePassphrase = Annotated[
    Path | None, typer.Option(help="Read the file's own passphrase from the first line of this file.")
]
Credential = Annotated[str, typer.Argument(help="The id from the list, or how it begins.")]


@app.callback()
def wallet(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option(help="The wallet's folder; else HOHEIT_WALLET_DATA.")] = None,
    language: Annotated[str | None, typer.Option(help="de or en; else the system's language.")] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="Read the passphrase from the first line of this file.")
    ] = None,
) -> None:
    """Receive, keep and present credentials."""
    around = context.obj if isinstance(context.obj, Surroundings) else Surroundings()
    context.obj = Options(data, language, passphrase_file, around=around)


@app.command()
def init(context: typer.Context, as_json: Json = False) -> None:
    """Make an empty wallet, sealed by a passphrase."""
    from wallet.cli.commands import make

    make(options_of(context, as_json))


@app.command()
def serve(
    context: typer.Context,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Of this machine; by default that of HOHEIT_WALLET_PUBLIC_URL.")
    ] = None,
) -> None:
    """Use the wallet in a browser on this machine."""
    from wallet.cli.commands import serve as run

    run(options_of(context, as_json=False), port)


@app.command()
def receive(
    context: typer.Context,
    link: OptionalLink = "",
    tx_code: Annotated[str | None, typer.Option(help="The code that came on another way.")] = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Receive what an issuer offers, by a link or QR code."""
    from wallet.cli.commands import receive as run

    run(options_of(context, as_json, yes), link, tx_code)


@app.command()
def present(context: typer.Context, link: Link, as_json: Json = False, yes: Yes = False) -> None:
    """Show somebody what they ask for, by a link or QR code, or say no."""
    from wallet.cli.commands import present as run

    run(options_of(context, as_json, yes), link)


@app.command()
def forward(
    context: typer.Context,
    credential: Credential,
    *,
    to: Annotated[
        list[str] | None,
        typer.Option(help="The id of a service that shall get it; may stand several times; without: see who takes it."),
    ] = None,
    again: Annotated[
        AgainFor | None, typer.Option(help="Have it prepared for them again when it changes, and for how long.")
    ] = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Send a document to several at once, after you saw what each of them would get."""
    from wallet.cli.commands import forward as run

    run(options_of(context, as_json, yes), credential, tuple(to or ()), again.value if again else "")


@app.command()
def orders(
    context: typer.Context,
    send: Annotated[bool, typer.Option("--send", help="Send what is new, after you saw what each would get.")] = False,
    stop: Annotated[str, typer.Option(help="The id of one to stop, or to delete if it has ended.")] = "",
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """See what is forwarded again when it changes; send what is new, or stop it."""
    from wallet.cli.commands import orders as run

    run(options_of(context, as_json, yes), send=send, stop=stop)


@app.command()
def meet(context: typer.Context, as_json: Json = False, yes: Yes = False) -> None:
    """Show somebody in front of you what they ask for: they scan a code here, you decide, they get it over a relay.

    The relay is named by HOHEIT_WALLET_RELAY. Without a network, codes move from screen to camera and back, which a terminal
    cannot do: for that, open the wallet in a browser with `hoheit wallet serve`.
    """
    from wallet.cli.commands import meet as run

    run(options_of(context, as_json, yes))


@app.command("list")
def list_(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Ask first whether everything still holds.")] = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """See what is in the wallet."""
    from wallet.cli.commands import list_held

    list_held(options_of(context, as_json, yes), check=check)


@app.command()
def show(context: typer.Context, credential: Credential, as_json: Json = False, yes: Yes = False) -> None:
    """See one credential with all its data."""
    from wallet.cli.commands import show as run

    run(options_of(context, as_json, yes), credential)


@app.command()
def log(
    context: typer.Context,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the whole log.")] = False,
    keep: Annotated[
        int | None, typer.Option("--keep", help="Keep lines for 1, 2, 5 or 10 years, or 0: until you delete them.")
    ] = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """See everything that happened with your data, say how long that is kept, or delete the record of it."""
    from wallet.cli.commands import log as run

    run(options_of(context, as_json, yes), keep, delete=delete)


@app.command()
def renew(
    context: typer.Context,
    credential: Annotated[
        str,
        typer.Argument(help="The id from the list, or how it begins; without it: whatever is due.", show_default=False),
    ] = "",
    as_json: Json = False,
) -> None:
    """Fetch a credential anew, with all its copies, as the issuer's register is today."""
    from wallet.cli.commands import renew as run

    run(options_of(context, as_json), credential)


@app.command()
def receipts(
    context: typer.Context,
    receipt: Annotated[
        str, typer.Argument(help="The id from the list, or how it begins; without it: all.", show_default=False)
    ] = "",
    export: Annotated[
        ExportForm | None, typer.Option(help="Write receipts in another form: that of ISO/IEC TS 27560.")
    ] = None,
    collect: Annotated[
        bool,
        typer.Option("--collect", help="Ask the partner first; without an id: about each answer whose hour it is now."),
    ] = False,
    as_json: Json = False,
) -> None:
    """See what partners confirmed, hold and did with your data; ask them; or export their receipts."""
    from wallet.cli.commands import receipts as run

    run(options_of(context, as_json), receipt, export, collect=collect)


@app.command()
def forget(context: typer.Context, credential: Credential, as_json: Json = False, yes: Yes = False) -> None:
    """Delete a credential with its keys, for ever; or give up something that was begun."""
    from wallet.cli.commands import forget as run

    run(options_of(context, as_json, yes), credential)


@app.command()
def trust(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The certificate of an authority, as a PEM file.")],
    *,
    name: Annotated[str, typer.Option(help="How you call them.")],
    role: Annotated[
        list[RoleName] | None,
        typer.Option(help="issuer: who gives you something; verifier: who asks you; may stand twice; without: issuer."),
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--type", help="A credential type that its issuers may issue; without: all.")
    ] = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Trust an authority, after you compared its fingerprint."""
    from wallet.cli.commands import trust as run

    run(options_of(context, as_json, yes), file, name, tuple(role or (RoleName.ISSUER,)), tuple(kind or ()))


@app.command()
def trusted(context: typer.Context, as_json: Json = False) -> None:
    """See whom you trust, and with what."""
    from wallet.cli.commands import list_trusted

    list_trusted(options_of(context, as_json))


@app.command()
def distrust(
    context: typer.Context,
    authority: Annotated[str, typer.Argument(help="The id from `trusted`, or how it begins.")],
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Trust an authority no longer."""
    from wallet.cli.commands import distrust as run

    run(options_of(context, as_json, yes), authority)


@app.command()
def vouching(
    context: typer.Context,
    code: Annotated[str, typer.Option(help="Have the wallet confirmed, with the code that they gave you.")] = "",
    block: Annotated[
        bool, typer.Option("--block", help="The device is lost: have this wallet blocked for ever.")
    ] = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """See who vouches for this wallet, have it confirmed with a code, or have it blocked."""
    from wallet.cli.commands import vouching as run

    run(options_of(context, as_json, yes), code, block=block)


@app.command()
def passphrase(
    context: typer.Context,
    new_passphrase_file: Annotated[
        Path | None, typer.Option(help="Read the new passphrase from the first line of this file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change the passphrase; everything is sealed anew."""
    from wallet.cli.commands import change_passphrase

    change_passphrase(options_of(context, as_json), new_passphrase_file)


@app.command()
def restore(context: typer.Context, as_json: Json = False) -> None:
    """Take a wallet file from a backup into use; everything in it counts as shown before."""
    from wallet.cli.commands import restore as run

    run(options_of(context, as_json))


@app.command("export")
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A new file.")],
    *,
    readable: Annotated[
        bool, typer.Option("--readable", help="As a page that anybody can read, instead of a sealed file.")
    ] = False,
    file_passphrase_file: FilePassphrase = None,
    as_json: Json = False,
) -> None:
    """Write your activity and the list of your documents for another wallet (EUDI TS10); there are no keys in it."""
    from wallet.cli.commands import export as run

    run(options_of(context, as_json), file, file_passphrase_file, readable=readable)


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What an earlier wallet wrote.")],
    *,
    file_passphrase_file: FilePassphrase = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Take over the activity of an earlier wallet, and see which documents you can get again."""
    from wallet.cli.commands import import_ as run

    run(options_of(context, as_json, yes), file, file_passphrase_file)


@app.command()
def again(
    context: typer.Context,
    document: Annotated[
        str, typer.Argument(help="The id from the list, or how it begins; without it: the list.", show_default=False)
    ] = "",
    forget: Annotated[bool, typer.Option("--forget", help="Take it off the list instead.")] = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """See which documents an earlier wallet had, and get one again from its issuer."""
    from wallet.cli.commands import again as run

    run(options_of(context, as_json, yes), document, forget=forget)


@services_app.command("list")
def list_services(
    context: typer.Context,
    word: Annotated[str, typer.Argument(help="What you look for, such as Kindergeld.", show_default=False)] = "",
    as_json: Json = False,
) -> None:
    """See which services there are."""
    from wallet.cli.services import list_services as run

    run(options_of(context, as_json), word)


@services_app.command()
def suggest(
    context: typer.Context,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Switch suggestions on or off.")] = None,
    as_json: Json = False,
) -> None:
    """See which services fit what is in the wallet."""
    from wallet.cli.services import suggest_services

    suggest_services(options_of(context, as_json), on)


@services_app.command()
def plan(
    context: typer.Context,
    wanted: Annotated[list[str], typer.Argument(help="A life event such as birth, or ids from the list.")],
    begin: Annotated[bool, typer.Option("--begin", help="Keep the plan.")] = False,
    whom: Annotated[str, typer.Option("--for", help="Whom it is for: a name, me, or new for somebody else.")] = "",
    as_json: Json = False,
) -> None:
    """See the way to a service: the steps, what is at hand, and what will be asked."""
    from wallet.cli.services import plan_services

    plan_services(options_of(context, as_json), wanted, begin=begin, whom=whom)
