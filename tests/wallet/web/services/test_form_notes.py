"""A service that needs no document: what the plan was told goes into its form where the citizen ticks it, and else nothing."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from protocol.errors import Unreachable
from protocol.keys import P256Key
from protocol.sovereignty.form_invitation import MEDIA_TYPE, FormInvitation, open_notes, sign_form_invitation
from tests.support.pki import NOW, Template, make_pki, seeded, seeded_key
from tests.wallet.counterpart_agency import answer
from tests.wallet.counterparts import PARTNER
from tests.wallet.service_town import LIBRARY_CARD, Office
from tests.wallet.web.flows import follow
from tests.wallet.web.services.people import begin_plan, submit
from tests.wallet.web.visitor import words_of

KEY = P256Key.generate(seeded(77))
MAIL = "erika@mail.example"
NO_DOCUMENTS = {name: value for name, value in LIBRARY_CARD.items() if name not in ("needs", "gives")}
FORM = f"{PARTNER}/form?code=once"


class Inviting(Office):
    """A partner whose form takes notes."""

    def __init__(self, **members):
        super().__init__(**members)
        self.brought, self.invites, self.signing = [], True, None

    def respond(self, request):
        """Answer one request."""
        form = dict(parse_qsl(request.body.decode()))
        path = urlsplit(request.url).path
        if path == "/notes":
            self.brought.append(form)
            if isinstance(self.reply, Exception):
                raise self.reply
            return answer({"redirect_uri": FORM})
        if path == "/start" and self.invites and dict(request.headers)["accept"] == MEDIA_TYPE:
            self.begun.append(request)
            pki = self.signing or self.pki
            invitation = FormInvitation(
                "library-card", form["wallet_nonce"], ("email", "secret"), f"{PARTNER}/notes", KEY.public_key,
                "state", NOW, NOW + 600,
            )  # fmt: skip
            return answer(sign_form_invitation(invitation, pki.signer, pki.x5c), media_type=MEDIA_TYPE)
        return answer({}, 404)


@pytest.fixture
def partner(served):
    made = Inviting(pki=served.world.partner.pki)
    served.world.partner = made
    served.world.publisher.services = (NO_DOCUMENTS,)
    return made


@pytest.fixture
def plan(partner, there):
    """A plan that was told an e-mail address."""
    plan = begin_plan(there, "library", "Library card")
    return follow(there, submit(there, plan, "Keep these answers", **{"answer-email": MAIL}))


def began(there, plan):
    return there.get(submit(there, plan, "Begin this step").headers["location"])


def test_it_stands_there_unticked_and_nothing_but_a_nonce_was_sent(partner, there, plan):
    page = began(there, plan)
    words = words_of(page)
    assert f"E-mail: {MAIL}" in words
    assert "checked" not in page.text
    assert "Open their page without it" in words
    [asked] = partner.begun
    assert re.fullmatch(rb"wallet_nonce=[\w-]{43}", asked.body)
    assert partner.brought == []


def test_what_is_ticked_goes_sealed_and_the_activity_names_it_without_its_value(served, partner, there, plan):
    """T260"""
    page = began(there, plan)
    done = follow(there, there.post(str(page.url), page=str(page.url), **{"noted-email": MAIL}))
    assert "Their form is ready" in words_of(done)
    assert FORM in done.text.replace("&amp;", "&")
    # Back in the browser, the page does not offer it again
    assert "Their form is ready" in words_of(follow(there, there.get(str(page.url))))
    [form] = partner.brought
    assert MAIL not in str(form)
    nonce = dict(parse_qsl(partner.begun[0].body.decode()))["wallet_nonce"]
    assert open_notes(form["notes"], nonce, KEY) == {"email": MAIL}
    log = served.wallet().wallet.keeping.log()
    assert MAIL not in repr(log)
    assert [(one.action, one.outcome, one.noted) for one in log][-2:] == [
        ("noted", "begun", ("E-mail",)),
        ("noted", "done", ()),
    ]
    activity = words_of(there.get("/activity"))
    assert "You sent notes from a plan to City library, for their form." in activity
    assert MAIL not in activity


def test_nothing_ticked_sends_nothing(partner, there, plan):
    page = began(there, plan)
    again = there.post(str(page.url), page=str(page.url))
    assert again.status_code == 400
    assert "nothing was sent" in words_of(again)
    assert partner.brought == []


def test_an_answer_that_was_changed_meanwhile_is_not_sent(partner, there, plan):
    page = began(there, plan)
    submit(there, plan, "Keep these answers", **{"answer-email": "other@mail.example"})
    again = there.post(str(page.url), page=str(page.url), **{"noted-email": MAIL})
    assert again.status_code == 400
    assert "was changed meanwhile" in words_of(again)
    assert partner.brought == []


def test_it_counts_as_seen_where_nobody_knows_whether_it_arrived(served, partner, there, plan):
    partner.reply = Unreachable("away")
    page = began(there, plan)
    told = there.post(str(page.url), page=str(page.url), **{"noted-email": MAIL})
    assert "Count it as seen." in words_of(told)
    assert [one.outcome for one in served.wallet().wallet.keeping.log()][-1] == "unknown"


def test_somebody_else_who_invites_gets_nothing(partner, there, plan):
    """T159"""
    partner.signing = make_pki(
        Template(common_name="Other", identifier="VATDE-333333333", country="DE"), key=seeded_key(6)
    )
    page = submit(there, plan, "Begin this step")
    assert page.status_code >= 400
    assert MAIL not in page.text
    assert partner.brought == []


def test_who_invites_nobody_has_a_page_all_the_same(partner, there, plan):
    partner.invites = False
    page = submit(there, plan, "Begin this step")
    assert "This service has a page of its own" in words_of(page)


def test_without_notes_nobody_is_asked_for_an_invitation(partner, there):
    plan = begin_plan(there, "library", "Library card")
    assert "This service has a page of its own" in words_of(submit(there, plan, "Begin this step"))
    assert partner.begun == []
