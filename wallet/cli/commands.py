"""What each command does, once it was asked for: open what it needs, do it, answer."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from protocol.errors import NotFound
from protocol.trust.anchors import Role
from runtime.serve import Listen
from runtime.serve import serve as run_service
from wallet.app import create_wallet, create_web, open_trusting, restore_wallet
from wallet.cli.forwarding import forward_document
from wallet.cli.keeping import (
    delete_log,
    forget_credential,
    forget_pending,
    keep_log,
    list_credentials,
    show_credential,
    show_log,
)
from wallet.cli.meeting import show_in_person
from wallet.cli.moving import export_file, export_readable, forget_awaited, get_again, import_file, list_awaited
from wallet.cli.options import ExportForm, Options, RoleName
from wallet.cli.presenting import present_to
from wallet.cli.qr import read_argument
from wallet.cli.receipts import collect_receipts, export_receipts, list_receipts, show_receipt
from wallet.cli.receiving import go_on, receive_offer
from wallet.cli.renewing import renew_credential, renew_due
from wallet.cli.session import closed_session, open_session, read_passphrase_file, type_new_passphrase
from wallet.cli.standing import list_orders, send_due, stop_order
from wallet.cli.trusting import show_trusted, trust_authority, trust_no_longer
from wallet.cli.vouching import have_blocked, have_confirmed, show_vouching
from wallet.policy.standing import HowLong

DEFAULT_PORT = 8766


def make(options: Options) -> None:
    """`init`."""
    with closed_session(options) as session:
        create_wallet(session.settings, session.new_passphrase())
        session.answer(
            {"wallet": str(session.settings.vault)},
            session.words(
                "Your wallet is ready. Nobody can open it without your passphrase, and nobody can give you a new one."
            ),
        )


def serve(options: Options, port: int | None) -> None:
    """`serve`: for the browser of this machine, or for whatever HOHEIT_WALLET_PUBLIC_URL leads here."""
    with closed_session(options) as session:
        settings = session.settings
        if port is not None:
            settings = settings.model_copy(update={"public_url": f"http://localhost:{port}"})
        listen = Listen(port=port or urlsplit(settings.public_url).port or DEFAULT_PORT)
        session.say(
            session.words("Your wallet is at %(address)s. To end it, press Control-C.", address=settings.public_url)
        )
        run_service(partial(create_web, settings), listen, service="wallet")


def receive(options: Options, argument: str, tx_code: str | None) -> None:
    """`receive`: an offer, or without one what was begun and cut off."""
    with open_session(options) as session:
        if argument:
            receive_offer(session, read_argument(argument), tx_code, options.around.open_browser)
            return
        pending = session.wallet.keeping.pending()
        if not pending:
            raise NotFound("nothing was begun; give the link or the QR code of an offer")
        go_on(session, pending[0])


def present(options: Options, argument: str) -> None:
    """`present`."""
    with open_session(options) as session:
        present_to(session, read_argument(argument))


def forward(options: Options, name: str, recipients: tuple[str, ...], again: str) -> None:
    """`forward`."""
    with open_session(options) as session:
        forward_document(session, name, recipients, HowLong(again) if again else None)


def orders(options: Options, *, send: bool, stop: str) -> None:
    """`orders`."""
    with open_session(options) as session:
        if stop:
            stop_order(session, stop)
        elif send:
            send_due(session)
        else:
            list_orders(session)


def meet(options: Options) -> None:
    """`meet`."""
    with open_session(options) as session:
        show_in_person(session)


def list_held(options: Options, *, check: bool) -> None:
    """`list`."""
    with open_session(options) as session:
        list_credentials(session, check=check)


def show(options: Options, name: str) -> None:
    """`show`."""
    with open_session(options) as session:
        show_credential(session, name)


def log(options: Options, keep: int | None, *, delete: bool) -> None:
    """`log`: see it, delete it, or say for how many years it is kept."""
    with open_session(options) as session:
        if delete:
            delete_log(session)
        elif keep is not None:
            keep_log(session, keep)
        else:
            show_log(session)


def renew(options: Options, name: str) -> None:
    """`renew`: one credential, or whatever is due."""
    with open_session(options) as session:
        if name:
            renew_credential(session, name)
        else:
            renew_due(session)


def receipts(options: Options, name: str, export: ExportForm | None, *, collect: bool) -> None:
    """`receipts`: all of them or one, asked for anew or exported."""
    with open_session(options) as session:
        if collect:
            collect_receipts(session, name)
        if export is ExportForm.ISO_27560:
            export_receipts(session, name)
        elif name:
            show_receipt(session, name)
        else:
            list_receipts(session)


def forget(options: Options, name: str) -> None:
    """`forget`: a credential, or what was begun and not finished."""
    with open_session(options) as session:
        if any(pending.id == name for pending in session.wallet.keeping.pending()):
            forget_pending(session, name)
        else:
            forget_credential(session, name)


def trust(options: Options, file: Path, name: str, roles: tuple[RoleName, ...], types: tuple[str, ...]) -> None:
    """`trust`."""
    with closed_session(options) as session:
        trusting = open_trusting(session.settings, now=options.around.now)
        trust_authority(session, trusting, trusting.look(file, name, tuple(Role(role) for role in roles), types))


def list_trusted(options: Options) -> None:
    """`trusted`."""
    with closed_session(options) as session:
        show_trusted(session, open_trusting(session.settings, now=options.around.now))


def distrust(options: Options, name: str) -> None:
    """`distrust`."""
    with closed_session(options) as session:
        trust_no_longer(session, open_trusting(session.settings, now=options.around.now), name)


def vouching(options: Options, code: str, *, block: bool) -> None:
    """`vouching`."""
    with open_session(options) as session:
        if block:
            have_blocked(session)
        elif code:
            have_confirmed(session, code)
        else:
            show_vouching(session)


def change_passphrase(options: Options, new_file: Path | None) -> None:
    """`passphrase`."""
    with open_session(options) as session:
        new = read_passphrase_file(new_file) if new_file is not None else type_new_passphrase(session)
        session.vault.change_passphrase(new)
        session.answer(
            {"changed": "passphrase"},
            session.words("The passphrase is changed. Old copies of the wallet file still open with the old one."),
        )


def export(options: Options, file: Path, passphrase_file: Path | None, *, readable: bool) -> None:
    """`export`."""
    with open_session(options) as session:
        if readable:
            export_readable(session, file)
        else:
            export_file(session, file, passphrase_file)


def import_(options: Options, file: Path, passphrase_file: Path | None) -> None:
    """`import`."""
    with open_session(options) as session:
        import_file(session, file, passphrase_file)


def again(options: Options, name: str, *, forget: bool) -> None:
    """`again`: what an earlier wallet had, or one of it."""
    with open_session(options) as session:
        if not name:
            list_awaited(session)
        elif forget:
            forget_awaited(session, name)
        else:
            get_again(session, name)


def restore(options: Options) -> None:
    """`restore`."""
    with closed_session(options) as session:
        restore_wallet(session.settings, session.passphrase(), now=options.around.now)
        session.answer(
            {"restored": str(session.settings.vault)},
            session.words("The older copy is in use. What was received or deleted since then is not in it."),
        )
