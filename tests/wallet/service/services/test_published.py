"""What the registrar publishes is fetched, checked, kept, and never taken back."""

import json

import pytest

from protocol.exchange import HttpResponse
from protocol.trust.anchors import TrustAnchors
from tests.support.pki import DAY, NOW, Template, make_pki, seeded_key
from tests.wallet.service_town import REGISTRAR, SERVICES, ServiceWorld
from wallet.app import half_longer
from wallet.service.published import EVERY, FIRST_RETRIES, RETRY, Published, PublishedProblem, etag_of

STRANGER = make_pki(Template(common_name="Stranger"), key=seeded_key(77))


def urls(town):
    return [request.url for request in town.publisher.seen]


def names(town):
    catalogue = town.published.catalogue()
    return None if catalogue is None else [service.id for service in catalogue.services]


def problems(town):
    """What is wrong with both documents."""
    return [town.published.problem, town.published.partners_problem]


def later(town, seconds):
    town.now += seconds
    town.publisher.expires_at = town.now + 30 * DAY


def test_nothing_is_known_before_it_came(town):
    assert (town.published.catalogue(), town.published.directory()) == (None, None)
    assert town.published.problem is PublishedProblem.NOT_YET
    assert town.published.partners_problem is PublishedProblem.NOT_YET
    assert urls(town) == []


def test_both_documents_come_and_are_kept_beyond_a_restart(town):
    town.fetch()
    assert urls(town) == [f"{REGISTRAR}/catalogue", f"{REGISTRAR}/partners"]
    assert names(town)[:2] == ["library-card", "birth-certificate"]
    assert town.published.directory().seq == 7
    assert (town.published.problem, town.published.partners_problem) == (None, None)
    town.follow()
    assert names(town)[:2] == ["library-card", "birth-certificate"]
    assert town.published.directory().seq == 7
    # It was just fetched, so a restart is no reason to fetch it again
    town.fetch()
    assert len(urls(town)) == 2


def test_a_wallet_that_follows_nobody_asks_nobody(town):
    town.follow("")
    town.fetch()
    assert urls(town) == []
    assert town.published.problem is PublishedProblem.NOBODY
    assert town.published.partners_problem is PublishedProblem.NOBODY


def test_what_is_known_is_asked_for_by_its_own_hash_and_nothing_of_the_server(town):
    # A server could call a document differently for each wallet
    text = town.publisher._text("/catalogue")
    town.publisher.answer = HttpResponse(
        200, (("content-type", "application/jwt"), ("etag", '"your-very-own"'), ("set-cookie", "you=1")), text.encode()
    )
    town.fetch()
    town.publisher.answer = None
    town.now += EVERY
    town.fetch()
    first, _, again, _ = town.publisher.seen
    assert dict(first.headers) == {"accept": "application/jwt"}
    assert dict(again.headers) == {"accept": "application/jwt", "if-none-match": etag_of(text)}
    assert all(request.gzip and not request.body for request in town.publisher.seen)


def test_it_is_fetched_every_hour_and_sooner_where_it_did_not_come(town):
    town.publisher.answer = HttpResponse(503, (), b"")
    town.fetch()
    assert town.published.problem is PublishedProblem.AWAY
    tries = 1
    for wait in (*FIRST_RETRIES, RETRY, RETRY):
        town.now += wait - 1
        town.fetch()
        assert len(urls(town)) == 2 * tries
        town.now += 1
        town.fetch()
        tries += 1
        assert len(urls(town)) == 2 * tries
    town.publisher.answer = None
    town.now += RETRY
    town.fetch()
    tries += 1
    assert town.published.catalogue() is not None
    town.now += EVERY - 1
    town.fetch()
    assert len(urls(town)) == 2 * tries
    town.now += 1
    town.publisher.answer = HttpResponse(503, (), b"")
    town.fetch()
    # What came before begins the count anew
    town.now += FIRST_RETRIES[0]
    town.fetch()
    assert len(urls(town)) == 2 * (tries + 2)


def test_a_restart_does_not_begin_the_short_waits_anew(town):
    """Whoever opens the wallet often while the registrar is away is not seen by it."""
    town.publisher.answer = HttpResponse(503, (), b"")
    for wait in FIRST_RETRIES:
        town.fetch()
        town.now += wait
    town.fetch()
    asked = len(urls(town))
    for _ in range(3):
        town.now += RETRY // 4
        town.follow()
        town.fetch()
    assert len(urls(town)) == asked


def test_waits_are_longer_by_chance_and_by_nothing_else(town):
    asked = []

    def jitter(seconds):
        asked.append(seconds)
        return 1

    town.publisher.answer = HttpResponse(503, (), b"")
    town.published = Published(town.folder, REGISTRAR, town.anchors, lambda: town.now, jitter=jitter)
    asked.clear()
    town.fetch()
    town.now += FIRST_RETRIES[0]
    town.fetch()
    assert len(urls(town)) == 2
    town.now += 1
    town.fetch()
    assert len(urls(town)) == 4
    assert asked == [2, 5]


def test_chance_makes_a_wait_at_most_half_longer():
    found = {half_longer(60) for _ in range(500)}
    assert found <= set(range(31))
    assert len(found) > 5
    assert half_longer(1) == 0


def test_a_clock_that_ran_back_does_not_stop_it(town):
    town.now += 10 * EVERY
    town.publisher.expires_at = town.now + DAY
    town.fetch()
    town.now -= 9 * EVERY
    town.fetch()
    assert len(urls(town)) == 4


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
def test_a_catalogue_rolled_back_is_refused_and_the_newer_one_stays(town, restart):
    town.fetch()
    town.publisher.seq, town.publisher.services = 6, ()
    if restart:
        town.follow()
    town.now += EVERY
    town.fetch()
    assert town.published.problem is PublishedProblem.ROLLED_BACK
    assert town.published.partners_problem is PublishedProblem.ROLLED_BACK
    assert len(names(town)) == 4
    assert town.published.directory().seq == 7
    # That is still to be said after a restart
    town.follow()
    assert town.published.problem is PublishedProblem.ROLLED_BACK
    assert town.published.partners_problem is PublishedProblem.ROLLED_BACK
    # What is good again is said no more
    town.publisher.seq, town.publisher.services = 8, SERVICES
    town.now += EVERY
    town.fetch()
    assert problems(town) == [None, None]
    town.follow()
    assert problems(town) == [None, None]


def test_the_number_outlives_a_document_that_was_deleted(town):
    town.fetch()
    (town.folder.path / "catalogue.jwt").unlink()
    (town.folder.path / "partners.jwt").unlink()
    town.publisher.seq = 6
    town.follow()
    town.now += EVERY
    town.fetch()
    assert (names(town), town.published.directory()) == (None, None)
    assert town.published.problem is PublishedProblem.ROLLED_BACK


def test_the_number_outlives_a_document_that_ran_out(town):
    town.fetch()
    town.now += 31 * DAY
    assert names(town) is None
    town.publisher.seq, town.publisher.expires_at = 6, town.now + DAY
    town.fetch()
    assert (names(town), town.published.problem) == (None, PublishedProblem.ROLLED_BACK)


def test_two_catalogues_of_one_number_are_refused_and_the_first_stays(town):
    """One document for everybody: whoever gets another one could be told apart by it."""
    town.fetch()
    town.publisher.services = SERVICES[:1]
    town.now += EVERY
    town.fetch()
    assert len(names(town)) == len(SERVICES)
    assert town.published.problem is PublishedProblem.ROLLED_BACK


def test_two_directories_of_one_number_are_a_split_view(town):
    town.fetch()
    town.publisher.expires_at += 1
    town.now += EVERY
    town.fetch()
    assert town.published.directory().expires_at == town.publisher.expires_at - 1
    assert town.published.partners_problem is PublishedProblem.ROLLED_BACK


@pytest.mark.parametrize("signing", [STRANGER, None], ids=["stranger", "library"])
def test_what_a_stranger_signed_is_refused(town, signing):
    # Even somebody whom the wallet trusts with something else
    town.publisher.signing = signing or town.partner.pki
    town.fetch()
    assert (names(town), town.published.directory()) == (None, None)
    assert town.published.problem is PublishedProblem.STRANGER
    assert town.published.partners_problem is PublishedProblem.STRANGER
    assert town.folder.read("catalogue") is None


def test_what_is_no_document_is_refused(town):
    good = town.publisher._text("/catalogue").encode()
    for body, kind in ((good, "text/html"), (b"no token", "application/jwt"), (b"\xff", "application/jwt")):
        town.publisher.answer = HttpResponse(200, (("content-type", kind),), body)
        town.fetch()
        assert town.published.problem is PublishedProblem.UNREADABLE
        assert town.published.partners_problem is not None
        town.now += RETRY
    town.publisher.answer = HttpResponse(304, (), b"")
    town.fetch()
    assert town.published.problem is PublishedProblem.AWAY


def test_what_ran_out_is_not_shown_any_more(town):
    town.fetch()
    town.now = town.publisher.expires_at
    assert (town.published.catalogue(), town.published.directory()) == (None, None)
    assert town.published.problem is PublishedProblem.OVER


def test_a_registrar_that_is_trusted_no_more_counts_for_nothing(town):
    town.fetch()
    town.published._anchors = lambda: TrustAnchors([])
    assert (town.published.catalogue(), town.published.directory()) == (None, None)
    assert town.published.problem is PublishedProblem.STRANGER


def test_a_file_that_was_altered_counts_for_nothing(town):
    town.fetch()
    file = town.folder.path / "catalogue.jwt"
    head, payload, signature = file.read_text().split(".")
    # The last character of a base64url signature has bits that mean nothing; one in the middle has none
    spoilt = signature[:40] + ("A" if signature[40] != "A" else "B") + signature[41:]
    file.write_text(f"{head}.{payload}.{spoilt}")
    town.follow()
    assert town.published.catalogue() is None
    assert town.published.directory() is not None
    # It is fetched anew, as a whole
    town.now += EVERY
    town.fetch()
    assert names(town) is not None


def test_an_older_document_that_is_put_back_counts_for_nothing(town):
    town.fetch()
    older = {name: town.folder.read(name) for name in ("catalogue", "partners")}
    town.publisher.seq = 8
    town.now += EVERY
    town.fetch()
    for name, text in older.items():
        (town.folder.path / f"{name}.jwt").write_text(text)
    town.follow()
    assert (names(town), town.published.directory()) == (None, None)
    assert town.published.problem is PublishedProblem.ROLLED_BACK


def test_another_registrar_begins_anew(town):
    town.fetch()
    town.publisher.seq = 1
    town.more["https://other.example"] = town.publisher
    town.follow("https://other.example")
    town.fetch()
    assert (town.published.catalogue().seq, town.published.problem) == (1, None)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"registrar": 1}', f'{{"registrar": "{REGISTRAR}", "numbers": {{"x": -1}}}}']
)
def test_an_index_that_makes_no_sense_is_none(town, text):
    town.folder.path.mkdir()
    (town.folder.path / "seen.json").write_text(text)
    town.follow()
    town.fetch()
    assert json.loads((town.folder.path / "seen.json").read_text())["numbers"] == {"catalogue": 7, "partners": 7}


def test_where_nothing_can_be_kept_nothing_is_taken(town):
    town.folder.path.write_text("a file where a folder should be")
    town.fetch()
    assert names(town) is None
    assert town.published.problem is PublishedProblem.UNREADABLE
    assert town.now == NOW


def test_a_file_larger_than_a_document_may_be_is_not_read(vault, tmp_path):
    town = ServiceWorld(vault, tmp_path / "published")
    town.fetch()
    (town.folder.path / "catalogue.jwt").write_text("x" * ((16 << 20) + 1))
    assert town.folder.read("catalogue") is None
