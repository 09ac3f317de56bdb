"""A folder of registration certificates: read as it is, read again when it changed, and never half."""

import pytest

from protocol.errors import Malformed
from protocol.jws import sign_jws
from protocol.trust.registration import sign_registration
from runtime.registrations import CHECK_SECONDS, MAX_FILE, MAX_FILES, RegistrationFolder, read_registrations
from tests.protocol.trust.test_registration import FULL, LEAST, PROVIDER


class Moment:
    """Time that passes when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def pass_by(self):
        """Let the next look be due."""
        self.now += CHECK_SECONDS


def put(folder, name, registration):
    folder.mkdir(exist_ok=True)
    text = sign_registration(registration, PROVIDER.signer, PROVIDER.x5c)
    (folder / name).write_text(text + "\n")
    return text


def test_a_folder_that_is_not_there_holds_nothing(tmp_path):
    assert RegistrationFolder(tmp_path / "none").current() == ()


def test_every_jwt_of_the_folder_is_read_in_order(tmp_path):
    full, least = put(tmp_path, "b.jwt", FULL), put(tmp_path, "a.jwt", LEAST)
    (tmp_path / "readme.txt").write_text("no certificate")
    found = read_registrations(tmp_path)
    assert [(own.file, own.certificate, own.says) for own in found] == [("a.jwt", least, LEAST), ("b.jwt", full, FULL)]


def test_what_changes_is_read_within_a_second(tmp_path):
    moment = Moment()
    folder = RegistrationFolder(tmp_path, elapsed=moment)
    put(tmp_path, "a.jwt", LEAST)
    assert folder.current() == ()
    moment.pass_by()
    assert [own.says for own in folder.current()] == [LEAST]
    put(tmp_path, "a.jwt", FULL)
    moment.pass_by()
    assert [own.says for own in folder.current()] == [FULL]
    (tmp_path / "a.jwt").unlink()
    moment.pass_by()
    assert folder.current() == ()


def test_what_became_wrong_changes_nothing_and_is_read_once_it_is_right(tmp_path, capsys):
    moment = Moment()
    put(tmp_path, "a.jwt", LEAST)
    folder = RegistrationFolder(tmp_path, elapsed=moment)
    (tmp_path / "a.jwt").write_text("half a cert")
    moment.pass_by()
    assert [own.says for own in folder.current()] == [LEAST]
    assert "a.jwt" in capsys.readouterr().out
    put(tmp_path, "a.jwt", FULL)
    moment.pass_by()
    assert [own.says for own in folder.current()] == [FULL]


@pytest.mark.parametrize("content", [b"", b"x", b"a.b.c", b"\xff", b"x" * (MAX_FILE + 1)])
def test_what_is_no_certificate_is_refused_by_its_name(tmp_path, content):
    (tmp_path / "wrong.jwt").write_bytes(content)
    with pytest.raises(Malformed, match=r"wrong\.jwt"):
        RegistrationFolder(tmp_path)


def test_another_kind_of_token_is_no_registration(tmp_path):
    (tmp_path / "token.jwt").write_text(sign_jws({"typ": "dc+sd-jwt"}, b"{}", PROVIDER.signer))
    with pytest.raises(Malformed, match=r"token\.jwt"):
        RegistrationFolder(tmp_path)


def test_there_is_a_cap_of_files(tmp_path):
    for number in range(MAX_FILES + 1):
        (tmp_path / f"{number}.jwt").touch()
    with pytest.raises(Malformed, match="more than"):
        read_registrations(tmp_path)


def test_a_link_to_nowhere_is_refused(tmp_path):
    (tmp_path / "gone.jwt").symlink_to(tmp_path / "nowhere")
    with pytest.raises(Malformed, match=r"gone\.jwt"):
        read_registrations(tmp_path)


def test_a_file_has_a_cap(tmp_path):  # T018
    text = put(tmp_path, "a.jwt", LEAST)
    (tmp_path / "a.jwt").write_text(text + "\n" * MAX_FILE)
    with pytest.raises(Malformed, match="larger"):
        read_registrations(tmp_path)
