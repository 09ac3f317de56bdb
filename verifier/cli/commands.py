"""What the commands do: each opens the folder, does one thing with the verifier's own service, and tells it.

Whatever goes wrong ends the program with one clear line and status 1 (T252); `Raises:` says what those lines are about.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import qrcode

from protocol.dcql.query import CredentialQuery, DcqlQuery
from protocol.errors import InvalidRequest
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors, TrustedIdentifier
from runtime import system
from runtime.anchors import anchor_file, read_certificate, write_anchor
from runtime.api_keys import new_api_key
from runtime.commands import explained, print_json, read_names
from runtime.driver import drive
from runtime.fingerprints import fingerprint_lines, fingerprint_of
from runtime.http import NoSender
from runtime.installation import AUTHORITY_FILE
from runtime.key_token import check_token
from runtime.serve import Listen, serve
from runtime.token_options import NO_TOKEN, TokenOptions
from verifier.api.partner import RequestState, state_of
from verifier.app import create_app, open_anchors, open_store, open_use_cases, open_verifier
from verifier.config import VerifierSettings
from verifier.database.store import SqlVerifierStore
from verifier.installation import ANCHORS, NewVerifier, set_up_verifier
from verifier.service.requests import RequestOrder
from verifier.use_case import UseCase

OWNER = "command line"  # no digest, so no API key can own what is asked here
LOOK_SECONDS = 1.0
WAITING = frozenset(("requested", "opened"))
MARKS = {True: "✓", False: "✗", None: "–"}


@explained()
def set_up(
    data: Path,
    public_url: str,
    names: list[str],
    use_cases: tuple[str, ...],
    database_url: str,
    *,
    token: TokenOptions = NO_TOKEN,
) -> None:
    """Make a verifier's folder and tell what to do with it.

    Raises:
        ValueError: a name without a language, or a setting that is wrong; nothing was made.
        FileExistsError: there is a verifier in this folder already.
        TokenError: the token is away, or makes no keys.
    """
    pairs = read_names(names)
    # Settings are checked before anything is made, so that a mistake leaves no half-made folder
    settings = VerifierSettings(
        data=data,
        public_url=public_url,
        name=dict(pairs),
        use_cases=use_cases,
        database_url=database_url,
        **token.said(),
    )
    open_use_cases(settings)
    new = NewVerifier(data, settings.public_url, pairs, use_cases, database_url=database_url, token=settings.key_token)
    authority = set_up_verifier(new, now=system.now(), random_bytes=system.random_bytes)
    print(f"{pairs[0][1]} can be served now, from {data}")
    print(f"\nWallets know it by this authority: {data / AUTHORITY_FILE}. This file is no secret.")
    print("A wallet takes it with `hoheit wallet trust --role verifier`.")
    print(
        "\nGive its fingerprint (SHA-256) to them on another way, such as a letter. A wallet shows it for comparison:"
    )
    for line in fingerprint_lines(fingerprint_of(read_certificate(authority, AUTHORITY_FILE))):
        print(f"  {line}")


def run_server(data: Path, host: str, port: int, workers: int) -> None:
    """Serve a verifier's folder until the process is told to end.

    Raises:
        ValueError: several workers without PostgreSQL.
        TokenError: the token is away. It is asked once, before any worker could try a wrong PIN for itself.
    """
    with explained():
        settings = VerifierSettings.read(data)
        settings.check_workers(workers)
        check_token(settings.key_token)
    serve(functools.partial(create_app, settings), Listen(host, port, workers), service="verifier")


@explained()
def migrate_database(data: Path) -> None:
    """Bring a verifier's database to this program's version."""
    with _store(VerifierSettings.read(data)):
        print("The database is ready.")


@explained()
def append_usage(data: Path) -> None:
    """Append to the usage log what waits for the next full hour, and tell how many leaves that were; others stay served."""
    settings = VerifierSettings.read(data)
    with _store(settings) as store:
        count = drive(open_verifier(settings, store).usage.append_early(), store, NoSender())
    print(f"Appended: {count}")


@explained()
def make_api_key(data: Path, name: str) -> str:
    """A fresh key of the API, which is kept as a digest only."""
    with _store(VerifierSettings.read(data)) as store:
        key, kept = new_api_key(name, now=system.now(), random_bytes=system.random_bytes)
        store.api_keys.put(kept)
    return key


@explained()
def revoke_api_keys(data: Path, name: str) -> int:
    """Revoke every key of a name; how many that were.

    Raises:
        InvalidRequest: there is none.
    """
    with _store(VerifierSettings.read(data)) as store:
        count = store.api_keys.revoke(name)
    if not count:
        raise InvalidRequest("there is no key of this name that is good")
    return count


@explained()
def trust_authority(data: Path, pem: Path, name: str, types: tuple[str, ...]) -> str:
    """Add an issuer's authority to the anchors; a running verifier sees it within a second.

    Raises:
        Malformed: not a certificate, or a private key beside it; nothing was changed.
    """
    settings = VerifierSettings.read(data)
    content = pem.read_bytes()
    certificate = read_certificate(content, pem.name)
    folder = settings.anchors or data / ANCHORS
    write_anchor(folder, anchor_file(certificate), content, role=Role.ISSUER, name=name, types=types)
    return f"Trusted as {name}: {', '.join(types) or 'every type'}"


@explained()
def list_use_cases(data: Path, *, as_json: bool) -> bool:
    """Tell every use case with what stands in its way; whether nothing does."""
    settings = VerifierSettings.read(data)
    anchors = open_anchors(settings)()
    good = True
    for use_case in open_use_cases(settings).values():
        problems = problems_of(use_case, anchors)
        good = good and not problems
        types = sorted({kind for asked in use_case.query.credentials for kind in asked.meta.types})
        if as_json:
            print_json({"id": use_case.id, "title": dict(use_case.title), "types": [*types], "problems": [*problems]})
        else:
            print(f"{MARKS[not problems]} {use_case.id}: {use_case.title[0][1]} ({', '.join(types)})")
            for problem in problems:
                print(f"    {problem}")
    return good


def problems_of(use_case: UseCase, anchors: TrustAnchors) -> list[str]:
    """Why no answer to a use case could be accepted now."""
    issuers: list[TrustAnchor | TrustedIdentifier] = [*anchors.anchors, *anchors.identifiers]
    trusted = [anchor for anchor in issuers if anchor.role is Role.ISSUER]
    unknown = use_case.accepted_issuers - {anchor.name for anchor in trusted}
    problems = [f"accepts {name}, whom nobody here trusts; use `trust`" for name in sorted(unknown)]
    accepted = [a for a in trusted if not use_case.accepted_issuers or a.name in use_case.accepted_issuers]
    lacking = {
        asked.id: asked
        for asked in use_case.query.credentials
        if not any(_may_issue(anchor, asked) for anchor in accepted)
    }
    return problems + [
        f"nobody who may issue {' or '.join(asked.meta.types) or asked.id} is trusted; use `trust`"
        for asked in _in_the_way(use_case.query, lacking)
    ]


def _may_issue(anchor: TrustAnchor | TrustedIdentifier, asked: CredentialQuery) -> bool:
    return not anchor.types or not asked.meta.types or bool(anchor.types.intersection(asked.meta.types))


def _in_the_way(query: DcqlQuery, lacking: Mapping[str, CredentialQuery]) -> Iterator[CredentialQuery]:
    """Of what nobody can show, what is needed: with sets, that of which no option can be met (OID4VP 1.0 §6.4.2)."""
    if not query.credential_sets:
        yield from lacking.values()
    for one in query.credential_sets:
        if one.required and all(any(id_ in lacking for id_ in option) for option in one.options):
            yield from [
                lacking[id_] for id_ in dict.fromkeys(id_ for option in one.options for id_ in option) if id_ in lacking
            ]


def look_again_soon() -> None:
    """Let a moment pass."""
    time.sleep(LOOK_SECONDS)


@explained()
def ask_once(data: Path, use_case: str, *, as_json: bool, wait: Callable[[], None] = look_again_soon) -> bool:
    """Ask, show, wait, tell; whether the answer was accepted. The verifier has to be running for wallets to reach it.

    `wait` is called between two looks at whether an answer came.

    Raises:
        InvalidRequest: there is no such use case.
    """
    settings = VerifierSettings.read(data)
    with _store(settings) as store:
        verifier = open_verifier(settings, store)
        order = RequestOrder(use_case, None, owner=OWNER)
        made = drive(verifier.requests.make(order), store, NoSender())
        if as_json:
            print_json({"id": made.id, "uri": made.uri, "expires_at": made.expires_at})
        else:
            print(made.uri)
            _print_qr(made.uri)
        while True:
            state = state_of(drive(verifier.answers.result(made.id, OWNER), store, NoSender()))
            if state.state not in WAITING:
                break
            wait()
    if as_json:
        print_json(state)
    else:
        _tell(state)
    return state.state == "accepted"


@contextmanager
def _store(settings: VerifierSettings) -> Iterator[SqlVerifierStore]:
    store = open_store(settings)
    try:
        yield store
    finally:
        store.database.dispose()


def _tell(state: RequestState) -> None:
    print(f"The request was {state.state}." if state.state != "expired" else "The request has expired.")
    for check in state.verdict.checks if state.verdict else ():
        as_of = f" (as of {datetime.fromtimestamp(check.as_of, UTC):%Y-%m-%d %H:%M} UTC)" if check.as_of else ""
        reason = f": {check.reason}" if check.reason else ""
        print(f"{MARKS[check.passed]} {check.check.replace('_', ' ')}{as_of}{reason}")
    if state.claims is not None:
        print_json(state.claims)


def _print_qr(link: str) -> None:
    code = qrcode.QRCode(border=2)
    code.add_data(link, optimize=0)
    code.print_ascii(out=sys.stdout, invert=sys.stdout.isatty())
