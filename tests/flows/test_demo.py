"""`hoheit demo --once`, as a newcomer runs it: a process of its own, a free port, an empty folder."""

import json
import os
import subprocess
import sys

import pytest

from runtime.serve import Listen, bind
from tests.support.ports import free_port

pytestmark = pytest.mark.flow

STEPS = 61


def demo(folder, *options, port=None):
    """Run the demo to its end, in surroundings that say nothing about it."""
    command = [
        sys.executable,
        "-m",
        "hoheit",
        "demo",
        "--once",
        "--data",
        str(folder),
        "--port",
        str(port or free_port()),
    ]
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("HOHEIT_")}
    return subprocess.run(
        [*command, *options], env=surroundings, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A town that was walked through once: its folder, its port, and what was told."""
    folder, port = tmp_path_factory.mktemp("town"), free_port()
    return folder, port, demo(folder, port=port)


def test_the_walk_ends_well_and_tells_every_step(town):
    _, _, walk = town
    assert (walk.returncode, walk.stderr) == (0, "")
    told = [line for line in walk.stdout.splitlines() if line.startswith(("✓", "✗"))]
    assert [line.split(". ")[0] for line in told] == [f"✓ {number}" for number in range(1, STEPS + 1)]
    assert "Every step verified." in walk.stdout


def test_the_walk_as_json_is_one_good_step_a_line(tmp_path):
    walk = demo(tmp_path, "--json")
    assert (walk.returncode, walk.stderr) == (0, "")
    steps = [json.loads(line) for line in walk.stdout.splitlines()]
    assert [step["step"] for step in steps] == list(range(1, STEPS + 1))
    assert all(step["good"] and step["title"] and step["milliseconds"] > 0 for step in steps)
    assert steps[8]["lines"] == [
        "checked: authentic, holder bound, this request, trusted issuer, valid now, status, query complete",
        "it knows now: age equal or over 18: yes",
    ]


def test_the_walk_says_why_each_is_trusted_and_who_is_no_more(town):
    _, _, walk = town
    for sentence in (
        "vouches for the wallet and its keys",
        "Stadtbücherei Lindenau asks. Checked: Lindenau register vouches for them.",
        "Kino Capitol is registered to ask for: At least 18 years old.",
        "Linden-Apotheke asks. Checked: Platform for health",
        "Identity card is bound only to keys that Lindenau utilities attested, each used for one copy.",
        "Checked: Platform for education",
        "Identity card (one document in two forms, as SD-JWT VC and as mdoc) from Bürgeramt Lindenau",
        "Driving licence (as mdoc, the form of ISO 18013-5) from Bürgeramt Lindenau",
        "from Identity card (as mdoc, the form of ISO 18013-5): At least 18 years old: yes",
        "it knows now: age over 18: yes",
        "Stadtteilauto Lindenau asks. Checked: Lindenau register vouches for them.",
        "it knows now: family name: Mustermann, given name: Erika Maria, document number: LDN100001",
        "driving privileges vehicle category code: B",
        "University diploma from Universität Lindenau, known through Universität Lindenau (Plattform für Bildung)",
        "Linden-Apotheke is registered to ask for: Name of the degree, Field of study, Name of the university.",
        "it knows now: degree title: Master of Arts",
        "the university is in the register for education, the pharmacy in that for health",
        "nobody whom the wallet trusts vouches for the pharmacy now; nothing was given away",
    ):
        assert sentence in walk.stdout


def test_a_birth_goes_from_a_suggestion_to_its_outcome_and_one_partner_erases(town):
    _, _, walk = town
    said = walk.stdout.partition("Ben is born.")[2]
    assert said.count("each with a seal") == 7
    # At most one thing for each service is not in a document
    assert said.count("one thing is left to say:") == 4
    assert said.count("nothing is left to fill in") == 3
    assert said.count("nothing is wrong with it") == 7
    assert said.count("got the data, looked at them, decided about them") == 7
    for sentence in (
        "nobody learns that it was looked for",
        "Child benefit, Familienamt Lindenau; comes on the way: Birth certificate; one question",
        "she puts it into her wallet: Birth certificate",
        "her wallet shows: Identity card, Birth certificate, Child benefit notice, Proof of income",
        "she puts it into her wallet: Health insurance",
        "Turnverein Lindenau signed what it got",
        "7 services, 7 receipts",
        "the club needs it for nothing any more, so it is done at once; the answer is signed",
        "all 5 lines of the club about it stand in its log, and her wallet checked the proof",
        "nothing else is left of it",
        "there is no case",
    ):
        assert sentence in said
        said = said[said.index(sentence) :]


def test_who_moves_house_says_yes_once_and_whoever_is_stopped_gets_nothing_more(town):
    _, _, walk = town
    said = walk.stdout[walk.stdout.index("Erika sends her proof of residence") :]
    for sentence in (
        "to Sparkasse Lindenau, which is registered for “We send your cards and letters to the new address.”",
        "nothing goes without her yes",
        "it is taken back now",
        "new in it: Street and house number: Am Anger 7",
        "nothing went anywhere before she looks at it",
        "Erika does not want her bank to have it any more, and stops that",
        "new in it: Street and house number: Neue Straße 3",
        "it knows where she lived before: Am Anger 7",
    ):
        assert sentence in said
        said = said[said.index(sentence) :]
    moved = walk.stdout.partition("She moves once more, to Neue Straße 3")[2]
    assert "to Lindenkasse, which" in moved
    assert "to Sparkasse" not in moved
    [signed] = [line for line in moved.splitlines() if "each signed what they got" in line]
    assert sorted(signed.rpartition(": ")[2].split(", ")) == ["Lindenkasse", "Lindenstrom"]


def test_a_step_that_fails_ends_the_walk_with_status_1(town):
    """Later in the same town: the cinema trusts nobody any more, so it cannot accept what Erika shows."""
    folder, port, _ = town
    (folder / "kino" / "anchors" / "anchors.toml").write_text("")
    walk = demo(folder, "--json", port=port)
    assert walk.returncode == 1
    steps = [json.loads(line) for line in walk.stdout.splitlines()]
    assert [step["good"] for step in steps] == [*[True] * 8, False]
    assert "trusted_issuer" in steps[-1]["lines"][0]


def test_a_town_of_another_version_is_said_in_one_line(tmp_path):
    (tmp_path / "buergeramt").mkdir()
    walk = demo(tmp_path)
    assert (walk.returncode, walk.stdout) == (1, "")
    assert walk.stderr == (
        f"error: the town in {tmp_path} is of another version; delete this folder, or name another one with --data\n"
    )


def test_a_taken_port_is_said_in_one_line(town):
    folder, port, _ = town
    with bind(Listen(port=port)):
        walk = demo(folder, port=port)
    assert (walk.returncode, walk.stdout) == (1, "")
    assert walk.stderr.splitlines() == [
        f"error: cannot listen on 127.0.0.1 port {port}: another program listens there; choose another port"
    ]
