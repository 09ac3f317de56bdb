"""What is written down while everything runs: no value of a claim but where it lies for what it was given, and then sealed.

Every text about one citizen is marked. They get documents, show them, apply for something and ask for their rights; clerks and
programs of the agency and of the library look, fetch and report. Then everything that was written is searched.
"""

import base64
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog
from fastapi import FastAPI, Response
from starlette.testclient import TestClient

from capabilities.accounts.service import new_clerk_code
from protocol.sovereignty.rights import Right
from protocol.sovereignty.usage import HOUR
from runtime import system
from runtime.api_keys import api_key_digest
from tests.flows.common import unpacked
from tests.flows.founding import METRICS_KEY, land
from tests.flows.land import AGENCY, LIBRARY, PASSPHRASE, REGISTER, Land, Partner
from tests.flows.lying import claims_of
from tests.flows.searching import MARK, bytes_of, cells, files, holds
from tests.flows.test_privacy_traffic import JOIN, announced, announced_to_movers, moved
from tests.issuer.web.test_desk import filled
from tests.verifier.web.people import Browser
from tests.verifier.web.test_services import case_number, version
from wallet.policy.cockpit.rights import Wish

pytestmark = pytest.mark.flow

CITIZEN = "erika"
SYSTEM = "https://system.example"
FREE = frozenset({
    "given_name", "family_name", "birth_family_name", "street_address", "formatted", "document_number",
})  # fmt: skip
REMARK = """
[[fields]]
name = "remark"
title = { de = "Bemerkung", en = "Remark" }
type = "string"

"""
OUTCOME = f"""
[outcome]
webhook = "{SYSTEM}/hook"
"""
STREET = """
[[fields]]
name = "street"
title = { de = "Straße", en = "Street" }
type = "string"
from = [{ document = "pid", path = ["address", "street_address"] }]

[[fields]]
name = "family_name"
title = { de = "Nachname", en = "Last name" }
type = "string"
from = [{ document = "pid", path = ["family_name"] }]
"""


def services(name):
    if name != "library":
        return {}
    return {
        "join.toml": JOIN.replace("[[eligible", REMARK + "[[eligible") + OUTCOME,
        "moved-library.toml": moved("library") + STREET,
    }


def system_behind(application):
    """What the library's own system answers to notices: first nothing, then what is no decision, with a value in it."""
    answers = iter([(503, b""), (200, b'{"state": "%sfamilyname", "text": "no"}' % MARK.encode())])

    @application.post("/hook")
    def hook():
        status, body = next(answers, (204, b""))
        return Response(body, status, media_type="application/json")

    return application


def everything_announced(settings):
    more = announced_to_movers(settings, STREET) if settings.public_url == LIBRARY else ()
    return (*announced(settings), *more)


def marked(known):
    """The people of the town, one of them under names that stand nowhere else."""

    def mark(name, value):
        if isinstance(value, dict):
            return {key: mark(key, one) for key, one in value.items()}
        return f"{MARK}{name.replace('_', '')}" if name in FREE else value

    return {**known, CITIZEN: mark("", known[CITIZEN])}


@dataclass
class Written:
    """What there is to search after all that."""

    country: Land
    lines: list[str] = field(default_factory=list)  # of the log, with everything that was handed to it
    addresses: list[str] = field(default_factory=list)  # that anybody opened
    shown: list[str] = field(default_factory=list)  # pages and answers on which values rightly stand
    metrics: dict[str, bytes] = field(default_factory=dict)  # by host
    signed: list[str] = field(default_factory=list)  # receipts and reports
    mandates: list[str] = field(default_factory=list)  # as they were given, and as the agency says how they stand
    heard: int = 0  # notices that the library's own system took
    forwarded: str = ""  # what a clerk of the recipient sees
    receipts: list[dict[str, Any]] = field(default_factory=list)  # what the receipts say
    secrets: dict[str, bytes] = field(default_factory=dict)  # of the wallet


@dataclass
class AtTheLibrary:
    """What a browser in `tests.verifier.web.people` needs to know of a verifier."""

    partner: Partner
    written: Written

    def http(self, method, path, **how):
        client = TestClient(self.partner.application, base_url=LIBRARY, follow_redirects=False)
        page = client.request(method, path, **how)
        self.written.addresses.append(f"{path} {page.headers.get('location', '')}")
        return page

    @property
    def verifier(self):
        return self.partner.verifier

    def run(self, work):
        return self.partner.run(work)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "test")
        lines = []

        def record(_, level, members):
            lines.append(f"{level} {members!r}")
            raise structlog.DropEvent

        structlog.configure(processors=[record])
        try:
            folder = tmp_path_factory.mktemp("land")
            with land(folder, services=services, announced=everything_announced, people=marked) as country:
                found = Written(country, lines)
                country.network.hosts[urlsplit(SYSTEM).netloc] = system_behind(FastAPI())
                with country.citizen(CITIZEN) as citizen:
                    play(found, country, citizen)
                yield found
        finally:
            structlog.reset_defaults()


def play(written, country, citizen):
    """Everything that happens with somebody's data."""
    at_the_agency(written, country)
    citizen.follow()
    citizen.receive("pid")
    citizen.receive("residence")
    made = country.library.ask("name", owner=api_key_digest(key := country.library.api_key()))
    citizen.share(made.uri)
    by_program(written, country.library, key, made)
    at_the_service(written, country, citizen)
    by_mandate(written, country, citizen)
    country.next_hour()
    citizen.follow()
    for disclosure in citizen.opened.vault.disclosures():
        citizen.run(citizen.wallet.cockpit.ask(disclosure))
        for right in (Right.ACCESS, Right.RESTRICTION):
            citizen.run(citizen.wallet.cockpit.rights.ask(disclosure, Wish(right, text=f"{MARK}wish")))
    country.next_hour()
    for disclosure in citizen.opened.vault.disclosures():
        kept = citizen.wallet.cockpit.find(disclosure.id)
        written.receipts.append(claims_of(kept.receipt.raw.encode()))
        written.signed += [kept.receipt.raw, *[one.raw for one in kept.usage.reports]]
        written.secrets[f"cockpit key {disclosure.id}"] = kept.key.encode()
    for credential in citizen.opened.vault.credentials():
        written.secrets[f"document {credential.id}"] = credential.copies[0].raw.encode()[-100:]
        written.secrets[f"key {credential.id}"] = credential.copies[0].key.encode()
    written.secrets["passphrase"] = PASSPHRASE.encode()
    written.lines.append("\n".join(citizen.sentences))
    written.addresses += [one.request.url for one in country.network.seen]
    for host, application in country.network.hosts.items():
        if host == urlsplit(SYSTEM).netloc:
            continue
        client = TestClient(application, base_url=f"https://{host}")
        written.metrics[host] = client.get("/metrics", headers={"authorization": f"Bearer {METRICS_KEY}"}).content


def at_the_agency(written, country):
    """A clerk looks at somebody."""
    code, kept = new_clerk_code("Frau Berg", now=country.clock(), random_bytes=system.random_bytes)
    country.issuer_store.clerk_codes.put(kept)
    http = TestClient(country.network.hosts[urlsplit(AGENCY).netloc], base_url=AGENCY, follow_redirects=False)

    def post(address, form):
        answer = http.post(address, data=form, headers={"origin": AGENCY, "sec-fetch-site": "same-origin"})
        written.addresses.append(f"{address} {answer.headers['location']}")
        return http.get(answer.headers["location"])

    post("/desk/login", filled(http.get("/desk/login"), "/desk/login", code=code))
    found = post("/desk/people", filled(http.get("/desk"), "/desk/people", wanted=f"{MARK}familyname"))
    person = found.text.split('href="/desk/people/')[1].split('"')[0]
    page = http.get(f"/desk/people/{person}")
    written.addresses.append(str(page.url))
    written.shown.append(page.text)


def by_program(written, partner, key, made):
    """A program of the library fetches what was given, and says what it did with it."""
    client = TestClient(partner.application, base_url=LIBRARY, headers={"authorization": f"Bearer {key}"})
    answer = client.get(f"/api/requests/{made.id}")
    written.shown.append(answer.text)
    receipt = answer.json()["receipt"]["jti"]
    use = {"receipt_id": receipt, "action": "used", "by": "register of members"}
    assert client.post("/api/usage", json=use).status_code == 204
    refused = client.post("/api/usage", json={**use, "by": f"{MARK}clerk", "action": "sold"})
    assert refused.status_code == 400
    written.lines.append(refused.text)


def at_the_service(written, country, citizen):
    """The citizen applies for something, and a clerk decides."""
    library = AtTheLibrary(country.library, written)
    browser = Browser(library)
    browser.get("/services/join")
    browser.press("/services/join/begin", way="there")
    citizen.share(browser.asked())
    written.shown.append(browser.get("/services/join/wallet").text)
    browser.press("/services/join/form", version=version(browser), remark=f"{MARK}typed")
    number = case_number(browser.press("/services/join/send", version=version(browser)))
    for _ in range(3):
        written.heard += country.library.run(country.library.verifier.notices.deliver())
        country.clock.ahead += HOUR
    code, kept = new_clerk_code("Ada", now=country.clock(), random_bytes=system.random_bytes)
    country.library.store.clerk_codes.put(kept)
    desk = Browser(library)
    desk.get("/desk/login")
    desk.press("/desk/login", code=code)
    page = desk.get(f"/desk/cases/{number}")
    written.shown.append(page.text)
    once = page.text.split('name="once" value="')[1].split('"')[0]
    desk.press(f"/desk/cases/{number}", once=once, state="granted", text="Welcome.", offer="")


def by_mandate(written, country, citizen):
    """The citizen has the agency tell the library what changes, and moves."""
    given = citizen.instruct("moved-library")
    assert country.move(CITIZEN, street_address=f"{MARK}newstreet") == 1
    kept = citizen.run(citizen.wallet.mandates.look(given.id)).kept
    assert kept.receipt
    written.mandates += [kept.token, kept.status]
    written.secrets["key of a mandate"] = kept.key.encode()
    library = country.library
    cases = library.run(library.verifier.cases.listed(is_open=True))
    opened = [library.run(library.verifier.cases.open(one.id, actor="Ada", role="clerk")) for one in cases]
    written.forwarded = "\n".join(f"{line.name} {line.value}" for one in opened for line in one.lines)


def test_the_values_were_there_where_they_are_to_be_seen(written):
    """Otherwise nothing could be found in the wrong place either."""
    agency, program, form, case, *_ = written.shown
    assert f"{MARK}givenname" in agency
    assert f"{MARK}givenname" in program
    assert f"{MARK}familyname" in form
    assert f"{MARK}typed" in case
    assert f"{MARK}familyname" in case
    assert f"street {MARK}newstreet" in written.forwarded
    assert len(written.signed) >= 6
    assert len(written.lines) > 50


def test_who_looks_for_a_value_finds_it_however_it_is_written():
    written_so = f'{{"a":"{MARK}name"}}'.encode()
    for text in (written_so, written_so.upper(), written_so.hex().encode(), base64.b64encode(b"xx" + written_so)):
        assert holds(text)
    assert not holds(b"Qzv7 Marked")


def test_no_value_is_in_any_log(written):
    """T258"""
    assert [line for line in written.lines if holds(line.encode())] == []


def test_no_value_is_in_any_address(written):
    """T260"""
    assert [address for address in written.addresses if holds(address.encode())] == []


def test_no_value_is_in_any_metric(written):
    assert len(written.metrics) == 4
    for host, text in written.metrics.items():
        assert b"hoheit_requests_total" in text, host
        assert not holds(text), host


def test_no_value_is_in_what_a_webhook_is_told_nor_is_its_answer_repeated(written):
    told = written.country.network.between("library", SYSTEM)
    assert [one.response.status for one in told][:2] == [503, 200]
    assert written.heard == 1
    for one in told:
        assert b"case_sent" in one.sent
        assert not holds(one.sent)
    # What it answered holds one, was no decision, and stands in no log
    assert holds(told[1].came)
    [line] = [line for line in written.lines if "no decision" in line]
    assert "webhook" in line


def test_what_is_still_in_a_write_ahead_log_is_searched_too(written):
    for name in ("register", "agency", "library", "bank"):
        assert [file for file in files(written.country.folder / name) if file.suffix == ".db-wal"], name


def test_no_value_is_in_a_receipt_or_a_report(written):
    for token in written.signed:
        assert not holds(token.encode())
        assert b"given_name" in unpacked(token.encode()) or b"family_name" in unpacked(token.encode())


def test_no_value_is_in_a_mandate_or_in_how_it_stands(written):
    given, status = written.mandates
    assert not holds(given.encode())
    assert not holds(status.encode())
    assert b"street_address" in unpacked(given.encode())
    assert claims_of(status.encode())["used"] == 1


def test_the_register_learns_nothing_about_any_citizen(written):
    """Neither a value nor who gave anything to whom."""
    country = written.country
    for file, content in files(country.folder / "register").items():
        assert not holds(content), file
        for name, secret in written.secrets.items():
            assert secret not in content, (file, name)
        for receipt in written.receipts:
            assert receipt["jti"].encode() not in content, file
            assert receipt["key"].encode() not in content, file
    called = {urlsplit(one.request.url).path for one in country.network.between(CITIZEN, REGISTER)}
    assert {path for path in called if not path.startswith(("/lists/", "/status/"))} <= {
        "/catalogue", "/partners", "/access.crl", "/authority.crl",
    }  # fmt: skip


def test_at_the_agency_values_stand_in_its_register_and_nowhere_else(written):
    found = cells(written.country.folder / "agency")
    held = {at for at, values in found.items() if any(holds(bytes_of(value)) for value in values)}
    # The names by which clerks find people are part of that register
    assert held == {"people.record", "people_names.name"}
    assert len(found) > 50


def test_at_a_partner_every_value_is_sealed(written):
    """All files, with what a database has beside its tables: whoever takes the disk away has nothing."""
    for name in ("library", "bank"):
        for file, content in files(written.country.folder / name).items():
            assert not holds(content), file


def test_an_agency_with_every_database_cannot_read_a_wallet(written):
    """Its operator has the files of everybody: values stand in the agency's own register, and the wallet's secrets nowhere."""
    folder = written.country.folder
    for file, content in files(folder).items():
        if folder / "wallets" in file.parents:
            assert not holds(content), file
            assert b"Library" not in content, file
        for name, secret in written.secrets.items():
            assert secret not in content, (file, name)
