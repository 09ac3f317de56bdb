"""A library's counter that is open, and the wallet of somebody in front of it."""

import asyncio
import base64
import io
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from PIL import Image

from protocol.encoding import JsonObject
from protocol.errors import AccessDenied
from protocol.exchange import Exchange, HttpRequest, HttpResponse
from protocol.keys import P256Key
from protocol.oid4vp.answer import (
    Delivered,
    Delivery,
    RequestPolicy,
    fetch_request,
    send_answer,
    send_error,
    wallet_metadata,
)
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.link import read_link
from protocol.oid4vp.request_object import VerifiedRequest
from protocol.status.bits import StatusList
from protocol.status.token import MEDIA_TYPE, sign_status_list_token
from runtime.driver import drive
from runtime.http import GuardedSender
from runtime.serve import Listen, running
from tests.support.pki import NOW, Pki, seeded
from tests.support.ports import free_port
from tests.support.verifier import STATUS_URI, Addresses, Counter, Held, issue_held, make_verifier, present
from verifier.database.store import SqlVerifierStore

WALLET = "http://wallet.localhost:1"
CLUB = """
id = "club"
[title]
en = "Join the film club"
de = "Dem Filmclub beitreten"
[purpose]
en = "We write down who you are, and show some films to adults only."
de = "Wir schreiben auf, wer Sie sind, und zeigen manche Filme nur Erwachsenen."
[query]
credentials = [{ id = "pid", format = "dc+sd-jwt", meta = { vct_values = ["urn:eudi:pid:1"] }, claims = [
  { id = "name", path = ["family_name"] },
  { id = "born", path = ["birthdate"] },
  { id = "adult", path = ["age_equal_or_over", "18"] },
  { id = "nations", path = ["nationalities"] },
  { id = "face", path = ["picture"] },
], claim_sets = [["name", "born", "adult", "nations", "face"], ["name", "born", "adult", "nations"]] }]
[asks.pid]
name = { en = "Identity card", de = "Personalausweis" }
data = [
  { path = ["family_name"], label = { en = "Last name", de = "Nachname" } },
  { path = ["birthdate"], label = { en = "Date of birth", de = "Geburtsdatum" } },
  { path = ["age_equal_or_over", "18"], label = { en = "At least 18 years old", de = "Mindestens 18 Jahre alt" } },
  { path = ["nationalities"], label = { en = "Nationalities", de = "Staatsangehörigkeiten" } },
  { path = ["picture"], label = { en = "Photo", de = "Foto" } },
]
"""
ADULT = """
id = "over-18"
[title]
en = "Are you over 18?"
de = "Sind Sie über 18?"
[purpose]
en = "We lend some films to adults only."
de = "Wir leihen manche Filme nur an Erwachsene aus."
[query]
credentials = [{ id = "pid", format = "dc+sd-jwt", meta = { vct_values = ["urn:eudi:pid:1"] }, claims = [
  { path = ["age_equal_or_over", "18"], values = [true] },
] }]
"""
DISCLOSABLE = [(name,) for name in ("family_name", "birthdate", "age_equal_or_over", "nationalities", "picture")]


def face() -> str:
    """A picture as an identity card holds it."""
    file = io.BytesIO()
    Image.new("RGB", (90, 120), (120, 150, 190)).save(file, "JPEG")
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


CLAIMS: JsonObject = {
    "family_name": "Mustermann",
    "birthdate": "1964-08-12",
    "age_equal_or_over": {"18": True},
    "nationalities": ["DE", "FR"],
    "picture": face(),
}

T = TypeVar("T")


@dataclass
class SlowAddresses(Addresses):
    """A network whose status list comes when a test lets it."""

    gate: threading.Event = field(default_factory=threading.Event)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Wait, then answer."""
        while not self.gate.is_set():
            await asyncio.sleep(0.02)
        return await super().send(request)


@dataclass
class Library:
    """A counter that is open, and the wallet of somebody in front of it."""

    url: str
    counter: Counter
    network: SlowAddresses
    agency: Pki
    held: Held

    def wallet(self, exchange: Exchange[T], store: SqlVerifierStore | None = None) -> T:
        """Let the wallet do something, over the network; in a thread, because playwright's own loop runs in this one."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lambda: drive(exchange, store, GuardedSender(allow_local=True))).result()

    def open(self, link: str) -> VerifiedRequest:
        """The wallet fetches the request, and shows it."""
        prefixes = frozenset(Prefix)
        return self.wallet(
            fetch_request(
                read_link(link),
                anchors=self.counter.wallet_anchors,
                policy=RequestPolicy(prefixes=prefixes),
                wallet_nonce="fresh-nonce-of-the-wallet",
                metadata=wallet_metadata({"dc+sd-jwt": {}}, prefixes),
                now=self.counter.clock.now,
            )
        )

    def send(self, verified: VerifiedRequest, held: Held) -> Delivery:
        """The user says yes; what the wallet hears of it."""
        presentation = present(verified.request, held, now=self.counter.clock.now)
        answer = send_answer(verified, {"pid": (presentation,)}, ephemeral=P256Key.fresh(), random_bytes=seeded(13))
        return self.wallet(answer)

    def share(self, verified: VerifiedRequest) -> str:
        """The user says yes and is heard; where the wallet is led to, if anywhere."""
        delivery = self.send(verified, self.held)
        assert isinstance(delivery, Delivered)
        return delivery.redirect_uri or ""

    def decline(self, verified: VerifiedRequest) -> None:
        """The user says no."""
        self.wallet(send_error(verified, AccessDenied("the user said no")))


@contextmanager
def opened(folder, agency: Pki, *, use_cases: Sequence[str] = (CLUB, ADULT), **settings) -> Iterator[Library]:
    port = free_port()
    url = f"http://library.localhost:{port}"
    network = SlowAddresses()
    network.gate.set()
    counter = make_verifier(
        f"sqlite:///{folder}/verifier.db",
        agency.anchors,
        use_cases=use_cases,
        network=network,
        identifier=url,
        **settings,
    )
    status = sign_status_list_token(
        StatusList.from_entries(64, 2, {}),
        uri=STATUS_URI,
        issued_at=NOW,
        expires_at=None,
        ttl=None,
        signer=agency.signer,
        x5c=agency.x5c,
    )
    network.answers[STATUS_URI] = HttpResponse(200, (("content-type", MEDIA_TYPE),), status.encode())
    held = issue_held(agency, CLAIMS, disclosable=DISCLOSABLE, status_index=3)
    with running(counter.app, Listen(port=port)):
        yield Library(url, counter, network, agency, held)
    counter.close()
