"""A wallet as a process of the operating system, which says what it does until it is killed.

What is said before a message leaves was certainly said before it could be read by anybody else, and what is said after a
call returned was certainly promised to the user.
"""

import contextlib
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

from protocol.exchange import HttpRequest, HttpResponse
from runtime.http import GuardedSender
from tests.support.processes import ANSWER_SECONDS, FORKS
from tests.support.server import die_with_parent
from wallet.app import open_wallet
from wallet.config import WalletSettings
from wallet.records import PendingIssuance
from wallet.service.opened import OpenWallet
from wallet.service.seen import RequestSeen

OPENED, TAKEN, KEEPING, KEPT, SHARING, SHARED, DONE = "opened", "taken", "keeping", "kept", "sharing", "shared", "done"


@dataclass(frozen=True, slots=True)
class GoOn:
    """Fetch and keep what an earlier life left pending, of this offer."""

    id: str


@dataclass(frozen=True, slots=True)
class Receive:
    """Take up an offer and keep what comes."""

    id: str
    link: str
    tx_code: str


@dataclass(frozen=True, slots=True)
class Present:
    """Answer a request."""

    id: str
    link: str
    link_by_value: str  # to the same request, also when it is not to be fetched any more


Task = GoOn | Receive | Present


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a wallet's account of itself."""

    moment: (
        str  # `sent /token` before that message leaves, `answered /token` after a success, or one of the words above
    )
    task_id: str = ""
    ids: tuple[str, ...] = ()  # of the pending issuance, or the credentials
    body: bytes = b""  # of a message


@dataclass(slots=True)
class Account:
    """Says what is done, in the order in which it is done; each line is out before the next thing happens."""

    connection: Connection
    task_id: str = ""

    def say(self, moment: str, *ids: str, body: bytes = b"") -> None:
        """One line."""
        self.connection.send(Said(moment, self.task_id, ids, body))


@dataclass(frozen=True, slots=True)
class TellingSender:
    """The wallet's real sender, which says what leaves and what comes."""

    sender: GuardedSender
    account: Account

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send one request; see `Sender`."""
        place = "/" + urlsplit(request.url).path.split("/")[1]
        self.account.say(f"sent {place}", body=request.body)
        response = await self.sender.send(request)
        if response.status < 300:
            self.account.say(f"answered {place}")
        return response


def live(settings: WalletSettings, passphrase: str, tasks: Sequence[Task], connection: Connection, log: Path) -> None:
    """Open the wallet, do one task after the other, and wait for the end."""
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    threading.Thread(target=die_with_parent, daemon=True).start()
    account = Account(connection)
    with open_wallet(settings, passphrase, TellingSender(GuardedSender(allow_local=True), account)) as opened:
        account.say(OPENED)
        for task in tasks:
            account.task_id = task.id
            match task:
                case GoOn():
                    [pending] = opened.wallet.keeping.pending()
                    _fetch_and_keep(opened, pending, account)
                case Receive():
                    seen = opened.run(opened.wallet.receiving.look(task.link))
                    pending = opened.run(opened.wallet.receiving.take(seen, task.tx_code))
                    account.say(TAKEN, pending.id)
                    _fetch_and_keep(opened, pending, account)
                case Present():
                    asked = opened.run(opened.wallet.presenting.look(task.link))
                    account.say(SHARING)
                    shared = opened.run(opened.wallet.presenting.share(asked, fresh_choice(asked)))
                    account.say(SHARED, str(shared.log_number))
        account.say(DONE)
        threading.Event().wait()


def fresh_choice(asked: RequestSeen) -> dict[str, tuple[str, ...]]:
    """For each required set its first option of credentials with a copy that nobody has seen, and of them the first."""
    fresh = {
        query_id: next((found.candidate.id for found in matches if found.candidate.id in asked.fresh), None)
        for query_id, matches in asked.match.matches.items()
    }
    chosen: dict[str, tuple[str, ...]] = {}
    for one in asked.match.sets:
        if one.required:
            option = next(ids for ids in one.options if all(fresh[id_] is not None for id_ in ids))
            chosen.update({id_: (held,) for id_ in option if (held := fresh[id_]) is not None})
    return chosen


def _fetch_and_keep(opened: OpenWallet, pending: PendingIssuance, account: Account) -> None:
    arrived = opened.run(opened.wallet.receiving.fetch(pending))
    account.say(KEEPING)
    kept = opened.run(opened.wallet.receiving.keep(arrived))
    account.say(KEPT, *(held.id for held in kept))


@dataclass(frozen=True, slots=True)
class Blow:
    """When a wallet is killed: so long after this was said of this task; an empty moment is the start itself."""

    task_id: str
    moment: str
    delay: float  # seconds


def kill_at(settings: WalletSettings, passphrase: str, tasks: Sequence[Task], blow: Blow) -> tuple[Said, ...]:
    """Let a wallet live until the blow falls; everything it said.

    Raises:
        AssertionError: it ended by itself, or the moment did not come.
    """
    log = settings.data / "log"
    receiver, sender = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=live, args=(settings, passphrase, tuple(tasks), sender, log))
    process.start()
    sender.close()
    said: list[Said] = []
    with receiver:
        try:
            while blow.moment and not (said and (said[-1].task_id, said[-1].moment) == (blow.task_id, blow.moment)):
                assert not said or said[-1].moment != DONE, f"{blow.moment} did not come"
                assert receiver.poll(ANSWER_SECONDS), f"a wallet hangs:\n{log.read_text()}"
                said.append(receiver.recv())
            time.sleep(blow.delay)
        except EOFError:
            raise AssertionError(f"a wallet ended by itself:\n{log.read_text()}") from None
        finally:
            process.kill()
            process.join()
        # A message that was cut off says what was about to be done, not what was done
        with contextlib.suppress(EOFError, OSError):
            while True:
                said.append(receiver.recv())
    return tuple(said)
