"""Whole conversations over HTTP: 16 connections, one server core, every acknowledged write durable."""

import asyncio
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives import serialization

from issuer.app import open_issuer
from issuer.app import open_store as open_issuer_store
from issuer.config import IssuerSettings
from issuer.database.register import SqlRegister
from issuer.installation import NewIssuer, set_up_issuer
from issuer.service.offers import GrantKind, MadeOffer, OfferOrder
from protocol.errors import NotFound
from protocol.exchange import Exchange
from protocol.formats import FORMATS, IssuerSigner
from protocol.keys import P256Key
from protocol.oid4vp.response import AuthorizationResponse
from protocol.sdjwt.key_binding import KeyBinding
from protocol.trust.anchors import Role
from protocol.x509 import Certificate
from runtime.anchors import write_anchor
from runtime.certificates import Authority, CertificateNames, make_authority
from runtime.conversation import Load, SessionKey
from runtime.driver import drive
from runtime.http import GuardedSender
from tests.benchmarks.client import FORM, BenchWallet, Connection
from tests.benchmarks.measure import Report, Row
from tests.benchmarks.samples import CLAIMS, VCT, issuance
from tests.support.ports import free_port
from tests.support.postgres import find_binaries, running_cluster
from verifier.app import open_store as open_verifier_store
from verifier.app import open_verifier
from verifier.config import VerifierSettings
from verifier.installation import ANCHORS, NewVerifier, set_up_verifier
from verifier.service.requests import RequestOrder
from verifier.session import REQUEST, Requested
from verifier.use_case import read_question

CONNECTIONS = 16
ISSUANCES = 1500  # in a round
ANSWERS = 3000
ROUNDS = 3
SERVER_CORE = 0
MUST_ISSUE, MUST_ANSWER = 700.0, 1200.0  # a second, where the raw verification takes REFERENCE
REFERENCE = 42.0  # µs
START_SECONDS = 20.0
_NOBODY = GuardedSender(allow_local=False)
_MISSING = NotFound("no such request")
PERSON = "bench"
TYPE = "bench"


@dataclass(frozen=True, slots=True)
class Kind:
    """A database to measure on; an empty address is SQLite in the data folder."""

    name: str
    url: str


def measure_load(report: Report, raw_verify: float) -> None:
    """Issuance and presentation over HTTP on both databases; targets are scaled by the speed of this machine."""
    scale = REFERENCE / raw_verify
    with databases() as kinds:
        for kind in kinds:
            for what, measure, must in (
                ("issuance (token, nonce, credential)", _issuances, MUST_ISSUE),
                ("answer (direct_post.jwt)", _answers, MUST_ANSWER),
            ):
                rate = measure(kind)
                gate = must * scale if not kind.url else None
                row = Row(
                    f"{what} over HTTP, {kind.name}", rate, "1/s",
                    rate / gate if gate else None, f"{gate:.0f}/s" if gate else "", 1.0 if gate else None,
                )  # fmt: skip
                report.add(row)


@contextlib.contextmanager
def databases() -> Iterator[list[Kind]]:
    """SQLite, and PostgreSQL where it is installed; its server shares the client's core."""
    binaries = find_binaries()
    if binaries is None:
        yield [Kind("SQLite", "")]
        return
    with running_cluster(binaries) as cluster:
        yield [Kind("SQLite", ""), Kind("PostgreSQL", cluster.url(cluster.create_database()))]


def _issuances(kind: Kind) -> float:
    with _folder() as data:
        port = free_port()
        identifier = f"http://agency.localhost:{port}"
        _write_type(data / "types")
        set_up_issuer(
            NewIssuer(data, identifier, (("de", "Amt"),), types=(TYPE,), database_url=kind.url),
            now=int(time.time()),
            random_bytes=os.urandom,
        )
        codes = _make_offers(data, ISSUANCES * ROUNDS)

        async def round_of(connections: Sequence[Connection], number: int) -> None:
            waiting = iter(codes[number * ISSUANCES : (number + 1) * ISSUANCES])

            async def work(connection: Connection) -> None:
                wallet = BenchWallet(connection, identifier, TYPE)
                for code in waiting:
                    await wallet.issue(code)

            await asyncio.gather(*map(work, connections))

        with _server("issuer", data, port):
            return asyncio.run(_rate(round_of, "agency.localhost", port, ISSUANCES))


def _answers(kind: Kind) -> float:
    with _folder() as data:
        port = free_port()
        new = NewVerifier(data, f"http://library.localhost:{port}", (("de", "Bücherei"),), database_url=kind.url)
        set_up_verifier(new, now=int(time.time()), random_bytes=os.urandom)
        answers = _make_answers(data, ANSWERS * ROUNDS)

        async def round_of(connections: Sequence[Connection], number: int) -> None:
            waiting = iter(answers[number * ANSWERS : (number + 1) * ANSWERS])

            async def work(connection: Connection) -> None:
                for path, body in waiting:
                    (await connection.post(path, body, {"content-type": FORM})).expect(200)

            await asyncio.gather(*map(work, connections))

        with _server("verifier", data, port):
            return asyncio.run(_rate(round_of, "library.localhost", port, ANSWERS))


async def _rate(
    round_of: Callable[[Sequence[Connection], int], Awaitable[None]], host: str, port: int, count: int
) -> float:
    """Conversations a second: the median of the rounds."""
    connections = [await Connection.open(host, port) for _ in range(CONNECTIONS)]
    rates = []
    for number in range(ROUNDS):
        began = time.perf_counter()
        await round_of(connections, number)
        rates.append(count / (time.perf_counter() - began))
    for connection in connections:
        await connection.close()
    return statistics.median(rates)


def _write_type(folder: Path) -> None:
    """A credential type with the same twenty claims as everywhere in these measures."""
    folder.mkdir(parents=True)
    claims = "".join(
        f'[[claims]]\npath = ["{name}"]\ntype = "text"\nlabel = {{ en = "{name}", de = "{name}" }}\nmandatory = true\n\n'
        for name in CLAIMS
    )
    names = '[name]\nde = "Messung"\nen = "Measure"\n\n[description]\nde = "Messung."\nen = "Measure."\n\n'
    look = '[look]\nbackground_color = "#1F6F5C"\ntext_color = "#FFFFFF"\n\n'
    text = f'id = "{TYPE}"\nvct = "{VCT}"\nvalidity_days = 30\n\n{names}{look}{claims}'
    (folder / f"{TYPE}.toml").write_text(text)
    os.environ["HOHEIT_ISSUER_TYPES_FOLDER"] = str(folder)


def _make_offers(data: Path, count: int) -> list[str]:
    """Pre-authorized codes of open offers, made before anything is measured."""
    settings = IssuerSettings.read(data)
    store = open_issuer_store(settings)
    SqlRegister(store.database).put({PERSON: CLAIMS})
    issuer = open_issuer(settings, store)
    order = OfferOrder((TYPE,), PERSON, GrantKind.PRE_AUTHORIZED_CODE, tx_code=False, by_reference=True, actor="")

    def make_all() -> Exchange[list[MadeOffer]]:
        made = []
        for _ in range(count):
            made.append((yield from issuer.offers.make(order)))  # noqa: PERF401 - a comprehension cannot yield
        return made

    made = drive(make_all(), store, _NOBODY)
    store.database.dispose()
    return [offer.offer.pre_authorized_code or "" for offer in made]


def _make_answers(data: Path, count: int) -> list[tuple[str, bytes]]:
    """Open requests and what a wallet answers to each: path and body."""
    authority, issuer = _issuer()
    write_anchor(data / ANCHORS, "issuer.pem", authority.to_pem(), role=Role.ISSUER, name="Bench authority")
    settings = VerifierSettings.read(data)
    store = open_verifier_store(settings)
    verifier = open_verifier(settings, store)
    holder = P256Key.generate(os.urandom)
    form = FORMATS["dc+sd-jwt"]
    now = int(time.time())
    credential = form.issue(issuance(holder, now=now, uri=""), issuer, os.urandom)
    paths = [[f"claim_{i:02}"] for i in range(5)]
    query = read_question(
        {
            "credentials": [
                {
                    "id": "c",
                    "format": "dc+sd-jwt",
                    "meta": {"vct_values": [VCT]},
                    "claims": [{"path": p} for p in paths],
                }
            ]
        },
        "dcql_query",
    )
    answers = []
    for _ in range(count):
        made = drive(verifier.requests.make(RequestOrder(None, query, owner="")), store, _NOBODY)
        stage = store.load(Load(SessionKey.of(REQUEST, made.id), _MISSING))
        if not isinstance(stage, Requested):
            raise TypeError("a fresh request is open")
        request = verifier.requests.authorization_request(stage)
        binding = KeyBinding(holder, str(request.client_id), request.nonce, now)
        presentation = form.present(credential, [tuple(p) for p in paths], binding)
        encryption = request.choose_encryption()
        if encryption is None:
            raise TypeError("answers are encrypted")
        answer = AuthorizationResponse({"c": (presentation,)}, request.state)
        body = urlencode(answer.to_encrypted_form(*encryption, P256Key.fresh(), os.urandom)).encode()
        answers.append((urlsplit(request.response_uri).path, body))
    store.database.dispose()
    return answers


def _issuer() -> tuple[Authority, IssuerSigner]:
    """An issuer whose certificate is valid today."""
    now, names = int(time.time()), CertificateNames("Bench", "Bench")
    key = P256Key.generate(os.urandom)
    authority = make_authority(P256Key.generate(os.urandom), names, now=now, days=30, random_bytes=os.urandom)
    leaf_names = CertificateNames("Bench issuer", "Bench issuer")
    leaf = authority.issue_leaf(key.public_key, leaf_names, now=now, days=20, random_bytes=os.urandom)
    der = leaf.public_bytes(serialization.Encoding.DER)
    return authority, IssuerSigner(key, (Certificate.from_der(der).to_x5c(),))


@contextlib.contextmanager
def _server(role: str, data: Path, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.benchmarks.server", role, str(data), str(port), str(SERVER_CORE)]
    process = subprocess.Popen(command, env={**os.environ, "HOHEIT_ENV": "test"}, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=15)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """The port is bound before the service is ready, so only an answer says that it is."""
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError), contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=5)) as asking:
            asking.request("GET", "/live")
            if asking.getresponse().status == HTTPStatus.OK:
                return
        time.sleep(0.05)
    raise RuntimeError("the server under load did not start")


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hoheit-bench-"))
    os.environ["HOHEIT_ENV"] = "test"
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
