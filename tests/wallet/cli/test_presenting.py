"""`present`: who asks for what is shown, the user chooses, and refusing is as easy as sharing."""

from protocol.encoding import JsonObject
from protocol.oid4vp.request import VerifierInfo
from tests.wallet.counterpart_agency import answer
from tests.wallet.counterparts import dcql


def test_presenting_shows_who_what_for_and_each_value(holder):
    world = holder.world
    world.partner.query = {"credentials": [dcql(("given_name",), ("birthdate",))]}
    purpose: JsonObject = {"purpose": [{"lang": "en", "value": "To lend you books."}]}
    world.partner.changes = {"verifier_info": (VerifierInfo("registrar_dataset", purpose),)}
    shown = holder.run("present", world.partner.link(), keys="s").stdout
    for line in (
        "City library asks you for data.",
        "Checked: The register vouches for them.",
        "They say what for: To lend you books.",
        "The data goes to: library.example",
        "Personal ID, City of Köln (required)",
        "  Given name: Erika",
        "  Date of birth: 7 March 1990",
        "Done. You find this in your log.",
    ):
        assert line in shown
    assert "Mustermann" not in shown
    assert len(world.partner.answers) == 1


def test_refusing_is_as_easy_as_sharing(holder):
    """One key each, and the partner hears no more than that."""
    result = holder.run("present", holder.world.partner.link(), keys="n", status=3)
    assert "[s] Share   [n] Do not share" in result.stdout
    assert "Nothing was given away." in result.stdout
    assert [form.get("error") for form in holder.world.partner.answers] == ["access_denied"]


def test_leaving_in_the_middle_gives_nothing_away(holder):
    """T173"""
    holder.run("present", holder.world.partner.link(), keys="\x03", status=1)
    assert holder.world.partner.answers == []


def test_a_script_presents_with_yes(holder):
    holder.world.partner.reply = answer({"redirect_uri": "https://library.example/done"})
    shared = holder.json("present", holder.world.partner.link(), "--yes")
    assert shared == {"shared": "done", "redirect_uri": "https://library.example/done", "log": 2}


def test_yes_is_not_enough_for_what_needs_a_second_look(holder):
    """T174, T175: a script does not answer the same request twice."""
    holder.run("present", holder.world.partner.link(), "--yes")
    refused = holder.run("present", holder.world.partner.link(), "--yes", status=1)
    assert "leave out --yes" in refused.stderr
    assert len(holder.world.partner.answers) == 1
    asked = holder.run("present", holder.world.partner.link(), keys="n", status=3)
    assert "You answered this very request before" in asked.stdout.replace("\n", " ")


def test_an_answer_that_was_not_confirmed_is_called_unknown(holder):
    """T172"""
    holder.world.partner.reply = answer({}, 500)
    result = holder.run("present", holder.world.partner.link(), keys="s")
    assert "Count it as seen" in result.stdout
    assert "Whether it arrived is not known" in holder.run("log").stdout
    assert holder.json("log")["log"][-1]["outcome"] == "unknown"


def test_where_to_go_on_is_shown_and_not_opened(holder):
    """T172"""
    holder.world.partner.reply = answer({"redirect_uri": "https://library.example/done"})
    result = holder.run("present", holder.world.partner.link(), keys="s")
    assert "They ask you to go on here: https://library.example/done" in result.stdout
    assert holder.opened == []


def test_having_nothing_is_said_and_told_like_a_no(holder):
    """T168"""
    holder.world.partner.query = {"credentials": [dcql(vct="urn:other")]}
    result = holder.run("present", holder.world.partner.link(), status=1)
    assert "You have nothing in your wallet that answers." in result.stdout
    assert [form.get("error") for form in holder.world.partner.answers] == ["access_denied"]


# Choosing


def test_the_user_chooses_between_several(holder):
    holder.world.agency.claims = {**holder.world.agency.claims, "given_name": "Max"}
    holder.run("receive", holder.world.agency.offer(), "--yes")
    shown = holder.run("present", holder.world.partner.link(), keys="0\n7\n2\ns").stdout
    assert "Several fit. Which one do you want to show?" in shown
    offered, after = shown.split("They would see this")
    second = offered.split("2  Personal ID")[1]
    chosen, other = ("Max", "Erika") if "Max" in second else ("Erika", "Max")
    assert f"Given name: {chosen}" in after
    assert other not in after


def test_what_is_optional_is_asked_for_one_by_one(holder):
    """T168: and not preselected."""
    holder.world.partner.query = {
        "credentials": [dcql(("given_name",), query_id="a"), dcql(("birthdate",), query_id="b")],
        "credential_sets": [{"options": [["a"]]}, {"options": [["b"]], "required": False}],
    }
    shown = holder.run("present", holder.world.partner.link(), keys="ns").stdout
    assert "This is optional." in shown
    assert "Date of birth" not in shown.split("They would see this")[1]
    assert "Personal ID, City of Köln (required)" in shown
    assert '"b"' not in holder.world.partner.answers[0]["vp_token"]
    holder.world.partner.changes = {"nonce": "another-nonce-of-at-least-22"}
    shown = holder.run("present", holder.world.partner.link(), keys="ys").stdout
    assert "(chosen by you)" in shown
    assert '"b"' in holder.world.partner.answers[1]["vp_token"]


def test_between_two_ways_the_user_chooses(holder):
    holder.world.partner.query = {
        "credentials": [dcql(("given_name",), query_id="a"), dcql(("birthdate",), query_id="b")],
        "credential_sets": [{"options": [["a"], ["b"]]}],
    }
    shown = holder.run("present", holder.world.partner.link(), keys="2\ns").stdout
    assert "One of these is enough." in shown
    assert "Date of birth: 7 March 1990" in shown.split("They would see this")[1]
    assert holder.world.partner.answers[0]["vp_token"].startswith('{"b"')


def test_where_everything_is_optional_nothing_may_be_shown(holder):
    holder.world.partner.query = {
        "credentials": [dcql(("given_name",), query_id="a"), dcql(("birthdate",), query_id="b")],
        "credential_sets": [{"options": [["a"], ["b"]], "required": False}],
    }
    holder.run("present", holder.world.partner.link(), keys="3\n", status=3)
    assert [form.get("error") for form in holder.world.partner.answers] == ["access_denied"]
    refused = holder.run("present", holder.world.partner.link(), "--yes", status=1)
    assert "everything here is optional" in refused.stderr
