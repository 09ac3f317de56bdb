"""The folder of trust anchors: what it says is true now, and what it cannot say is nobody's trust."""

import os

import pytest
from cryptography.hazmat.primitives import serialization

from protocol.errors import Malformed, Unavailable
from protocol.trust.anchors import Role
from runtime.anchors import (
    INDEX,
    AnchorFolder,
    anchor_file,
    read_anchors,
    read_certificate,
    remove_anchors,
    write_anchor,
)
from runtime.certificates import CertificateNames, make_authority
from tests.support.pki import NOW, seeded, seeded_key


def pem(seed=1):
    return make_authority(
        seeded_key(seed), CertificateNames(f"Agency {seed}", "CA"), now=NOW, days=100, random_bytes=seeded(seed)
    ).to_pem()


class Clock:
    """Moves when it is told to."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def folder(tmp_path):
    write_anchor(tmp_path, "one.pem", pem(1), role=Role.ISSUER, name="One", types=("urn:eudi:pid:1",))
    write_anchor(tmp_path, "two.pem", pem(2), role=Role.VERIFIER, name="Two")
    return tmp_path


def names(anchors):
    return [anchor.name for anchor in anchors.anchors]


def test_a_folder_says_who_is_trusted_as_what(folder):
    with (folder / INDEX).open("a") as index:
        index.write(
            '[[identifier]]\nidentifier = "did:web:uni.example"\nrole = "issuer"\nname = "Uni"\ntypes = ["d"]\n'
        )
    anchors = read_anchors(folder)
    found = [(anchor.name, anchor.role, anchor.types) for anchor in anchors.anchors]
    assert found == [("One", Role.ISSUER, frozenset(["urn:eudi:pid:1"])), ("Two", Role.VERIFIER, frozenset())]
    [identifier] = anchors.identifiers
    assert (identifier.identifier, identifier.role, identifier.types) == (
        "did:web:uni.example",
        Role.ISSUER,
        frozenset(["d"]),
    )


@pytest.mark.parametrize(
    "name", ['Amt "Mitte"', "back\\slash", "two\nlines", "Bürgeramt ☺", "a\x7fb", '"]\n[[anchor]]']
)
def test_a_name_is_written_as_it_is(tmp_path, name):
    write_anchor(tmp_path, "one.pem", pem(), role=Role.ISSUER, name=name, types=(name,))
    [anchor] = read_anchors(tmp_path).anchors
    assert (anchor.name, anchor.types) == (name, frozenset([name]))


def test_an_anchor_that_is_written_again_stands_there_once(folder):
    write_anchor(folder, "two.pem", pem(3), role=Role.VERIFIER, name="Two")
    assert names(read_anchors(folder)) == ["One", "Two"]


def test_no_folder_and_no_index_are_no_anchors(tmp_path):
    assert read_anchors(tmp_path / "missing").anchors == ()
    assert read_anchors(tmp_path).anchors == ()
    assert AnchorFolder(tmp_path / "missing", lambda: NOW).current().anchors == ()


def remove_entry(folder):
    (folder / INDEX).write_text((folder / INDEX).read_text().split("\n\n")[0] + "\n")


def replace_file(folder):
    """Another key under the same name; the index stays as it is, to the very second."""
    before = (folder / "two.pem").stat()
    (folder / "new.pem").write_bytes(pem(9))
    os.utime(folder / "new.pem", ns=(before.st_atime_ns, before.st_mtime_ns))
    (folder / "new.pem").replace(folder / "two.pem")


def test_an_anchor_that_is_removed_is_gone_within_a_second(folder, clock):
    """T090: without a restart."""
    anchors = AnchorFolder(folder, lambda: NOW, elapsed=clock)
    assert names(anchors.current()) == ["One", "Two"]
    remove_entry(folder)
    clock.seconds += 1.0
    assert names(anchors.current()) == ["One"]


def test_an_anchor_whose_file_is_replaced_is_read_again(folder, clock):
    """T090"""
    anchors = AnchorFolder(folder, lambda: NOW, elapsed=clock)
    before = anchors.current().anchors[1].certificate
    replace_file(folder)
    clock.seconds += 1.0
    assert anchors.current().anchors[1].certificate != before


def test_the_folder_is_not_read_for_every_request(folder, clock):
    anchors = AnchorFolder(folder, lambda: NOW, elapsed=clock)
    first = anchors.current()
    clock.seconds += 0.9
    remove_entry(folder)
    assert anchors.current() is first
    clock.seconds += 100
    second = anchors.current()
    clock.seconds += 100
    assert anchors.current() is second


def break_index(folder):
    (folder / INDEX).write_text("[[anchor")


def break_file(folder):
    (folder / "one.pem").write_text("no certificate")


def remove_file(folder):
    (folder / "one.pem").unlink()


@pytest.mark.parametrize("damage", [break_index, break_file, remove_file])
def test_a_folder_that_breaks_is_nobodys_trust_until_it_is_mended(folder, clock, damage):
    """T090: the last good reading is not kept, and nothing goes unsaid."""
    index, certificate = (folder / INDEX).read_text(), (folder / "one.pem").read_bytes()
    anchors = AnchorFolder(folder, lambda: NOW, elapsed=clock)
    damage(folder)
    clock.seconds += 1.0
    for _ in range(2):
        with pytest.raises(Unavailable, match="whom to trust"):
            anchors.current()
    (folder / INDEX).write_text(index)
    (folder / "one.pem").write_bytes(certificate)
    assert names(anchors.current()) == ["One", "Two"]


@pytest.mark.parametrize("damage", [break_index, break_file, remove_file])
def test_a_folder_that_is_broken_at_the_start_is_named(folder, damage):
    """T252"""
    damage(folder)
    with pytest.raises(Malformed) as refusal:
        AnchorFolder(folder, lambda: NOW)
    assert refusal.value.at in (INDEX, "one.pem")


def anchor(**members):
    entry = {"file": '"one.pem"', "role": '"issuer"', "name": '"One"'} | members
    return "[[anchor]]\n" + "".join(f"{name} = {value}\n" for name, value in entry.items() if value)


@pytest.mark.parametrize(
    ("index", "at"),
    [
        ("anchor = 1\n", "anchors.toml.anchor"),
        (anchor(file=None), "anchors.toml.anchor[0].file"),
        (anchor(file='"../one.pem"'), "anchors.toml.anchor[0].file"),
        (anchor(file='"/etc/passwd"'), "anchors.toml.anchor[0].file"),
        (anchor(file='"sub/one.pem"'), "anchors.toml.anchor[0].file"),
        (anchor(role='"root"'), "anchors.toml.anchor[0].role"),
        (anchor(role=None), "anchors.toml.anchor[0].role"),
        (anchor(name=None), "anchors.toml.anchor[0].name"),
        (anchor(types='"all"'), "anchors.toml.anchor[0].types"),
        (anchor(types="[1]"), "anchors.toml.anchor[0].types[0]"),
        ('[[identifier]]\nrole = "issuer"\nname = "x"\n', "anchors.toml.identifier[0].identifier"),
        ("a" * 300_000, "anchors.toml"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(tmp_path, index, at):
    (tmp_path / "one.pem").write_bytes(pem())
    (tmp_path / INDEX).write_text(index)
    with pytest.raises(Malformed) as refusal:
        read_anchors(tmp_path)
    assert refusal.value.at == at


def test_an_index_that_is_no_text_is_refused(tmp_path):
    (tmp_path / INDEX).write_bytes(b"\xff\xfe")
    with pytest.raises(Malformed, match="is not TOML"):
        read_anchors(tmp_path)


def test_a_private_key_beside_a_certificate_is_refused(folder):
    """T242"""
    key = serialization.load_pem_private_key(seeded_key(1).to_pem(), None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    for secret in (seeded_key(1).to_pem(), encrypted):
        (folder / "one.pem").write_bytes(pem(1) + secret)
        with pytest.raises(Malformed, match="no private key"):
            read_anchors(folder)


def test_a_huge_file_is_not_read(folder):
    """T242"""
    with (folder / "one.pem").open("ab") as file:
        file.truncate(10_000_000)
    with pytest.raises(Malformed, match="larger than"):
        read_anchors(folder)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_first_entry_makes_the_folder_and_others_stand_below_it(tmp_path):
    folder = tmp_path / "data" / "anchors"
    for name in ("one", "two"):
        write_anchor(folder, f"{name}.pem", pem(), role=Role.ISSUER, name=name)
    assert (folder / INDEX).read_text() == "".join(
        f'[[anchor]]\nfile = "{name}.pem"\nrole = "issuer"\nname = "{name}"\n\n' for name in ("one", "two")
    )


def test_an_entry_is_added_below_a_last_line_that_is_open(folder):
    (folder / INDEX).write_text((folder / INDEX).read_text().rstrip() + "  # by hand")
    write_anchor(folder, "three.pem", pem(3), role=Role.ISSUER, name="Three")
    assert names(read_anchors(folder)) == ["One", "Two", "Three"]


@pytest.mark.parametrize("damage", [break_index, break_file, remove_file])
def test_a_folder_that_is_broken_is_not_written_to(folder, damage):
    damage(folder)
    before = content(folder)
    with pytest.raises(Malformed):
        write_anchor(folder, "three.pem", pem(3), role=Role.ISSUER, name="Three")
    with pytest.raises(Malformed):
        remove_anchors(folder, lambda entry: entry.name == "Two")
    assert content(folder) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 70_000},
        {"types": ("",)},
        {"types": ("x" * 60_000,) * 5},
        {"pem": b"no certificate"},
        {"pem": pem(3) + seeded_key(3).to_pem()},
        {"file": "../three.pem"},
    ],
    ids=["no name", "long name", "empty type", "too much", "no certificate", "private key", "elsewhere"],
)
def test_what_could_not_be_read_again_is_not_written(folder, changes):
    """T242"""
    before = content(folder)
    members = {"file": "three.pem", "pem": pem(3), "role": Role.ISSUER, "name": "Three", **changes}
    with pytest.raises(Malformed):
        write_anchor(folder, members.pop("file"), members.pop("pem"), **members)
    assert content(folder) == before
    assert not (folder.parent / "three.pem").exists()


def test_an_entry_is_taken_out_and_all_else_stays_as_it_was_written(folder):
    """T090"""
    before = (
        "# whom we trust\n\n"
        '  [[anchor]]\nrole = "verifier"\nfile = "two.pem" # the second\nname = "Two"\n\n'
        '[[identifier]]\nidentifier = "did:web:uni.example"\nrole = "issuer"\nname = "Uni"\n'
    )
    after = '[[anchor]]\nfile = "two.pem"\nrole = "issuer"\nname = "Two again"\n'
    one = '[[anchor]]\nfile = "one.pem"\nrole = "issuer"\nname = "One"\n# about one\n'
    (folder / INDEX).write_text(before + one + after)
    remove_anchors(folder, lambda entry: entry.name == "One")
    assert (folder / INDEX).read_text() == before + after
    remove_anchors(folder, lambda entry: entry.name == "Uni")
    assert names(read_anchors(folder)) == ["Two", "Two again"]
    assert read_anchors(folder).identifiers == ()
    remove_anchors(folder, lambda entry: entry.name == "Two")
    assert names(read_anchors(folder)) == ["Two again"]


@pytest.mark.parametrize("blanks", ["[[ anchor ]]", '[["anchor"]]'])
def test_what_only_a_person_can_take_out_is_left_to_a_person(folder, blanks):
    """The second entry looks like a part of the first."""
    (folder / INDEX).write_text(anchor() + anchor(file='"two.pem"', name='"Two"').replace("[[anchor]]", blanks))
    before = content(folder)
    assert names(read_anchors(folder)) == ["One", "Two"]
    with pytest.raises(Malformed, match="by hand"):
        remove_anchors(folder, lambda entry: entry.name == "One")
    assert content(folder) == before


def test_text_that_looks_like_an_entry_is_no_entry(folder):
    (folder / INDEX).write_text(anchor(name='"""One\n[[anchor]]\n"""') + anchor(file='"two.pem"', name='"Two"'))
    before = content(folder)
    with pytest.raises(Malformed):
        remove_anchors(folder, lambda entry: entry.name == "Two")
    assert content(folder) == before


def test_a_file_that_a_command_named_goes_with_its_last_entry(tmp_path):
    certificate = pem(1)
    named = anchor_file(read_certificate(certificate, "pem"))
    for role in Role:
        write_anchor(tmp_path, named, certificate, role=role, name=str(role))
    write_anchor(tmp_path, "by-hand.pem", pem(2), role=Role.ISSUER, name="by hand")
    remove_anchors(tmp_path, lambda entry: entry.role is Role.VERIFIER)
    assert set(content(tmp_path)) == {INDEX, named, "by-hand.pem"}
    remove_anchors(tmp_path, lambda entry: True)
    assert set(content(tmp_path)) == {INDEX, "by-hand.pem"}
    assert read_anchors(tmp_path).anchors == ()


def test_one_certificate_has_one_file():
    one = pem(1)
    first, again, other = (read_certificate(text, "pem") for text in (one, b"\n" + one, pem(2)))
    assert anchor_file(first) == anchor_file(again) != anchor_file(other)
