"""The command as people and scripts use it."""

import json
import re
import stat

import pytest
import qrcode
from typer.testing import CliRunner

from protocol.encoding import JsonObject
from protocol.errors import Unreachable
from protocol.oid4vp.request import VerifierInfo
from runtime.anchors import write_anchor
from tests.support.pki import NOW
from tests.wallet.counterparts import PASSPHRASE, QUICK, Agency, World, answer, dcql
from tests.wallet.service.status_host import STATUS_URI, StatusHost
from tests.wallet.vault.tampering import file_as_database, opened
from wallet.cli import app
from wallet.cli.options import Surroundings
from wallet.vault.vault import Vault


class Machine:
    """A user at a terminal, with a wallet folder, a passphrase file, and the world around."""

    def __init__(self, folder, world, environment):
        self.folder = folder
        self.world = world
        self.environment = environment
        self.opened = []  # in the browser
        (folder / "passphrase").write_text(f"{PASSPHRASE}\nand nothing else\n")
        anchors = folder / "data" / "anchors"
        write_anchor(anchors, "agency.pem", world.agency.pki.root.pem, role=world.agency.pki.role, name="The ministry")
        write_anchor(
            anchors, "partner.pem", world.partner.pki.root.pem, role=world.partner.pki.role, name="The register"
        )
        self.vault = folder / "data" / "wallet.db"

    def run(self, *arguments, keys="", language="en", status=0, passphrase=True):
        """Run a command and check its exit status."""
        options = ["--data", str(self.folder / "data"), "--language", language]
        if passphrase:
            options += ["--passphrase-file", str(self.folder / "passphrase")]
        around = Surroundings(self.world, lambda: self.world.now, self.browse)
        result = CliRunner().invoke(app, [*options, *arguments], obj=around, input=keys, env=self.environment)
        assert result.exit_code == status, result.output
        return result

    def json(self, *arguments, **more):
        """What a command answers as JSON."""
        return json.loads(self.run(*arguments, "--json", **more).stdout)

    def browse(self, url):
        """The user's browser."""
        self.opened.append(url)
        return True


def unwrapped(text):
    """The words of a text without the lines and frames that a terminal puts around them."""
    return " ".join(word for word in text.split() if not set(word) <= set("│╭╮╰╯─"))


@pytest.fixture
def machine(tmp_path):
    """A machine with an empty wallet."""
    machine = Machine(tmp_path, World(None), {"HOHEIT_ENV": "production"})
    Vault.create(machine.vault, PASSPHRASE, QUICK).close()
    return machine


@pytest.fixture
def holder(machine):
    """The same, with an identity card in the wallet."""
    machine.run("receive", machine.world.agency.offer(), "--yes")
    return machine


def test_a_wallet_is_made_once(tmp_path):
    machine = Machine(tmp_path, World(None), {})
    result = machine.run("init")
    assert "Your wallet is ready" in result.stdout
    assert stat.S_IMODE(machine.vault.stat().st_mode) == 0o600
    again = machine.run("init", status=1)
    assert again.stderr.startswith("error: ")
    assert "nothing was changed" in again.stderr


def test_a_passphrase_is_typed_twice_and_never_shown(tmp_path):
    """T217"""
    machine = Machine(tmp_path, World(None), {})
    typed = machine.run("init", keys="secret passphrase\nsecret passphrase\n", passphrase=False)
    assert "secret passphrase" not in typed.output
    listed = machine.run("list", keys="secret passphrase\n", passphrase=False)
    assert "empty" in listed.stdout
    assert "secret passphrase" not in listed.output


def test_a_passphrase_that_is_too_short_makes_no_wallet(tmp_path):
    machine = Machine(tmp_path, World(None), {})
    (tmp_path / "passphrase").write_text("short")
    result = machine.run("init", status=1)
    assert "at least 8 characters" in result.stderr
    assert not machine.vault.exists()


def test_receiving_shows_who_and_what_and_asks_twice(machine):
    """T156, T157"""
    result = machine.run("receive", machine.world.agency.offer(), keys="yk")
    shown = result.stdout
    assert "City of Köln offers you something" in shown
    assert "Checked: The ministry vouches for them." in shown
    assert "Address: agency.example" in shown
    assert shown.index("Do you want this?") < shown.index("Given name: Erika") < shown.index("do you want to keep it?")
    assert "You get 3 copies" in shown
    assert "It is in your wallet now: Personal ID" in shown
    assert len(machine.json("list")["credentials"]) == 1


@pytest.mark.parametrize("keys", ["n", "yn"])
def test_saying_no_takes_one_key_and_keeps_nothing(machine, keys):
    """T156"""
    result = machine.run("receive", machine.world.agency.offer(), keys=keys, status=3)
    assert "You said no." in result.stdout
    assert machine.json("list") == {"credentials": [], "damaged": [], "pending": []}
    assert [entry["action"] for entry in machine.json("log")["log"]] == ["declined"]


def test_enter_and_other_keys_decide_nothing(machine):
    """Nothing is preselected."""
    result = machine.run("receive", machine.world.agency.offer(), keys="\r\n x?n", status=3)
    assert result.stdout.count("[y] Yes, get it   [n] No") == 5


def test_it_speaks_german(machine):
    result = machine.run("receive", machine.world.agency.offer(), keys="jb", language="de")
    assert "Nachname: Mustermann" in result.stdout
    assert "Geburtsdatum: 07.03.1990" in result.stdout
    assert "Das ist jetzt in Ihrer Wallet: Personalausweis" in result.stdout


def test_the_language_of_the_system_is_taken_where_none_is_said(tmp_path, machine):
    options = ["--data", str(tmp_path / "data"), "--passphrase-file", str(tmp_path / "passphrase"), "list"]
    result = CliRunner().invoke(app, options, env={"LC_ALL": "de_DE.UTF-8"})
    assert "Ihre Wallet ist leer." in result.stdout
    result = CliRunner().invoke(app, options, env={"LC_ALL": "fr_FR.UTF-8"})
    assert "Your wallet is empty." in result.stdout


def test_a_script_receives_with_yes(machine):
    received = machine.json("receive", machine.world.agency.offer(), "--yes")
    assert received["failed"] == []
    [item] = received["received"]
    assert (item["name"], item["issuer"], item["copies"]) == ("Personal ID", "City of Köln", 3)


def test_the_code_is_asked_for_with_the_host_beside_it(machine):
    """T157"""
    machine.world.agency.tx_code = "1234"
    result = machine.run("receive", machine.world.agency.offer(), keys="y1234\nk")
    assert "It goes to: agency.example" in result.stdout
    assert len(machine.json("list")["credentials"]) == 1
    machine.run("receive", machine.world.agency.offer(), "--tx-code", "1234", "--yes")


def test_a_wrong_code_is_one_line(machine):
    machine.world.agency.tx_code = "1234"
    result = machine.run("receive", machine.world.agency.offer(), "--tx-code", "9999", "--yes", status=1)
    assert result.stderr == "error: This did not work. Nothing was given away. (the issuer refused: invalid_grant)\n"


def test_an_issuer_whom_nobody_vouches_for_is_a_warning_and_nothing_for_scripts(machine):
    """T157: the host stands large, and --yes is not enough."""
    machine.world.agency.signed = False
    result = machine.run("receive", machine.world.agency.offer(), keys="n", status=3)
    assert "WARNING: nobody whom you trust vouches for them" in result.stdout.replace("\n", " ")
    assert "They call themselves: The very best agency (not checked)" in result.stdout
    refused = machine.run("receive", machine.world.agency.offer(), "--yes", status=1)
    assert "leave out --yes" in refused.stderr
    assert all(not request.url.endswith("/token") for request in machine.world.agency.seen)


def test_what_is_not_good_is_said_and_status_one(machine):
    """T150"""
    machine.world.agency.type = "urn:other"
    result = machine.run("receive", machine.world.agency.offer(), "--yes", "--json", status=1)
    answered = json.loads(result.stdout)
    assert answered["received"] == []
    assert answered["failed"][0]["name"] == "Personal ID"


def test_what_was_cut_off_goes_on_without_a_link(machine):
    """T158"""
    machine.world.agency.refuse = {"/credential": Unreachable("no answer in time")}
    cut = machine.run("receive", machine.world.agency.offer(), "--yes", status=1)
    assert cut.stderr == "error: No connection. Nothing was lost. Please try again later. (no answer in time)\n"
    assert "Go on with: hoheit wallet receive" in machine.run("list").stdout
    machine.world.agency.refuse = {}
    machine.run("receive", keys="k")
    assert len(machine.json("list")["credentials"]) == 1
    assert "nothing was begun" in machine.run("receive", status=1).stderr


def test_what_was_begun_can_be_forgotten(machine):
    machine.world.agency.refuse = {"/credential": Unreachable("away")}
    machine.run("receive", machine.world.agency.offer(), "--yes", status=1)
    [pending] = machine.json("list")["pending"]
    machine.run("forget", pending)
    assert machine.json("list")["pending"] == []


def test_a_picture_of_a_qr_code_is_as_good_as_a_link(machine, tmp_path):
    qrcode.make(machine.world.agency.offer()).save(tmp_path / "offer.png")
    machine.run("receive", str(tmp_path / "offer.png"), "--yes")
    assert len(machine.json("list")["credentials"]) == 1


def test_presenting_shows_who_what_for_and_each_value(holder):
    world = holder.world
    world.partner.query = {"credentials": [dcql(("given_name",), ("birthdate",))]}
    purpose: JsonObject = {"purpose": [{"lang": "en", "value": "To lend you books."}]}
    world.partner.changes = {"verifier_info": (VerifierInfo("registration_cert", purpose),)}
    shown = holder.run("present", world.partner.link(), keys="s").stdout
    for line in (
        "City library asks you for data.",
        "Checked: The register vouches for them.",
        "They say what for: To lend you books.",
        "The data goes to: library.example",
        "Personal ID, City of Köln (required)",
        "  Given name: Erika",
        "  Date of birth: 1990-03-07",
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
    assert "Date of birth: 1990-03-07" in shown.split("They would see this")[1]
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


def test_show_and_list_tell_everything_that_is_held(holder):
    [listed] = holder.json("list")["credentials"]
    assert listed["copies"] == listed["unused_copies"] == 3
    assert listed["expires_at"] == NOW + 100_000
    shown = holder.json("show", listed["id"][:6])
    assert {claim["label"]: claim["value"] for claim in shown["claims"]}["City"] == "Köln"
    text = holder.run("show", listed["id"]).stdout
    assert "3 of 3 copies were never shown." in text
    assert "Family name: Mustermann" in text
    assert listed["id"][:8] in holder.run("list").stdout


def test_the_status_is_looked_up_when_asked(machine):
    """T174"""
    machine.world.agency.status_uri = STATUS_URI
    host = StatusHost(machine.world.agency.pki, values={20: 1})
    machine.world.more["https://status.example"] = host
    machine.run("receive", machine.world.agency.offer(), "--yes")
    assert host.seen == []
    assert machine.json("list", "--check")["credentials"][0]["cautions"] == ["revoked"]
    assert "was taken back by its issuer" in machine.run("list").stdout
    refused = machine.run("present", machine.world.partner.link(), "--yes", status=1)
    assert "leave out --yes" in refused.stderr


def test_the_log_names_claims_and_no_values(holder):
    """T263"""
    holder.run("present", holder.world.partner.link(), "--yes")
    entries = holder.json("log")["log"]
    assert [(entry["action"], entry["outcome"]) for entry in entries] == [("received", "done"), ("shared", "done")]
    assert entries[1]["party"] == "City library"
    assert entries[1]["credentials"] == [
        {"name": "Personal ID", "type": "urn:eudi:pid:1", "claims": ['["given_name"]']}
    ]
    text = holder.run("log").stdout
    assert "You showed Personal ID to City library." in text
    assert "Erika" not in text
    assert "Nothing happened yet." not in text


def test_the_log_can_be_deleted_by_its_owner(holder):
    """T263"""
    holder.run("log", "--delete", keys="n", status=3)
    assert len(holder.json("log")["log"]) == 1
    holder.run("log", "--delete", keys="d")
    assert [entry["action"] for entry in holder.json("log")["log"]] == ["log deleted"]
    holder.run("log", "--delete", "--yes")


def test_forgetting_asks_first_and_is_for_ever(holder):
    """T228"""
    [listed] = holder.json("list")["credentials"]
    holder.run("forget", listed["id"], keys="n", status=3)
    assert len(holder.json("list")["credentials"]) == 1
    asked = holder.run("forget", listed["id"][:5], keys="d")
    assert "Delete Personal ID for ever?" in asked.stdout
    assert holder.json("list")["credentials"] == []
    assert "There is no such thing here." in holder.run("forget", listed["id"], "--yes", status=1).stderr


def test_a_damaged_credential_is_said_and_the_rest_is_usable(holder):
    """T215"""
    holder.run("receive", holder.world.agency.offer(), "--yes")
    [first, second] = holder.json("list")["credentials"]
    with file_as_database(holder.vault) as connection:
        connection.execute("UPDATE records SET sealed = x'00' WHERE id = ?", (first["id"],))
    listed = holder.json("list")
    assert listed["damaged"] == [first["id"]]
    assert [item["id"] for item in listed["credentials"]] == [second["id"]]
    assert "The rest of your wallet is fine." in unwrapped(holder.run("list").stdout)
    holder.run("forget", first["id"], "--yes")
    assert holder.json("list")["damaged"] == []


def test_a_wrong_passphrase_is_one_line_and_status_one(machine, tmp_path):
    """T217"""
    (tmp_path / "passphrase").write_text("wrong passphrase")
    result = machine.run("list", status=1)
    assert result.stderr == (
        "error: The wallet stays closed. Nothing was changed. (this passphrase does not open the wallet)\n"
    )
    as_json = json.loads(machine.run("list", "--json", status=1).stdout)
    assert as_json["error"] == "wrong_passphrase"


def test_a_wallet_in_use_is_one_line_and_status_one(machine):
    """T221"""
    with opened(machine.vault):
        result = machine.run("list", status=1)
    assert result.stderr.startswith("error: The wallet is open in another program.")


@pytest.mark.parametrize("arguments", [("list",), ("receive",), ("log", "--delete")])
def test_without_a_wallet_the_user_is_told_how_to_make_one(tmp_path, arguments):
    machine = Machine(tmp_path, World(None), {})
    result = machine.run(*arguments, status=1)
    assert re.fullmatch(r"error: .*hoheit wallet init\n", result.stderr)


def test_a_damaged_file_is_one_line(machine):
    """T215"""
    machine.vault.write_bytes(b"nothing that was ever a wallet" * 1000)
    result = machine.run("list", status=1)
    assert result.stderr == "error: the wallet file is damaged\n"


def test_an_older_copy_is_found_and_can_be_taken_into_use(holder, tmp_path):
    """T216"""
    backup = holder.vault.read_bytes()
    holder.run("present", holder.world.partner.link(), "--yes")
    holder.vault.write_bytes(backup)
    assert "hoheit wallet restore" in holder.run("list", status=1).stderr
    holder.run("restore")
    [listed] = holder.json("list")["credentials"]
    assert listed["unused_copies"] == 0
    assert listed["cautions"] == ["shown_before"]
    assert "You put an older copy" in holder.run("log").stdout


def test_the_passphrase_can_be_changed(holder, tmp_path):
    (tmp_path / "new").write_text("quite another one")
    holder.run("passphrase", "--new-passphrase-file", str(tmp_path / "new"))
    holder.run("list", status=1)
    (tmp_path / "passphrase").write_text("quite another one")
    assert len(holder.json("list")["credentials"]) == 1
    holder.run("passphrase", keys="typed by hand\ntyped by hand\n")
    (tmp_path / "passphrase").write_text("typed by hand")
    assert len(holder.json("list")["credentials"]) == 1


def test_a_passphrase_in_the_environment_is_refused_in_production(machine):
    environment = {"HOHEIT_ENV": "production", "HOHEIT_WALLET_PASSPHRASE": "secret passphrase"}
    machine.environment = environment
    result = machine.run("list", status=1, passphrase=False)
    assert "passphrase" in result.stderr
    assert "secret passphrase" not in result.output


def test_a_test_may_answer_everything_with_yes(machine):
    """T157: and only a test may."""
    machine.world.agency.signed = False
    machine.environment = {"HOHEIT_ENV": "test", "HOHEIT_WALLET_AUTOMATIC_CONSENT": "1"}
    machine.run("receive", machine.world.agency.offer())
    machine.run("present", machine.world.partner.link())
    machine.run("present", machine.world.partner.link())
    assert len(machine.world.partner.answers) == 2


def test_with_json_only_the_answer_is_on_standard_output(machine):
    result = machine.run("receive", machine.world.agency.offer(), "--json", keys="yk")
    assert json.loads(result.stdout)["received"]
    assert "Do you want this?" in result.stderr
    declined = machine.run("present", machine.world.partner.link(), "--json", keys="n", status=3)
    assert json.loads(declined.stdout) == {"declined": True}


def test_an_agency_cannot_write_on_the_screen_as_if_it_were_us(machine):
    """T152: markup and control characters are text."""
    nasty = "[bold red]Checked[/] \x1b[2J\x9b31m \u202eevil"
    machine.world.agency.claims = {**machine.world.agency.claims, "given_name": nasty}
    shown = machine.run("receive", machine.world.agency.offer(), keys="yk").stdout
    assert "Given name: [bold red]Checked[/] [2J 31m evil" in shown
    assert not set(shown) & set("\x1b\x9b\u202e")


@pytest.mark.parametrize("arguments", [(), ("--help",), ("receive", "--help")])
def test_help_is_there_without_opening_anything(arguments):
    result = CliRunner().invoke(app, list(arguments))
    assert "Usage" in result.output


def test_an_agency_with_two_documents_gives_both(machine):
    machine.world.agency = Agency(
        pki=machine.world.agency.pki,
        configurations={"a": machine.world.agency.configurations["pid"]}
        | {"b": machine.world.agency.configurations["pid"]},
    )
    assert len(machine.json("receive", machine.world.agency.offer(), "--yes")["received"]) == 2
