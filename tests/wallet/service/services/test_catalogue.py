"""Services are looked for and suggested inside the wallet; nothing of it leaves, and nothing is noted."""

import pytest

from protocol.errors import NotFound
from protocol.sovereignty.rules import About
from protocol.sovereignty.service import LifeEvent
from protocol.sovereignty.suggestions import Rank
from tests.support.pki import DAY
from wallet.service.published import EVERY, PublishedProblem
from wallet.service.services.catalogue import NoServices
from wallet.service_records import ServiceWishes
from wallet.service_words import event_names


def catalogue(town):
    return town.wallet.services.catalogue


def ids(found):
    return [one.id for one in found]


def suggested(town):
    return [(one.service.id, one.rank) for one in town.run(catalogue(town).suggestions())]


def switch_on(town):
    town.run(catalogue(town).switch(on=True))


def test_without_a_list_there_is_nothing_to_look_through(town):
    with pytest.raises(NoServices) as none:
        catalogue(town).services()
    assert none.value.problem is PublishedProblem.NOT_YET
    switch_on(town)
    with pytest.raises(NoServices):
        town.run(catalogue(town).suggestions())


def test_a_service_is_found_by_word_and_by_life_event(there):
    names = event_names()
    assert ids(catalogue(there).search("Kindergeld", names)) == ["child-benefit"]
    assert ids(catalogue(there).search("KÖLN geburts", names)) == ["birth-certificate"]
    assert ids(catalogue(there).search("umziehen", names)) == ["library-card"]
    assert ids(catalogue(there).search("moving", names)) == ["library-card"]
    assert ids(catalogue(there).search("nothing like it", names)) == []
    assert ids(catalogue(there).search("  ", names)) == []
    assert ids(catalogue(there).of_event(LifeEvent.BIRTH)) == ["birth-certificate", "child-benefit"]
    with pytest.raises(NotFound):
        catalogue(there).find("nothing")


def test_suggestions_are_off_until_somebody_wants_them(there):
    there.receive_pid()
    assert suggested(there) == []
    switch_on(there)
    assert suggested(there) != []
    there.run(catalogue(there).switch(on=False))
    assert suggested(there) == []


def test_what_is_at_hand_comes_first_and_what_a_rule_excludes_not_at_all(there):
    there.receive_pid()
    switch_on(there)
    assert suggested(there) == [
        ("birth-certificate", Rank.AT_HAND),
        ("library-card", Rank.AT_HAND),
        ("child-benefit", Rank.ONE_MISSING),
    ]
    benefit = there.run(catalogue(there).suggestions())[-1]
    assert [(reason.text, reason.known) for reason in benefit.reasons] == [("Your child is under 18", False)]
    (missing,) = benefit.missing
    assert (ids(missing.givers), missing.renew, missing.name) == (["birth-certificate"], False, "")


def test_a_childs_document_counts_for_the_child_once_that_is_said(there):
    there.receive_pid()
    (birth,) = there.receive_child()
    switch_on(there)
    (document,) = [one for one in catalogue(there).documents() if one.id == birth.id]
    assert (document.about, document.seems_other) == (None, True)
    # Nobody said whose it is: it is there, and no rule looks into it
    (benefit,) = [one for one in there.run(catalogue(there).suggestions()) if one.service.id == "child-benefit"]
    assert (benefit.rank, benefit.missing) == (Rank.MORE, ())
    there.run(catalogue(there).mark(birth.id, About.REPRESENTED))
    (benefit,) = [one for one in there.run(catalogue(there).suggestions()) if one.service.id == "child-benefit"]
    assert (benefit.rank, [reason.good for reason in benefit.reasons]) == (Rank.AT_HAND, [True])
    there.run(catalogue(there).mark(birth.id, About.SELF))
    assert [one.about for one in catalogue(there).documents() if one.id == birth.id] == [About.SELF]
    with pytest.raises(NotFound):
        there.run(catalogue(there).mark("nothing", About.SELF))


def test_what_ran_out_is_to_be_renewed(there):
    there.receive_pid()
    (birth,) = there.receive_child()
    there.run(catalogue(there).mark(birth.id, About.REPRESENTED))
    switch_on(there)
    there.now += 2 * DAY
    (benefit,) = [one for one in there.run(catalogue(there).suggestions()) if one.service.id == "child-benefit"]
    (missing,) = benefit.missing
    assert (missing.renew, missing.name, ids(missing.givers)) == (True, "Birth certificate", ["birth-certificate"])
    assert [reason.renew for reason in benefit.reasons] == [True]


def test_what_is_hidden_can_be_brought_back(there):
    there.receive_pid()
    switch_on(there)
    there.run(catalogue(there).hide("library-card"))
    there.run(catalogue(there).hide("library-card"))
    assert "library-card" not in dict(suggested(there))
    assert ids(catalogue(there).hidden()) == ["library-card"]
    there.run(catalogue(there).bring_back("library-card"))
    assert "library-card" in dict(suggested(there))
    with pytest.raises(NotFound):
        there.run(catalogue(there).hide("nothing"))


def test_what_was_hidden_is_forgotten_with_the_suggestions_and_whose_documents_are_is_not(there):
    (birth,) = there.receive_child()
    switch_on(there)
    there.run(catalogue(there).hide("library-card"))
    there.run(catalogue(there).mark(birth.id, About.REPRESENTED))
    there.run(catalogue(there).switch(on=False))
    assert catalogue(there).wishes() == ServiceWishes(about=((birth.id, "represented"),))


def test_nothing_about_services_is_in_the_log_or_leaves(there):
    there.receive_pid()
    before, sent = there.actions(), len(there.publisher.seen) + len(there.agency.seen) + len(there.partner.seen)
    switch_on(there)
    suggested(there)
    there.run(catalogue(there).hide("library-card"))
    catalogue(there).search("Kindergeld", event_names())
    assert there.actions() == before
    assert len(there.publisher.seen) + len(there.agency.seen) + len(there.partner.seen) == sent


def test_a_new_catalogue_is_seen_at_once(there):
    there.publisher.seq, there.publisher.services = 8, there.publisher.services[:1]
    there.now += EVERY
    there.fetch()
    assert [one.id for one in catalogue(there).services()] == ["library-card"]
    assert catalogue(there).problem() is None
