"""`hoheit wallet rights …`: the commands. What one needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wallet.cli.options import Json, Yes, options_of

rights_app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

Receipt = Annotated[str, typer.Argument(help="The id from `receipts`, or how it begins.")]
Request = Annotated[str, typer.Argument(help="The id from `rights list`, or how it begins.")]
Right = Annotated[
    str,
    typer.Argument(
        help="withdraw_consent, access, rectification, erasure, restriction, portability, objection or human_review."
    ),
]
Words = Annotated[str, typer.Option("--text", help="Something to add in your own words.")]


@rights_app.command("list")
def list_(context: typer.Context, as_json: Json = False) -> None:
    """See what you asked, and how it stands as far as is known."""
    from wallet.cli.rights import list_asked, session_of

    with session_of(options_of(context, as_json)) as session:
        list_asked(session)


@rights_app.command()
def ask(
    context: typer.Context,
    receipt: Receipt,
    right: Right,
    *,
    text: Words = "",
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="A claims path as JSON, such as '[\"address\"]'; without: all of the receipt."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask whoever has the data of a receipt; they see the internet address that you ask from."""
    from wallet.cli.rights import ask_partner, session_of

    with session_of(options_of(context, as_json)) as session:
        ask_partner(session, receipt, right, text, only or [])


@rights_app.command()
def show(context: typer.Context, request: Request, as_json: Json = False) -> None:
    """Ask how a request stands; one that got no answer is sent again."""
    from wallet.cli.rights import session_of, show_asked

    with session_of(options_of(context, as_json)) as session:
        show_asked(session, request)


@rights_app.command()
def present(context: typer.Context, request: Request, as_json: Json = False, yes: Yes = False) -> None:
    """Show the same data once more, where they want that before they answer."""
    from wallet.cli.rights import present_again, session_of

    with session_of(options_of(context, as_json, yes)) as session:
        present_again(session, request)


@rights_app.command()
def answer(
    context: typer.Context,
    request: Request,
    to: Annotated[Path, typer.Option(help="A folder that is not there yet.")],
    as_json: Json = False,
) -> None:
    """Fetch what they hand out, and write it into a folder; the wallet keeps no copy."""
    from wallet.cli.rights import save_answer, session_of

    with session_of(options_of(context, as_json)) as session:
        save_answer(session, request, to)


@rights_app.command()
def letter(context: typer.Context, receipt: Receipt, right: Right, as_json: Json = False) -> None:
    """Write a letter, for a partner that the wallet cannot ask. You send it yourself."""
    from wallet.cli.rights import prepare_letter, session_of

    with session_of(options_of(context, as_json)) as session:
        prepare_letter(session, receipt, right)


@rights_app.command()
def complain(
    context: typer.Context,
    receipt: Receipt,
    to: Annotated[Path, typer.Option(help="A file that is not there yet.")],
    text: Words = "",
    as_json: Json = False,
) -> None:
    """Put a complaint to the data protection authority together, as a file and a letter. You send it yourself."""
    from wallet.cli.rights import make_complaint, session_of

    with session_of(options_of(context, as_json)) as session:
        make_complaint(session, receipt, text, to)
