"""A wallet becomes known to its provider: by a code that is good for one, and by nothing that can be played again."""

import pytest
from sqlalchemy import select

from protocol.wallet_unit.errors import EnrolmentRequired, UnitRevoked, WalletRefused
from protocol.wallet_unit.messages import Register, ReportLost, sign_unit_request, unit_id
from tests.support.pki import NOW, seeded_key
from tests.support.provider import PROVIDER, make_provider
from wallet.provider.database.tables import conversations
from wallet.provider.policy import CODE_LENGTH, DAY, ProviderPolicy
from wallet.provider.records import UnitState

KEY = seeded_key(51)
OTHER = seeded_key(52)


def code(office, label=""):
    return office.run(office.provider.invite(label))


def units(office):
    return office.run(office.provider.units())


def request(office, asked=None, *, key=KEY, audience=PROVIDER, challenge=None, issued_at=None):
    return sign_unit_request(
        asked or Register("1.0", code(office)),
        key,
        audience=audience,
        challenge=challenge or office.provider.challenge(),
        issued_at=office.clock.now if issued_at is None else issued_at,
    )


def test_a_wallet_registers_with_a_code(stored_office):
    office = stored_office
    answer = office.wallet(office.client().register(code(office, "order 4711")))
    assert dict(answer.name) == {"en": "Wallets Ltd", "de": "Brieftaschen GmbH"}
    assert answer.known_until == NOW + 400 * DAY
    assert answer.attestation is None
    (unit,) = units(office)
    assert (unit.id, unit.label, unit.version, unit.state) == (
        unit_id(KEY.public_key),
        "order 4711",
        "1.0",
        UnitState.ACTIVE,
    )


def test_a_code_is_typed_as_people_type(office):
    typed = code(office).lower().replace("-", " ").replace("0", "o").replace("1", "l")
    office.wallet(office.client().register(f"  {typed} "))
    assert len(units(office)) == 1


def test_a_code_is_good_for_one_wallet(stored_office):
    office = stored_office
    made = code(office)
    office.wallet(office.client().register(made))
    with pytest.raises(EnrolmentRequired):
        office.wallet(office.client(OTHER).register(made))
    assert len(units(office)) == 1


@pytest.mark.parametrize("wrong", [None, "x", "0" * CODE_LENGTH, "U" * CODE_LENGTH, "ſ" * CODE_LENGTH])
def test_nobody_registers_without_a_good_code(office, wrong):
    code(office)
    with pytest.raises(EnrolmentRequired):
        office.wallet(office.client().register(wrong))
    assert units(office) == ()


def test_nothing_is_left_of_a_code_that_was_used(stored_office):
    """What is kept of a wallet does not lead back to its code."""
    office = stored_office
    office.wallet(office.client().register(code(office)))
    with office.store.database.reading() as connection:
        kinds = set(connection.scalars(select(conversations.keys.c.kind)))
    assert kinds == {"unit"}


def test_a_code_has_its_time(office):
    made = code(office)
    office.clock.now += 30 * DAY
    with pytest.raises(EnrolmentRequired):
        office.wallet(office.client().register(made))
    assert units(office) == ()


def test_a_code_survives_a_mistake(office):
    """What is refused changes nothing."""
    made = code(office)
    office.clock.now += 1
    status, _ = office.post(request(office, Register("1.0", made), audience="https://other.example"))
    assert status == 400
    office.wallet(office.client().register(made))


def test_a_wallet_that_is_known_registers_again_without_a_code(office):
    """A wallet that was killed before it heard the answer asks once more."""
    office.registered(KEY)
    assert office.wallet(office.client(KEY).register()).known_until == NOW + 400 * DAY
    assert len(units(office)) == 1


def test_an_open_provider_takes_whoever_comes(database_url):
    office = make_provider(database_url, policy=ProviderPolicy(open_enrolment=True))
    office.wallet(office.client(KEY).register())
    office.wallet(office.client(OTHER).register())
    assert {unit.id for unit in units(office)} == {unit_id(KEY.public_key), unit_id(OTHER.public_key)}
    office.close()


def test_a_blocked_wallet_does_not_come_back(tmp_path):
    office = make_provider(f"sqlite:///{tmp_path}/p.db", policy=ProviderPolicy(open_enrolment=True))
    office.wallet(office.client(KEY).register())
    office.run(office.provider.revoke(unit_id(KEY.public_key)[:6], "clerk"))
    with pytest.raises(UnitRevoked):
        office.wallet(office.client(KEY).register())
    office.clock.now += 5000 * DAY
    office.sweep()
    with pytest.raises(UnitRevoked):
        office.wallet(office.client(KEY).register(code(office)))
    office.close()


def test_a_version_that_is_not_trusted_is_not_registered(tmp_path):
    office = make_provider(
        f"sqlite:///{tmp_path}/p.db", policy=ProviderPolicy(open_enrolment=True, refused_versions=frozenset(("0.9",)))
    )
    with pytest.raises(WalletRefused):
        office.wallet(office.client(KEY, "0.9").register())
    office.wallet(office.client(KEY, "1.0").register())
    office.close()


# Requests that do not hold


def test_a_request_is_not_played_again(stored_office):
    """T106: neither against the same stage nor after it moved on."""
    office = stored_office
    office.registered(KEY)
    lost = request(office, ReportLost())
    assert office.post(lost)[0] == 200
    assert office.post(lost) == (
        400,
        {"error": "use_unit_challenge", "error_description": "a fresh challenge is needed"},
    )


def test_a_challenge_serves_one_request_of_one_wallet(office):
    challenge = office.provider.challenge()
    office.registered(KEY)
    office.registered(OTHER)
    assert office.post(request(office, ReportLost(), challenge=challenge))[0] == 200
    assert office.post(request(office, ReportLost(), key=OTHER, challenge=challenge))[0] == 400
    states = {unit.id: unit.state for unit in units(office)}
    assert states == {unit_id(KEY.public_key): UnitState.REVOKED, unit_id(OTHER.public_key): UnitState.ACTIVE}


@pytest.mark.parametrize("made_up", ["x", "A" * 50, "!"])
def test_a_challenge_is_one_of_ours(office, made_up):
    status, body = office.post(request(office, challenge=made_up))
    assert (status, body["error"]) == (400, "use_unit_challenge")


def test_a_challenge_has_its_time(office):
    old = office.provider.challenge()
    office.clock.now += 120
    status, body = office.post(request(office, challenge=old))
    assert (status, body["error"]) == (400, "use_unit_challenge")


def test_a_wallet_fetches_a_fresh_challenge_when_the_first_was_too_old(office):
    client, made = office.client(), code(office)
    exchange = client.register(made)
    first = next(exchange)
    response = office.respond(first)
    office.clock.now += 120
    asked = exchange.send(response)
    again = exchange.send(office.respond(asked))
    assert again.url == f"{PROVIDER}/challenge"
    with pytest.raises(StopIteration):
        exchange.send(office.respond(exchange.send(office.respond(again))))
    assert len(units(office)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": "https://other.example"},
        {"issued_at": NOW - 301},
        {"issued_at": NOW + 61},
    ],
)
def test_a_request_for_another_or_of_another_time_is_refused(office, changes):
    status, body = office.post(request(office, **changes))
    assert (status, body["error"]) == (400, "invalid_unit_request")
    assert units(office) == ()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"request": 1}', b'{"request": "a.b.c"}', b"x"])
def test_what_is_no_request_is_refused(office, body):
    answer = office.http.post(f"{PROVIDER}/unit", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400


def test_a_request_has_a_size(office):
    answer = office.http.post(f"{PROVIDER}/unit", json={"request": "x" * 200_000})
    assert answer.status_code == 413
