"""Lists in operation: whom they make trusted, for how long, and what no network and no file can do to that."""

import json
from dataclasses import replace

import pytest

from hoheit.doctor import check_list_hosts, check_trust
from protocol.encoding import sha256
from protocol.errors import Malformed, Unreachable
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.trust.anchors import Role
from protocol.trust.list_types import ListType
from protocol.trust.localized import Localized
from protocol.trust.register_asking import Register
from runtime.anchors import INDEX, AnchorFolder, read_index, remove_anchors, write_anchor, write_list_of_lists
from runtime.trust_lists.kept import KeptLists
from runtime.trust_lists.looking import ListState, look_at_lists
from runtime.trust_lists.standing import list_at
from tests.protocol.trust.lists import OPERATOR, a_list, entity, service
from tests.runtime.trust_lists.publishing import (
    AGENCY,
    OURS,
    PIDS,
    PLATFORM,
    ROOT,
    SCHOOL,
    SECTOR,
    THEIRS,
    pids,
    refresh,
    root,
    trusted,
)
from tests.support.pki import NOW


def test_one_certificate_is_all_that_has_to_be_known(followed, published):
    assert not trusted(followed.current(), AGENCY)
    assert refresh(followed, published) == (2, 0)
    assert trusted(followed.current(), AGENCY)
    assert not trusted(followed.current(), AGENCY, Role.VERIFIER)
    assert [anchor.name for anchor in followed.current().anchors] == ["Town (Somebody)"]


def test_what_was_fetched_counts_at_once(folder, published, clock):
    """T090: and not when the folder is looked at again."""
    followed = AnchorFolder(folder, clock, elapsed=lambda: 0.0)
    refresh(followed, published)
    assert trusted(followed.current(), AGENCY)
    published.publish(PIDS, pids(2, SCHOOL))
    refresh(followed, published)
    assert not trusted(followed.current(), AGENCY)


def test_what_is_kept_holds_without_a_network_and_in_another_process(folder, followed, published, clock):
    refresh(followed, published)
    assert trusted(AnchorFolder(folder, clock).current(), AGENCY)


def test_who_is_taken_off_a_list_is_trusted_no_more(followed, published):
    """T090: with what was remembered of their chain."""
    refresh(followed, published)
    assert trusted(followed.current(), AGENCY)
    published.publish(PIDS, pids(2, SCHOOL))
    refresh(followed, published)
    assert not trusted(followed.current(), AGENCY)
    assert trusted(followed.current(), SCHOOL)


def test_a_list_that_is_named_no_more_makes_nobody_trusted(followed, published):
    """T090: with everybody on it."""
    published.publish(ROOT, root(1, OURS, THEIRS))
    published.publish(SECTOR, pids(1, SCHOOL), PLATFORM)
    refresh(followed, published)
    assert trusted(followed.current(), SCHOOL)
    published.publish(ROOT, root(2, OURS))
    refresh(followed, published)
    assert not trusted(followed.current(), SCHOOL)
    assert trusted(followed.current(), AGENCY)


def test_a_list_signed_by_another_than_its_pointer_says_is_nothing(followed, published):
    """T087"""
    published.publish(ROOT, root(1, OURS, THEIRS))
    published.publish(SECTOR, pids(1, SCHOOL), OPERATOR)
    assert refresh(followed, published) == (2, 1)
    assert not trusted(followed.current(), SCHOOL)


def test_a_list_of_lists_signed_by_another_is_nothing(followed, published):
    """T087"""
    published.publish(ROOT, root(), PLATFORM)
    assert refresh(followed, published) == (0, 1)
    assert published.asked == [ROOT]


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(503, (), b""),
        HttpResponse(200, (), b""),
        HttpResponse(200, (), b"\xff"),
        HttpResponse(200, (), b"<html>"),
        HttpResponse(301, (("location", "https://elsewhere.example"),), b""),
    ],
    ids=["away", "empty", "no text", "a page", "elsewhere"],
)
def test_the_last_good_list_stays_when_something_else_comes(followed, published, answer):
    refresh(followed, published)
    published.answers[PIDS] = answer
    assert refresh(followed, published).failed == 1
    assert trusted(followed.current(), AGENCY)
    published.answers[ROOT] = answer
    assert refresh(followed, published).failed == 2
    assert trusted(followed.current(), AGENCY)


def test_a_host_that_does_not_answer_is_waited_for_once(followed, published):
    """T246: somebody in front of a wallet may wait for it."""
    published.publish(ROOT, root(1, OURS, THEIRS))
    published.publish(SECTOR, pids(1, SCHOOL), PLATFORM)
    refresh(followed, published)
    published.away = "register.example"
    published.asked.clear()
    assert refresh(followed, published) == (1, 2)
    assert published.asked == [ROOT, SECTOR]
    assert trusted(followed.current(), AGENCY)


def test_a_list_ends_at_its_own_time_and_not_when_somebody_looks(folder, published, clock):
    elapsed = iter(range(10_000))
    followed = AnchorFolder(folder, clock, elapsed=lambda: float(next(elapsed)))
    refresh(followed, published)
    assert trusted(followed.current(), AGENCY)
    clock.now = pids().next_update - 1
    assert trusted(followed.current(), AGENCY)
    clock.now += 1
    assert not trusted(followed.current(), AGENCY)


@pytest.mark.parametrize("lost", ["nothing", "the list", "the memory"])
def test_an_older_list_never_takes_the_place_of_a_newer_one(folder, followed, published, lost):
    """T088: whichever of the two files is lost."""
    older = published.publish(PIDS, pids(4))
    published.publish(PIDS, pids(5, SCHOOL))
    refresh(followed, published)
    name = sha256(PIDS.encode()).hex()[:32]
    if lost != "nothing":
        (folder / "lists" / f"{name}.{'jose' if lost == 'the list' else 'seen'}").unlink()
    published.answers[PIDS] = HttpResponse(200, (), older.encode())
    assert refresh(followed, published).failed == 1
    assert not trusted(followed.current(), AGENCY)


def test_another_list_of_the_same_number_is_refused(followed, published):
    """T088"""
    refresh(followed, published)
    published.publish(PIDS, pids(1, SCHOOL))
    assert refresh(followed, published).failed == 1
    assert trusted(followed.current(), AGENCY)


def test_a_kept_list_that_was_altered_makes_nobody_trusted_and_is_fetched_again(folder, followed, published):
    """T215: files on the disk are no more trusted than the network."""
    refresh(followed, published)
    file = folder / "lists" / f"{sha256(PIDS.encode()).hex()[:32]}.jose"
    file.write_bytes(file.read_bytes()[:-4] + b"AAAA")
    assert not trusted(followed.current(), AGENCY)
    assert refresh(followed, published) == (2, 0)
    assert trusted(followed.current(), AGENCY)


def test_where_nothing_can_be_known_a_person_decides(folder, followed, published):
    """T088: with both files damaged an older list could come."""
    refresh(followed, published)
    for kind in ("jose", "seen"):
        (folder / "lists" / f"{sha256(PIDS.encode()).hex()[:32]}.{kind}").write_text("damaged")
    assert refresh(followed, published).failed == 1
    assert not trusted(followed.current(), AGENCY)
    one = list_at(OURS)
    assert one is not None
    KeptLists.beside(folder).forget(one)
    assert refresh(followed, published).failed == 0
    assert trusted(followed.current(), AGENCY)


@pytest.mark.parametrize(
    "change",
    [
        {"type": ListType.REGISTRARS},
        {"type": "https://example.org/other"},
        {"signers": ()},
        {"media_type": "application/xml"},
    ],
    ids=["a register", "unknown", "signed by nobody", "another form"],
)
def test_a_pointer_that_leads_to_nobody_is_not_followed(followed, published, change):
    """One level: a list of lists that another one names is not read, so no circle can be."""
    published.publish(ROOT, root(1, OURS, replace(THEIRS, **change)))
    refresh(followed, published)
    assert SECTOR not in published.asked


REGISTER = service(ListType.REGISTRARS, AGENCY.root.certificate, supply_points=("https://register.example/wrp",))
LISTED = Register("https://register.example/wrp", (AGENCY.root.certificate,), "Town")


def test_a_list_of_lists_says_which_registers_can_be_asked_until_it_ends(followed, published, clock):
    """T170"""
    registrars = a_list(ListType.REGISTRARS, entity(REGISTER), sequence_number=1, pointers=(OURS,))
    published.publish(ROOT, registrars)
    assert followed.registers() == ()
    refresh(followed, published)
    assert followed.registers() == (LISTED,)
    assert not trusted(followed.current(), SCHOOL)
    published.publish(ROOT, root(2))
    refresh(followed, published)
    assert followed.registers() == ()
    published.publish(ROOT, replace(registrars, sequence_number=3))
    refresh(followed, published)
    assert followed.registers() == (LISTED,)
    clock.now = registrars.next_update
    assert followed.registers() == ()


def test_a_list_of_registrars_that_is_followed_by_itself_has_registers_too(tmp_path, clock, published):
    published.publish(PIDS, a_list(ListType.REGISTRARS, entity(REGISTER), entity(REGISTER)))
    (tmp_path / "operator.pem").write_bytes(OPERATOR.pem)
    (tmp_path / INDEX).write_text(f'[[list]]\nurl = "{PIDS}"\ntype = "registrars"\nsigner = "operator.pem"\n')
    followed = AnchorFolder(tmp_path, clock, elapsed=iter(map(float, range(100))).__next__)
    refresh(followed, published)
    assert followed.registers() == (LISTED,)
    assert followed.current().anchors == ()


def test_who_is_named_on_a_list_that_another_points_to_has_a_name_in_each_language_of_both(followed, published):
    operator = (Localized("en", "State"), Localized("de", "Staat"))
    published.publish(ROOT, root(1, replace(OURS, operator=operator)))
    refresh(followed, published)
    [anchor] = followed.current().anchors
    assert (anchor.name, anchor.names) == (
        "Town (State)",
        (Localized("en", "Town (State)"), Localized("de", "Stadt (Staat)")),
    )


def test_a_list_may_be_followed_by_itself_for_some_types(tmp_path, clock, published):
    (tmp_path / "operator.pem").write_bytes(OPERATOR.pem)
    (tmp_path / INDEX).write_text(
        f'[[list]]\nurl = "{PIDS}"\ntype = "pid-providers"\nsigner = "operator.pem"\n'
        'types = ["urn:eudi:pid:1"]\nname = "the state"\n'
    )
    followed = AnchorFolder(tmp_path, clock, elapsed=iter(map(float, range(100))).__next__)
    refresh(followed, published)
    [anchor] = followed.current().anchors
    assert (anchor.name, anchor.types) == ("Town (the state)", frozenset({"urn:eudi:pid:1"}))


@pytest.mark.parametrize(
    "text",
    [
        '[[list]]\nurl = "http://a.example"\ntype = "pid-providers"\nsigner = "operator.pem"\n',
        '[[list]]\nurl = "https://a.example"\ntype = "everybody"\nsigner = "operator.pem"\n',
        '[[list]]\nurl = "https://a.example"\nsigner = "operator.pem"\n',
        '[[list]]\nurl = "https://a.example"\ntype = "pid-providers"\n',
        '[[list]]\nurl = "https://a.example"\ntype = "pid-providers"\nsigner = "../operator.pem"\n',
        '[[list]]\nurl = "https://a.example"\ntype = "pid-providers"\nsigner = "missing.pem"\n',
        '[[list_of_lists]]\nurl = "https://a.example"\nsigner = []\n',
        2 * '[[list_of_lists]]\nurl = "https://a.example"\nsigner = "operator.pem"\n',
    ],
)
def test_an_entry_that_cannot_be_followed_is_refused(tmp_path, text):
    """T242"""
    (tmp_path / "operator.pem").write_bytes(OPERATOR.pem)
    (tmp_path / INDEX).write_text(text)
    with pytest.raises(Malformed):
        read_index(tmp_path)


def test_commands_change_anchors_and_leave_lists_alone(folder):
    write_anchor(folder, "agency.pem", AGENCY.root.pem, role=Role.ISSUER, name="Agency")
    write_list_of_lists(folder, ROOT, OPERATOR.pem)
    assert len(read_index(folder).followed.lists_of_lists) == 1
    remove_anchors(folder, lambda entry: True)
    index = read_index(folder)
    assert index.anchors == ()
    assert [found.url for found in index.followed.lists_of_lists] == [ROOT]


def test_a_person_sees_how_each_list_stands(folder, followed, published, clock):
    [state] = look_at_lists(folder, now=NOW)
    assert (state.url, state.good_until, bool(state.problem)) == (ROOT, 0, True)
    refresh(followed, published)
    ends = pids().next_update
    assert look_at_lists(folder, now=NOW) == (ListState(ROOT, ends, ""), ListState(PIDS, ends, ""))
    [state] = look_at_lists(folder, now=ends)
    assert "replaced by a newer one" in state.problem


def test_the_doctor_tells_it(tmp_path, published, clock):
    write_list_of_lists(tmp_path / "anchors", ROOT, OPERATOR.pem)
    [line] = check_trust(tmp_path, NOW)
    assert line.good is False
    refresh(AnchorFolder(tmp_path / "anchors", clock), published)
    assert [(line.good, line.what) for line in check_trust(tmp_path, NOW)] == [
        (True, f"{ROOT}: good for 720 hours more"),
        (True, f"{PIDS}: good for 720 hours more"),
    ]
    [stale] = [line for line in check_trust(tmp_path, pids().next_update) if ROOT in line.what]
    assert stale.good is False
    (tmp_path / "anchors" / INDEX).write_text("[[list")
    [line] = check_trust(tmp_path, NOW)
    assert line.good is False
    assert check_trust(tmp_path / "nothing", NOW) == []


def test_nobody_reads_in_the_log_more_than_which_list_and_why(followed, published, capsys):
    published.answers.pop(PIDS)
    refresh(followed, published)
    told = capsys.readouterr().out
    assert PIDS in told
    assert "404" in told
    assert json.dumps("Agency") not in told


def test_the_doctor_tells_which_list_cannot_be_fetched_though_it_still_counts(tmp_path, published, clock):
    write_list_of_lists(tmp_path / "anchors", ROOT, OPERATOR.pem)
    refresh(AnchorFolder(tmp_path / "anchors", clock), published)

    def perform(effect):
        assert isinstance(effect, HttpRequest)
        if effect.url in away:
            raise Unreachable("nobody answers")
        return HttpResponse(refused.get(effect.url, 200), (), b"")

    away, refused = set(), {}
    assert run(check_list_hosts(tmp_path, NOW), perform) == []
    away.add(PIDS)
    refused[ROOT] = 503
    lines = run(check_list_hosts(tmp_path, NOW), perform)
    assert [(line.good, line.what) for line in lines] == [
        (False, f"{ROOT}: cannot be fetched now (is answered by 503)"),
        (False, f"{PIDS}: cannot be fetched now (nobody answers)"),
    ]
    assert all(line.good for line in check_trust(tmp_path, NOW))
    assert run(check_list_hosts(tmp_path / "nothing", NOW), perform) == []
