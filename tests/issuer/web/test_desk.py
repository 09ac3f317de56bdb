"""The desk from outside: who gets in, what nobody else can do in a clerk's name, and what stands in no address."""

import re
import time

import pytest

from capabilities.accounts.policy import AccountPolicy
from issuer.records import CredentialState
from issuer.register import HttpRegister
from issuer.service.authorization import letter_digest
from tests.support.issuer import CLERK, IDENTIFIER, TestWallet, make_issuer
from tests.support.web import routes

FROM_OUR_PAGE = {"origin": IDENTIFIER, "sec-fetch-site": "same-origin"}
OPEN_TO_ALL = {("GET", "/desk/login"), ("POST", "/desk/login"), ("GET", "/desk/login/bye")}
QUICK = AccountPolicy(pause=0)


@pytest.fixture
def desk():
    return make_issuer().with_policy(desk=QUICK)


@pytest.fixture
def http(desk):
    with desk.browser() as client:
        yield client


@pytest.fixture
def signed_in(http, desk):
    """A clerk's browser."""
    assert sign_in(http, desk.clerk_code()).status_code == 303
    return http


@pytest.fixture
def issued(desk):
    wallet = TestWallet(desk)
    wallet.issue(wallet.redeem(desk.offer()))
    return desk.store.documents(limit=1)[0]


def filled(page, action="", **fields):
    """The hidden fields of a form of a page, by the end of its address, and more fields."""
    [form] = re.findall(rf'<form[^>]*action="[^"]*{re.escape(action)}"[^>]*>(.*?)</form>', page.text, re.DOTALL)[:1]
    return {**dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)), **fields}


def post(http, address, form, **headers):
    return http.post(address, data=form, headers={**FROM_OUR_PAGE, **headers})


def sign_in(http, code):
    return post(http, "/desk/login", filled(http.get("/desk/login"), "/desk/login", code=code))


def find(http, text="anna"):
    """The page of a person."""
    answer = post(http, "/desk/people", filled(http.get("/desk"), "/desk/people", wanted=text))
    found = http.get(answer.headers["location"])
    return http.get(re.findall(r'href="(/desk/people/[^"/]+)"', found.text)[0])


def test_every_page_leads_to_the_login(desk, issued):
    """T230: without a session, with an invented one and with an API key; and no route is forgotten."""
    found = routes(desk.app(), "/desk")
    assert len(found) > 25
    with desk.browser() as http:
        for method, path in sorted(found - OPEN_TO_ALL):
            address = re.sub(r"\{(\w+)\}", lambda part: issued.id if part[1] == "document" else "x", path)
            for cookie in ("", f"{cookie_name(http)}=invented", f"{cookie_name(http)}={desk.api_key()}"):
                headers = {"cookie": cookie, "authorization": f"Bearer {desk.api_key()}"}
                answer = post(http, address, {}, **headers) if method == "POST" else http.get(address, headers=headers)
                assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login"), (method, path)
        assert desk.store.documents(limit=1)[0].state is CredentialState.VALID


def cookie_name(http):
    """The name of the cookie of people who signed in."""
    name = next(cookie.split("=")[0] for cookie in http.get("/desk/login").headers.get_list("set-cookie"))
    return f"{name}_in"


def test_a_clerk_s_code_is_no_api_key_and_an_api_key_is_no_code(http, desk):
    """T230"""
    code, key = desk.clerk_code(), desk.api_key()
    assert http.get("/api/credentials?subject=anna", headers={"authorization": f"Bearer {code}"}).status_code == 401
    assert sign_in(http, key).status_code == 400


def test_the_code_counts_however_it_is_typed(http, desk):
    code = desk.clerk_code()
    assert re.fullmatch(r"([A-Z2-9]{4}-){5}[A-Z2-9]{4}", code)  # 32^24: 120 bits
    assert sign_in(http, f" {code.lower().replace('-', ' ')} ").headers["location"] == "/desk"


def test_signing_in_makes_a_fresh_cookie_that_scripts_and_strangers_do_not_get(http, desk):
    """T236"""
    name = cookie_name(http)
    http.cookies.set(name, "chosen by somebody else", domain="agency.example")
    answer = sign_in(http, desk.clerk_code())
    [cookie] = [line for line in answer.headers.get_list("set-cookie") if line.startswith(name)]
    assert cookie.startswith("__Host-")
    assert "chosen" not in cookie
    assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= set(cookie.split("; ")[1:])
    again = sign_in(http, desk.clerk_code())
    assert again.headers["set-cookie"] != answer.headers["set-cookie"]


def test_a_session_ends_when_the_next_one_of_the_browser_begins(signed_in, desk):
    """T236"""
    before = signed_in.cookies[cookie_name(signed_in)]
    sign_in(signed_in, desk.clerk_code())
    assert signed_in.get("/desk").status_code == 200
    signed_in.cookies.clear()
    assert signed_in.get("/desk", headers={"cookie": f"__Host-x=1; {before}"}).status_code == 303


def test_signing_out_ends_the_session_in_the_store(signed_in):
    """T236: the old cookie opens nothing any more."""
    name = cookie_name(signed_in)
    secret = signed_in.cookies[name]
    answer = post(signed_in, "/desk/logout", filled(signed_in.get("/desk"), "/logout"))
    assert answer.headers["location"] == "/desk/login/bye"
    assert name not in signed_in.cookies
    assert signed_in.get("/desk", headers={"cookie": f"{name}={secret}"}).status_code == 303


@pytest.mark.parametrize(("minutes", "steps", "there"), [(29, 3, True), (31, 1, False), (25, 25, False)])
def test_who_is_away_for_long_or_stays_for_very_long_is_signed_out(signed_in, desk, minutes, steps, there):
    seen = []
    for _ in range(steps):
        desk.clock.move(minutes * 60)
        seen.append(signed_in.get("/desk").status_code)
    assert (seen[-1] == 200) is there


def test_a_revoked_clerk_is_signed_out_at_the_next_request(signed_in, desk):
    """T230"""
    assert desk.store.clerk_codes.revoke(CLERK) == 1
    assert signed_in.get("/desk").status_code == 303
    assert "Sie wurden abgemeldet" in signed_in.get("/desk/login").text


def test_guessing_makes_one_browser_wait_and_nobody_else(http, desk):
    """T232"""
    answers = [sign_in(http, f"WRONG{n}").status_code for n in range(QUICK.wrong_codes + 2)]
    assert answers == [400] * QUICK.wrong_codes + [429] * 2
    code = desk.clerk_code()
    assert sign_in(http, code).status_code == 429
    http.cookies.clear()
    assert sign_in(http, code).status_code == 303
    post(http, "/desk/logout", filled(http.get("/desk"), "/logout"))


def test_after_waiting_a_browser_may_try_again(http, desk):
    """T232"""
    for n in range(QUICK.wrong_codes):
        sign_in(http, f"WRONG{n}")
    desk.clock.move(QUICK.waiting)
    assert sign_in(http, desk.clerk_code()).status_code == 303


def test_a_wrong_code_is_answered_after_a_while(desk):
    """T232"""
    slow = desk.with_policy(desk=AccountPolicy(pause=0.5))
    with slow.browser() as http:
        began = time.monotonic()
        assert sign_in(http, "wrong").status_code == 400
        assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        ({"form_token": ""}, {}),
        ({"form_token": "0" * 64}, {}),
        ({}, {"origin": "https://evil.example"}),
        ({}, {"sec-fetch-site": "cross-site"}),
    ],
)
def test_nobody_else_does_anything_in_a_clerk_s_name(signed_in, desk, issued, change, headers):
    """T233"""
    address = f"/desk/documents/{issued.id}/revoke"
    form = filled(signed_in.get(address), "/revoke", reason="asked")
    assert post(signed_in, address, {**form, **change}, **headers).status_code == 403
    assert desk.store.document(issued.id).state is CredentialState.VALID
    assert post(signed_in, address, form).status_code == 303
    assert desk.store.document(issued.id).state is CredentialState.REVOKED


def test_a_form_of_another_session_is_refused(signed_in, desk, issued):
    """T233"""
    address = f"/desk/documents/{issued.id}/revoke"
    form = filled(signed_in.get(address), "/revoke", reason="asked")
    sign_in(signed_in, desk.clerk_code())
    assert post(signed_in, address, form).status_code == 403


def test_an_invitation_is_made_once_however_often_the_form_is_sent(signed_in, desk):
    """T119"""
    page = find(signed_in)
    [address] = re.findall(r'href="(/desk/people/[^"]+/documents/member)"', page.text)
    form = filled(signed_in.get(address), "/documents/member", how="code")
    assert post(signed_in, address, form).status_code == 303
    assert post(signed_in, address, form).status_code == 409
    assert post(signed_in, address, {**form, "once": ""}).status_code == 409
    assert len(desk.store.offers_to("anna", since=0, limit=9)) == 1


def test_no_address_names_a_person_or_holds_a_code(signed_in, desk):
    """T260"""
    page = find(signed_in)
    [address] = re.findall(r'href="(/desk/people/[^"]+/documents/member)"', page.text)
    made = post(signed_in, address, filled(signed_in.get(address), "/documents/member", how="code"))
    letter = post(signed_in, str(page.url.path) + "/letter", filled(page, "/letter"))
    shown, printed = signed_in.get(made.headers["location"]), signed_in.get(letter.headers["location"])
    [number] = re.findall(r'class="code">([0-9]{3} [0-9]{3})<', shown.text)
    [code] = re.findall(r'class="code">([A-Z2-9-]{19})<', printed.text)
    for text in ("anna", "Anna", number.replace(" ", ""), code):
        assert text not in " ".join((str(page.url), made.headers["location"], letter.headers["location"]))
        assert text not in re.findall(r"<title>.*</title>", shown.text + printed.text)[0]


def test_a_page_about_a_person_is_good_for_one_session(signed_in, desk):
    """T260: what a browser's history keeps opens nothing, not even for the same clerk later."""
    seen = str(find(signed_in).url.path)
    assert signed_in.get(seen).status_code == 200
    sign_in(signed_in, desk.clerk_code())
    assert signed_in.get(seen).status_code == 404


@pytest.mark.parametrize("handle", ["x", "eA", "A" * 300, "A" * 6000, "%00"])
def test_an_invented_handle_is_not_found(signed_in, handle):
    """T237"""
    assert signed_in.get(f"/desk/people/{handle}").status_code in (400, 404)


def test_a_handle_of_another_kind_is_not_found(signed_in):
    """T237"""
    page = find(signed_in)
    assert signed_in.get(str(page.url.path).replace("/people/", "/letters/")).status_code == 404


CODE = re.compile(r'class="code">([A-Z2-9-]{19})<')


def test_a_letter_s_code_is_shown_once(signed_in):
    """T119, T260: no back button, no history and no second tab shows it again; nor does another spelling of the address."""
    page = find(signed_in)
    letter = post(signed_in, str(page.url.path) + "/letter", filled(page, "/letter")).headers["location"]
    shown = signed_in.get(letter)
    assert CODE.search(shown.text)
    # The choice of another language would be a second look
    assert "/language/" not in shown.text
    for again in (letter, f"{letter}=", f"{letter}%3D"):
        answer = signed_in.get(again)
        assert answer.status_code in (404, 410)
        assert not CODE.search(answer.text)
    assert "Dieser Brief wurde schon angezeigt" in signed_in.get(letter).text


def test_a_new_letter_ends_the_code_of_the_one_before(signed_in, desk):
    page = find(signed_in)
    address = str(page.url.path) + "/letter"
    first = signed_in.get(post(signed_in, address, filled(page, "/letter")).headers["location"])
    lost = signed_in.get(str(first.url.path))
    second = signed_in.get(post(signed_in, address, filled(lost, "/letter")).headers["location"])
    codes = [CODE.findall(shown.text)[0] for shown in (first, second)]
    assert [desk.store.letter_code(letter_digest(code)) is not None for code in codes] == [False, True]


def test_what_stands_in_the_register_is_text_and_nothing_else(signed_in, desk):
    """T235"""
    desk.register.put({"eve": {"given_name": "<script>alert(1)</script>", "family_name": '"><img src=x>'}})
    page = find(signed_in, "eve")
    [address] = re.findall(r'href="(/desk/people/[^"]+/documents/member)"', page.text)
    for text in (page.text, signed_in.get(address).text):
        assert "<script>alert" not in text
        assert "<img src=x>" not in text
        assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("asked", ""), 303),
        (("other", "moved"), 303),
        (("asked", "x" * 200), 303),
        (("other", ""), 400),
        (("other", "   "), 400),
        (("", ""), 400),
        (("settled", ""), 400),
        (("invented", ""), 400),
        (("asked", "x" * 201), 400),
        (("asked", "a\u202eb"), 400),
    ],
)
def test_a_change_needs_a_reason(signed_in, desk, issued, words, status):
    address = f"/desk/documents/{issued.id}/suspend"
    form = filled(signed_in.get(address), "/suspend", reason=words[0], more=words[1])
    assert post(signed_in, address, form).status_code == status
    assert (desk.store.document(issued.id).state is CredentialState.SUSPENDED) is (status == 303)


@pytest.mark.parametrize(("path", "status"), [("reinstate", 409), ("delete", 404)])
def test_only_what_is_possible_is_offered(signed_in, issued, path, status):
    assert signed_in.get(f"/desk/documents/{issued.id}/{path}").status_code == status


def test_lists_are_paged_and_lead_on(signed_in, desk):
    wallet = TestWallet(desk)
    for number in range(25):
        desk.clock.move(1)
        wallet.issue(wallet.redeem(desk.offer(subject=("anna", "bodo")[number % 2])))
    for part in ("documents", "audit"):
        first = signed_in.get(f"/desk/{part}")
        [older] = re.findall(rf'href="(/desk/{part}/before/[^"]+)"', first.text)
        second = signed_in.get(older)
        assert second.status_code == 200
        assert set(re.findall(r"/desk/documents/([0-9a-f]{32})", first.text)).isdisjoint(
            re.findall(r"/desk/documents/([0-9a-f]{32})", second.text)
        )
        form = filled(first, f"/desk/{part}", subject="bodo")
        of_person = signed_in.get(post(signed_in, f"/desk/{part}", form).headers["location"])
        assert "bodo" in of_person.text
        assert ">anna<" not in of_person.text
    assert signed_in.get("/desk/audit/before/x").status_code == 404


def test_a_person_who_is_gone_from_the_register_still_has_documents(signed_in, desk, issued):
    person = str(find(signed_in).url.path)
    desk.register.remove("anna")
    page = signed_in.get(person)
    assert page.status_code == 404
    [documents] = re.findall(r'href="(/desk/documents/of/[^"]+)"', page.text)
    assert issued.id in signed_in.get(documents).text


def test_the_stream_of_an_invitation_says_its_state_and_ends_with_the_session(signed_in, desk):
    page = find(signed_in)
    [address] = re.findall(r'href="(/desk/people/[^"]+/documents/member)"', page.text)
    made = post(signed_in, address, filled(signed_in.get(address), "/documents/member", how="code"))
    [events] = re.findall(r'data-live="([^"]+)"', signed_in.get(made.headers["location"]).text)
    with signed_in.stream("GET", events) as stream:
        lines = stream.iter_lines()
        assert "data: offered" in [next(lines) for _ in range(4)]
        desk.store.clerk_codes.revoke(CLERK)
        assert "data: gone" in list(lines)


def test_a_register_that_cannot_be_searched_says_so(desk):
    with desk.with_context(register=HttpRegister("https://register.example", "")).browser() as http:
        sign_in(http, desk.clerk_code())
        assert "nur über die genaue Kennung" in http.get("/desk").text


def test_an_invitation_is_taken_back_from_the_page_of_its_person_and_from_no_other(signed_in, desk):
    """T237"""
    made, other = desk.offer(), desk.offer(subject="bodo")
    page = find(signed_in)
    address = f"{page.url.path}/offers/{made.id}/withdraw"
    wrong = post(signed_in, address.replace(made.id, other.id), filled(page, f"{made.id}/withdraw"))
    assert wrong.status_code == 404
    form = filled(signed_in.get(str(page.url.path)), f"{made.id}/withdraw")
    assert post(signed_in, address, form).status_code == 303
    assert desk.run(desk.issuer.offers.state(made.id)) == "withdrawn"
    assert desk.run(desk.issuer.offers.state(other.id)) == "offered"


def test_that_values_were_looked_at_stands_in_the_trail_and_no_value_does(signed_in, desk):
    """T243, T259"""
    page = find(signed_in)
    [address] = re.findall(r'href="(/desk/people/[^"]+/documents/member)"', page.text)
    assert "Anna" in signed_in.get(address).text
    trail = desk.store.audit(limit=50)
    assert ("values shown", "anna", CLERK, "member") in [(e.action, e.subject, e.actor, e.detail) for e in trail]
    assert "Anna" not in repr(trail)
    assert "Anna" not in signed_in.get("/desk/audit").text
