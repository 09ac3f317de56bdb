"""`hoheit wallet mandates …`: the commands. What one needs is imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from wallet.cli.options import Json, SentFor, Yes, options_of

mandates_app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

Mandate = Annotated[str, typer.Argument(help="The id from `mandates list`, or how it begins.")]


@mandates_app.command("list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """See what others send for you when their register changes, as far as is known; nobody is asked."""
    from wallet.cli.mandates import list_mandates, session_of

    with session_of(options_of(context, as_json)) as session:
        list_mandates(session)


@mandates_app.command()
def show(context: typer.Context, mandate: Mandate, as_json: Json = False) -> None:
    """Ask whoever sends it how it stands, and fetch the receipt once something was sent."""
    from wallet.cli.mandates import session_of, show_mandate

    with session_of(options_of(context, as_json)) as session:
        show_mandate(session, mandate)


@mandates_app.command()
def give(
    context: typer.Context,
    credential: Annotated[str, typer.Argument(help="The id of the document from the list, or how it begins.")],
    *,
    to: Annotated[list[str], typer.Option(help="The id of a service that shall get it; may stand several times.")],
    how_often: Annotated[
        SentFor, typer.Option("--for", help="Only the next change, or each change for a year at most.")
    ],
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Send a document now, and tell whoever gave it to you to pass on changes by themselves."""
    from wallet.cli.mandates import give_mandates, session_of

    with session_of(options_of(context, as_json, yes)) as session:
        give_mandates(session, credential, tuple(to), how_often.value)


@mandates_app.command()
def end(context: typer.Context, mandate: Mandate, as_json: Json = False) -> None:
    """Stop one: nothing is sent once this says that it is stopped."""
    from wallet.cli.mandates import end_mandate, session_of

    with session_of(options_of(context, as_json)) as session:
        end_mandate(session, mandate)


@mandates_app.command()
def delete(context: typer.Context, mandate: Mandate, as_json: Json = False) -> None:
    """Delete one that has ended; a receipt that came by it stays."""
    from wallet.cli.mandates import delete_mandate, session_of

    with session_of(options_of(context, as_json)) as session:
        delete_mandate(session, mandate)
