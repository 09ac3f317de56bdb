"""Whom a wallet believes: what it takes to get there, what is refused, and the way back."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes, serialization

from protocol.errors import Malformed, NotFound
from protocol.trust.anchors import Role
from runtime.anchors import INDEX, anchor_file, read_anchors
from tests.support.pki import AUTHORITY, NOW, self_signed
from wallet.service.trusting import CannotTrust, Trusting

BOTH = (Role.ISSUER, Role.VERIFIER)
CITY = self_signed(replace(AUTHORITY, common_name="City CA", organization="City of Köln"))
LIBRARY = self_signed(replace(AUTHORITY, common_name="Library CA"))


@pytest.fixture
def trusting(tmp_path):
    """A wallet that trusts nobody; nothing is there yet."""
    return Trusting(tmp_path / "data" / "anchors", lambda: NOW)


@pytest.fixture
def file(tmp_path):
    """The city's certificate, as somebody brought it."""
    path = tmp_path / "city.pem"
    path.write_bytes(CITY.pem)
    return path


def trust(trusting, file, name="The city", roles=(Role.ISSUER,), types=()):
    seen = trusting.look(file, name, roles, types)
    trusting.add(seen)
    return seen


def anchors(trusting):
    return [(a.certificate, a.role, a.name, a.types) for a in read_anchors(trusting.folder).anchors]


def test_looking_changes_nothing_and_says_whom_for_what(trusting, file, tmp_path):
    seen = trusting.look(file, " The  city\x1b ", BOTH, ("urn:b", "urn:a"))
    one, other = seen.shown
    assert one.id == CITY.x509.fingerprint(hashes.SHA256()).hex()
    assert (one.name, one.subject) == ("The city", "CN=City CA,O=City of Köln")
    assert (one.role, one.types) == (Role.ISSUER, ("urn:a", "urn:b"))
    assert (other.role, other.types) == (Role.VERIFIER, ())
    assert one.expires_at == AUTHORITY.not_after
    assert list(tmp_path.iterdir()) == [file]


def test_whoever_is_added_is_trusted_for_this_and_nothing_else(trusting, file):
    """T089"""
    trust(trusting, file, roles=BOTH, types=("urn:a",))
    assert anchors(trusting) == [
        (CITY.certificate, Role.ISSUER, "The city", frozenset(["urn:a"])),
        (CITY.certificate, Role.VERIFIER, "The city", frozenset()),
    ]
    assert [shown.role for shown in trusting.trusted()] == [*BOTH]
    assert sorted(path.name for path in trusting.folder.iterdir()) == sorted([INDEX, anchor_file(CITY.certificate)])


def test_the_folder_of_the_wallet_is_the_users_own(trusting, file):
    """T227"""
    trust(trusting, file)
    assert trusting.folder.parent.stat().st_mode & 0o077 == 0


def test_the_same_role_twice_is_once(trusting, file):
    trust(trusting, file, roles=(Role.ISSUER, Role.ISSUER))
    assert len(anchors(trusting)) == 1


def private_key(encryption=None):
    return CITY.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption or serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (CITY.pem + private_key(), "no private key"),
        (private_key(serialization.BestAvailableEncryption(b"x")) + CITY.pem, "no private key"),
        (b"nothing of that kind", "is not a PEM certificate"),
        (CITY.der, "is not a PEM certificate"),
        (b"", "is not a PEM certificate"),
        (CITY.pem + LIBRARY.pem, "one certificate and no other"),
        (b"\n" * 10_000_000, "larger than"),
        (self_signed(replace(AUTHORITY, not_after=NOW)).pem, "has expired"),
        (self_signed(replace(AUTHORITY, not_before=NOW + 1)).pem, "not valid yet"),
    ],
    ids=["key", "encrypted key", "text", "der", "nothing", "two", "huge", "expired", "early"],
)
def test_what_is_no_certificate_that_is_good_now_changes_nothing(trusting, file, content, problem):
    """T242"""
    file.write_bytes(content)
    with pytest.raises(CannotTrust, match=problem) as refusal:
        trusting.look(file, "The city", BOTH, ())
    assert refusal.value.description.startswith("city.pem: ")
    assert not trusting.folder.exists()


def test_a_certificate_is_good_from_its_first_second_to_its_last(trusting, file):
    file.write_bytes(self_signed(replace(AUTHORITY, not_before=NOW, not_after=NOW + 1)).pem)
    trust(trusting, file)


def test_a_file_that_cannot_be_read_changes_nothing(trusting, tmp_path):
    for path in (tmp_path / "missing.pem", tmp_path):
        with pytest.raises(CannotTrust, match="cannot be read"):
            trusting.look(path, "The city", BOTH, ())
    assert not trusting.folder.exists()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": ""}, "--name"),
        ({"name": " \x1b\u202e"}, "--name"),
        ({"roles": (Role.VERIFIER,), "types": ("urn:a",)}, "--role issuer"),
        ({"types": ("",)}, "--type"),
        ({"types": ("urn:a", "urn:\x1b")}, "--type"),
        ({"types": ("x" * 1000,)}, "--type"),
    ],
    ids=["no name", "invisible name", "types of a verifier", "no type", "odd type", "long type"],
)
def test_what_makes_no_sense_changes_nothing(trusting, file, changes, problem):
    with pytest.raises(CannotTrust, match=problem):
        trusting.look(file, **{"name": "The city", "roles": (Role.ISSUER,), "types": (), **changes})
    assert not trusting.folder.exists()


def test_a_long_name_is_cut_so_that_it_can_be_read_again(trusting, file):
    trust(trusting, file, name="x" * 100_000)
    assert len(anchors(trusting)[0][2]) == 300


def test_trusting_twice_would_hide_that_the_first_still_counts(trusting, file):
    """Two anchors of one authority allow what either allows, so narrowing it means taking the first away."""
    seen = trust(trusting, file)
    with pytest.raises(CannotTrust, match=f"as The city; .*distrust {seen.shown[0].id[:8]}$"):
        trusting.look(file, "The town", BOTH, ("urn:a",))
    trust(trusting, file, "The town", roles=(Role.VERIFIER,))
    assert [name for _, _, name, _ in anchors(trusting)] == ["The city", "The town"]


def test_a_folder_that_is_broken_is_not_made_worse(trusting, file):
    trusting.folder.mkdir(parents=True)
    (trusting.folder / INDEX).write_text("[[anchor")
    with pytest.raises(Malformed, match="is not TOML"):
        trusting.look(file, "The city", BOTH, ())
    assert (trusting.folder / INDEX).read_text() == "[[anchor"


@pytest.fixture
def trusted(trusting, file, tmp_path):
    """A wallet that trusts the city in two roles, the library in one, and a university by name."""
    trust(trusting, file, roles=BOTH)
    (tmp_path / "library.pem").write_bytes(LIBRARY.pem)
    trust(trusting, tmp_path / "library.pem", "The library", (Role.VERIFIER,))
    with (trusting.folder / INDEX).open("a") as index:
        index.write('[[identifier]]\nidentifier = "did:web:uni.example"\nrole = "issuer"\nname = "The university"\n')
    return trusting


def of(trusting, name):
    return next(shown for shown in trusting.trusted() if shown.name == name)


def test_everybody_who_is_trusted_is_listed(trusted):
    assert [(shown.name, shown.role, shown.subject) for shown in trusted.trusted()] == [
        ("The city", Role.ISSUER, "CN=City CA,O=City of Köln"),
        ("The city", Role.VERIFIER, "CN=City CA,O=City of Köln"),
        ("The library", Role.VERIFIER, "CN=Library CA"),
        ("The university", Role.ISSUER, ""),
    ]
    university = of(trusted, "The university")
    assert (university.id, university.expires_at) == ("did:web:uni.example", 0)


def test_somebody_is_found_by_how_their_fingerprint_begins_in_any_spelling(trusted):
    fingerprint = of(trusted, "The city").id
    upper = fingerprint.upper()
    pairs = ":".join(upper[i : i + 2] for i in range(0, len(upper), 2))
    for name in (fingerprint, fingerprint[:8], upper[:8], f"{upper[:4]} {upper[4:8]}", pairs):
        assert [(shown.name, shown.role) for shown in trusted.find(name)] == [
            ("The city", Role.ISSUER),
            ("The city", Role.VERIFIER),
        ]
    assert [shown.name for shown in trusted.find("did:web:uni.example")] == ["The university"]


@pytest.mark.parametrize("name", ["", " ", "The city", "zz", "did:web:other.example", "-"])
def test_nobody_is_found_by_anything_else(trusted, name):
    with pytest.raises(NotFound):
        trusted.find(name)


def test_nobody_is_found_by_nothing_even_where_there_is_one_alone(trusting, file):
    trust(trusting, file)
    for name in ("", " : "):
        with pytest.raises(NotFound):
            trusting.find(name)
    assert len(trusting.find(trusting.trusted()[0].id[:1])) == 1


def test_a_beginning_that_two_have_is_nobodys(trusted):
    with (trusted.folder / INDEX).open("a") as index:
        for name in ("did:web:a", "did:web:a.example"):
            index.write(f'[[identifier]]\nidentifier = "{name}"\nrole = "issuer"\nname = "x"\n')
    with pytest.raises(NotFound):
        trusted.find("did:w")
    assert len(trusted.find("did:web:a")) == 1


def test_whoever_is_removed_is_gone_in_all_roles_and_nobody_else_is(trusted):
    trusted.remove(trusted.find(of(trusted, "The city").id))
    assert [shown.name for shown in trusted.trusted()] == ["The library", "The university"]
    trusted.remove(trusted.find("did:web:uni.example"))
    assert [shown.name for shown in trusted.trusted()] == ["The library"]
    assert sorted(path.name for path in trusted.folder.iterdir()) == sorted([INDEX, anchor_file(LIBRARY.certificate)])
