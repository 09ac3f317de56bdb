"""How a mandate stands: uses are counted, an end is an end, and the source's word for it is checked."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import (
    Conflict,
    Malformed,
    NotForThisRequest,
    NotTrusted,
    NotValidNow,
    ProtocolError,
    RolledBack,
    Unsupported,
)
from protocol.fields import Fields
from protocol.sovereignty.mandate_status import (
    TYP,
    ActiveMandate,
    EndedMandate,
    Ending,
    Mandate,
    MandateStatus,
    begin,
    refresh,
    revoke,
    sign_mandate_status,
    use,
    use_again,
    verify_mandate_status,
)
from protocol.sovereignty.recipient_terms import RecipientTerms
from protocol.sovereignty.signing import MAX_AHEAD, hash_text, sign_as_organisation
from tests.protocol.sovereignty.test_forwarding import ADDRESS, BANK_REGISTRATION, MANDATE, given_mandate
from tests.support.partners import AGENCY, BANK, TOWN, both, known_partners, partner_anchors
from tests.support.pki import DAY, NOW
from tests.support.strategies import almost

GIVEN = given_mandate()
TERMS = RecipientTerms.from_registration(BANK_REGISTRATION, ADDRESS)
OTHER_TERMS = replace(TERMS, purpose=both("Werbung", "Advertising"))
ACTIVE = begin(GIVEN, TERMS)
REVOKED = revoke(ACTIVE, now=NOW)


def test_a_mandate_begins_unused():
    assert ActiveMandate(MANDATE.jti, GIVEN.hash, TERMS, MANDATE.expires_at, 3, used=0) == ACTIVE


def test_uses_are_counted_to_the_last_and_no_further():
    mandate = ACTIVE
    for n in (1, 2, 3):
        mandate = use(mandate, TERMS, now=NOW + n)
        assert mandate.used == n
    with pytest.raises(Conflict):
        use(mandate, TERMS, now=NOW + 4)
    assert refresh(mandate, TERMS, now=NOW + 4) == EndedMandate(MANDATE.jti, GIVEN.hash, 3, Ending.USED_UP, NOW + 4)


def test_what_may_not_have_arrived_is_sent_again_as_it_was_counted_even_the_last():
    mandate = ACTIVE
    for n in range(ACTIVE.max_uses):
        mandate = use(mandate, TERMS, now=NOW + n)
        assert use_again(mandate, TERMS, now=NOW + n) == mandate


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: use_again(ACTIVE, TERMS, now=NOW), id="never used"),
        pytest.param(lambda: use_again(revoke(use(ACTIVE, TERMS, now=NOW), now=NOW), TERMS, now=NOW), id="revoked"),
        pytest.param(lambda: use_again(use(ACTIVE, TERMS, now=NOW), TERMS, now=ACTIVE.expires_at), id="expired"),
        pytest.param(
            lambda: use_again(use(ACTIVE, TERMS, now=NOW), replace(TERMS, claims=()), now=NOW), id="recipient changed"
        ),
    ],
)
def test_nothing_is_sent_again_by_a_mandate_that_may_not_be_used(make):
    with pytest.raises(Conflict):
        make()


def test_revoking_takes_effect_at_once_and_for_good():
    used = use(ACTIVE, TERMS, now=NOW)
    revoked = revoke(used, now=NOW + 5)
    assert revoked == EndedMandate(MANDATE.jti, GIVEN.hash, 1, Ending.REVOKED, NOW + 5)
    assert revoke(revoked, now=NOW + 9) == revoked == refresh(revoked, OTHER_TERMS, now=MANDATE.expires_at)
    with pytest.raises(Conflict):
        use(revoked, TERMS, now=NOW + 5)


@pytest.mark.parametrize(
    ("terms", "now", "ending"),
    [
        (TERMS, MANDATE.expires_at, Ending.EXPIRED),
        (OTHER_TERMS, NOW + DAY, Ending.RECIPIENT_CHANGED),
        (TERMS, MANDATE.expires_at - 1, None),
    ],
)
def test_time_and_a_changed_registration_end_a_mandate(terms, now, ending):
    current = refresh(ACTIVE, terms, now=now)
    assert (current.ending if isinstance(current, EndedMandate) else None) is ending
    if ending is not None:
        with pytest.raises(Conflict):
            use(ACTIVE, terms, now=now)


def signed(status, organisation=TOWN):
    pki = known_partners()[organisation]
    return sign_mandate_status(status, pki.signer, pki.x5c)


def forged(**changes):
    pki = known_partners()[TOWN]
    return sign_as_organisation(TYP, {**STATUS.to_claims(), **changes}, pki.signer, pki.x5c)


STATUS = MandateStatus.of(use(ACTIVE, TERMS, now=NOW), now=NOW + DAY)
ENDED = MandateStatus.of(revoke(ACTIVE, now=NOW), now=NOW)


def verify(text, **options):
    return verify_mandate_status(text, GIVEN, anchors=partner_anchors(), now=NOW + 2 * DAY, **options)


@pytest.mark.parametrize("status", [STATUS, ENDED], ids=["active", "ended"])
def test_a_status_is_read_as_it_was_made(status):
    found = verify(signed(status))
    assert (found.says, found.signed.signer) == (status, TOWN)


def test_the_last_use_and_a_clock_a_little_behind_are_fine():
    assert verify(forged(used=3)).says.used == 3
    assert verify(forged(iat=NOW - MAX_AHEAD)).says.issued_at == NOW - MAX_AHEAD


def test_somebody_may_speak_for_the_source():
    assert verify(signed(STATUS, AGENCY), source=(AGENCY,)).signed.signer == AGENCY


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        pytest.param(signed(STATUS, BANK), NotTrusted, id="signed by the recipient"),
        pytest.param(forged(mandate=hash_text("x")), NotForThisRequest, id="another mandate"),
        pytest.param(forged(jti="mandate-of-somebody-else"), NotForThisRequest, id="another name"),
        pytest.param(forged(used=4), Malformed, id="past its count"),
        pytest.param(forged(used=-1), Malformed, id="fewer than none"),
        pytest.param(forged(state="paused"), Unsupported, id="an unknown state"),
        pytest.param(forged(iat=NOW - MAX_AHEAD - 1), NotValidNow, id="from before the mandate"),
    ],
)
def test_a_status_that_is_wrong_is_refused(text, flaw):
    with pytest.raises(flaw):
        verify(text)


def test_a_status_does_not_go_back():
    assert verify(signed(replace(STATUS, used=2)), before=STATUS)
    assert verify(signed(replace(ENDED, issued_at=NOW + 5)), before=ENDED)
    for before, after in (
        (STATUS, replace(STATUS, used=0)),
        (STATUS, replace(STATUS, issued_at=NOW)),
        (ENDED, replace(ENDED, ending=None)),
        (ENDED, replace(ENDED, ending=Ending.EXPIRED)),
        (ENDED, replace(ENDED, used=1)),
    ):
        with pytest.raises(RolledBack):
            verify(signed(after), before=before)


@given(almost(STATUS.to_claims()))
def test_no_input_escapes_the_error_family(claims):
    try:
        status = MandateStatus.from_fields(Fields(claims, "status"))
    except ProtocolError:
        return
    assert MandateStatus.from_fields(Fields(status.to_claims(), "status")) == status


@given(st.lists(st.sampled_from(["use", "revoke", "change", "wait"]), max_size=8))
def test_no_order_of_steps_gets_past_the_count_or_an_end(steps):
    mandate: Mandate = ACTIVE
    uses, ended = 0, False
    for n, step in enumerate(steps):
        now = NOW + n
        match step:
            case "use":
                try:
                    mandate = use(mandate, TERMS, now=now)
                    uses += 1
                    assert not ended
                except Conflict:
                    assert ended or uses == 3
            case "revoke":
                mandate, ended = revoke(mandate, now=now), True
            case "change":
                mandate, ended = refresh(mandate, OTHER_TERMS, now=now), True
            case _:
                mandate = refresh(mandate, TERMS, now=now)
    assert mandate.used == uses <= 3
