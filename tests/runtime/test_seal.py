"""Sealing at rest, and files that are their owner's alone."""

import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ProtocolError
from runtime.seal import KEY_BYTES, DamagedError, Sealer, read_private, write_private

SEALER = Sealer(b"k" * KEY_BYTES)


@given(st.binary(max_size=300), st.text(max_size=50))
def test_what_was_sealed_for_a_place_opens_there(plain, context):
    assert SEALER.open(SEALER.seal(plain, context), context) == plain


def test_any_flipped_bit_is_damage():
    """T215: version, nonce, ciphertext and tag."""
    sealed = SEALER.seal(b"secret", "here")
    for bit in range(len(sealed) * 8):
        damaged = bytearray(sealed)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DamagedError, match="here: is damaged"):
            SEALER.open(bytes(damaged), "here")
    assert SEALER.open(sealed, "here") == b"secret"


@pytest.mark.parametrize("length", range(47))
def test_a_text_that_was_cut_is_damage(length):
    """T215"""
    with pytest.raises(DamagedError):
        SEALER.open(SEALER.seal(b"secret", "here")[:length], "here")


def test_another_place_or_another_key_does_not_open():
    """T215: records cannot be swapped."""
    sealed = SEALER.seal(b"secret", "key a")
    for sealer, context in [(SEALER, "key b"), (SEALER, ""), (Sealer(b"x" * KEY_BYTES), "key a")]:
        with pytest.raises(DamagedError):
            sealer.open(sealed, context)


def test_nonces_do_not_meet():
    """T226: random, 192 bits, from the operating system."""
    nonces = {SEALER.seal(b"", "")[1:25] for _ in range(5000)}
    assert len(nonces) == 5000


def test_nonces_do_not_meet_after_a_fork():
    """T226: nothing is counted or seeded in the process."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, SEALER.seal(b"", "")[1:25])
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 24) != SEALER.seal(b"", "")[1:25]
    os.close(read)
    os.close(write)


def test_a_sealer_does_not_show_its_key():
    """T258"""
    assert "kkk" not in repr(SEALER)


def test_the_damage_is_not_the_peers_fault():
    assert not issubclass(DamagedError, ProtocolError)


def test_a_private_file_is_its_owners_alone(tmp_path):
    """T227: under a umask that would let everybody in."""
    before = os.umask(0)
    try:
        write_private(tmp_path / "new" / "a.key", b"secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new" / "a.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert read_private(tmp_path / "new" / "a.key") == b"secret"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.key"]


def test_a_private_file_is_never_overwritten(tmp_path):
    """T227"""
    write_private(tmp_path / "a.key", b"first")
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "a.key", b"second")
    assert read_private(tmp_path / "a.key") == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["a.key"]


@pytest.mark.parametrize("dangling", [True, False])
def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path, dangling):
    """T227"""
    target = tmp_path / "target"
    if not dangling:
        target.write_bytes(b"mine")
    (tmp_path / "a.key").symlink_to(target)
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "a.key", b"secret")
    with pytest.raises(OSError, match="symbolic link"):
        read_private(tmp_path / "a.key")
    assert target.exists() is not dangling


def test_what_a_crash_left_behind_is_in_nobodys_way(tmp_path, monkeypatch):
    """T219: the process dies before the name is given; the next one writes as if nothing had been."""

    class Died(BaseException):
        pass

    def die(*_):
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", die)
        patched.setattr(Path, "unlink", lambda _: None)
        with pytest.raises(Died):
            write_private(tmp_path / "a.key", b"first")
    assert not (tmp_path / "a.key").exists()
    write_private(tmp_path / "a.key", b"second")
    assert read_private(tmp_path / "a.key") == b"second"


def test_a_seal_file_is_made_once_and_read_ever_after(tmp_path):
    sealed = Sealer.from_file(tmp_path / "seal.key").seal(b"secret", "x")
    assert Sealer.from_file(tmp_path / "seal.key").open(sealed, "x") == b"secret"
    assert stat.S_IMODE((tmp_path / "seal.key").stat().st_mode) == 0o600


def test_all_who_make_a_seal_file_at_once_get_the_same(tmp_path):
    """T221"""
    sealers: list[Sealer] = []
    threads = [
        threading.Thread(target=lambda: sealers.append(Sealer.from_file(tmp_path / "seal.key"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sealers) == 8
    assert len({sealer.key for sealer in sealers}) == 1


@pytest.mark.parametrize("content", [b"", b"no key", b"ab" * 31, b"ab" * 33, b"\xff" * 64])
def test_a_seal_file_without_a_key_is_damaged(tmp_path, content):
    (tmp_path / "seal.key").write_bytes(content)
    with pytest.raises(DamagedError, match=r"seal\.key: holds no key"):
        Sealer.from_file(tmp_path / "seal.key")
