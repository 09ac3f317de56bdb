"""Rows of bits: packed as published, inflated under a cap, refused when anything is off, whichever codec is installed."""

import contextlib
import gzip
import importlib.util
import random
import sys
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import encode_base64url
from protocol.errors import Malformed, ProtocolError, TooLarge
from protocol.status import bits as installed
from protocol.status.bits import StatusList
from tests.support.vectors import read_vector

CODECS = {"zlib": ("zlib_ng", "isal"), "zlib-ng": ("isal",), "isal": ("zlib_ng",), "all": ()}
BIG = ["1-bit", "2-bit", "4-bit", "8-bit"]
SHORT = ["short-1-bit", "short-2-bit"]


def with_codec(name):
    """The module as it loads where the other codecs are not installed."""
    hidden = CODECS[name]
    before = {package: sys.modules.get(package) for package in hidden}
    loaded: dict[str, Any] = sys.modules
    spec = importlib.util.spec_from_file_location("protocol.status.bits", installed.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    original = loaded[spec.name]
    try:
        loaded.update(dict.fromkeys(hidden), **{spec.name: module})
        spec.loader.exec_module(module)
    finally:
        loaded[spec.name] = original
        for package, kept in before.items():
            if kept is None:
                del loaded[package]
            else:
                loaded[package] = kept
    return module


LOADED = {name: with_codec(name) for name in CODECS}


@pytest.fixture(params=CODECS)
def any_list(request):
    return LOADED[request.param].StatusList


def test_the_installed_codecs_are_the_ones_that_work():
    def chosen(name):
        return LOADED[name]._compress.__module__, LOADED[name]._inflater.__module__

    assert chosen("zlib") == ("zlib", "zlib")
    assert chosen("zlib-ng") == ("zlib_ng.zlib_ng", "zlib_ng.zlib_ng")
    assert chosen("isal") == ("zlib", "isal.isal_zlib")
    assert chosen("all") == ("zlib_ng.zlib_ng", "isal.isal_zlib")


@pytest.mark.parametrize("name", SHORT)
def test_the_short_lists_of_the_specification_are_read_and_made(any_list, name):
    vector = read_vector(f"token-status-list/{name}.json")
    packed = bytes.fromhex(vector["byte_array_hex"])
    read = any_list.from_dict(vector["json"])
    made = any_list.from_entries(len(vector["statuses"]), vector["bits"], dict(enumerate(vector["statuses"])))
    assert read.packed == made.packed == packed
    assert [read.get(index) for index in range(read.size)] == vector["statuses"]
    assert any_list.from_compressed(bytes.fromhex(vector["compressed_hex"]), vector["bits"], "lst") == read


@pytest.mark.parametrize("name", BIG)
def test_the_long_lists_of_the_specification_hold_what_they_say(any_list, name):
    vector = read_vector(f"token-status-list/{name}.json")
    expected = {int(index): status for index, status in vector["non_default_statuses"].items()}
    read = any_list.from_dict(vector["json"])
    assert read.size == vector["entries"]
    assert len(read.packed) == vector["uncompressed_bytes"]
    assert {index: read.get(index) for index in expected} == expected
    assert any_list.from_entries(vector["entries"], vector["bits"], expected) == read


def entries_of(bits):
    statuses = st.dictionaries(st.integers(0, 400), st.integers(0, (1 << bits) - 1), max_size=60)
    return st.tuples(st.just(bits), statuses)


@given(st.sampled_from((1, 2, 4, 8)).flatmap(entries_of))
def test_what_was_put_in_comes_out(case):
    bits, entries = case
    made = StatusList.from_entries(401, bits, entries)
    read = StatusList.from_dict(made.to_dict())
    assert read == made
    assert {index: read.get(index) for index in range(401)} == {index: entries.get(index, 0) for index in range(401)}
    assert read.size == -(-401 * bits // 8) * 8 // bits


def test_the_codecs_read_each_other():
    entries = dict.fromkeys(random.Random(7).sample(range(100000), 1000), 1)
    lists = [module.StatusList for module in LOADED.values()]
    for writer in lists:
        compressed = writer.from_entries(100_000, 2, entries).compress()
        packed = {reader.from_compressed(compressed, 2, "lst").packed for reader in lists}
        assert packed == {StatusList.from_entries(100_000, 2, entries).packed}


def test_a_flipped_bit_never_makes_another_list(any_list):
    entries = dict.fromkeys(random.Random(3).sample(range(4000), 90), 1)
    original = any_list.from_entries(4000, 1, entries)
    compressed = original.compress()
    refused = 0
    for position in range(len(compressed) * 8):
        flipped = bytearray(compressed)
        flipped[position >> 3] ^= 1 << (position & 7)
        try:
            assert any_list.from_compressed(bytes(flipped), 1, "lst") == original
        except Malformed:
            refused += 1
    assert refused > len(compressed) * 8 - 16  # a few bits at the end of a block mean nothing


@pytest.mark.parametrize("bits", [0, 3, 16, -1, "1", 1.0, True, False, None, [1]])
def test_no_other_width_is_read(bits):  # T072
    claim = {"bits": bits, "lst": encode_base64url(zlib.compress(b"\x01"))}
    with pytest.raises(Malformed) as refusal:
        StatusList.from_dict(claim)
    assert refusal.value.at == "status_list.bits"
    with pytest.raises(Malformed):
        StatusList.from_compressed(zlib.compress(b"\x01"), bits, "lst")
    with pytest.raises(ValueError, match="1, 2, 4 or 8"):
        StatusList(bits, b"\x01")
    with pytest.raises(ValueError, match="1, 2, 4 or 8"):
        StatusList.from_entries(8, bits, {})


def test_a_missing_width_is_refused():  # T072
    with pytest.raises(Malformed):
        StatusList.from_dict({"lst": encode_base64url(zlib.compress(b"\x01"))})


@pytest.mark.parametrize("lst", [None, "", 5, "eNrbuRgAAhcBXQ==", "eNrbuRgAAhcBX", "eNrb uRgAAhcBXQ", "AAAA"])
def test_a_list_that_is_no_text_of_a_stream_is_refused(lst):
    with pytest.raises(Malformed) as refusal:
        StatusList.from_dict({"bits": 1, "lst": lst})
    assert refusal.value.at == "status_list.lst"


def test_only_a_whole_stream_of_the_right_kind_is_read(any_list):
    raw = random.Random(1).randbytes(300)
    good = zlib.compress(raw)
    deflate = zlib.compressobj(wbits=-15)
    dictionary = zlib.compressobj(zdict=raw)
    refused = {
        "trailing byte": good + b"\0",
        "second stream": good + good,
        "gzip": gzip.compress(raw),
        "raw deflate": deflate.compress(raw) + deflate.flush(),
        "preset dictionary": dictionary.compress(raw) + dictionary.flush(),
        "nothing in it": zlib.compress(b""),
    }
    assert any_list.from_compressed(good, 8, "lst").packed == raw
    for data in refused.values():
        with pytest.raises(Malformed):
            any_list.from_compressed(data, 8, "lst")
    for length in range(len(good)):
        with pytest.raises(Malformed):
            any_list.from_compressed(good[:length], 8, "lst")


def test_the_cap_is_exact(any_list):  # T066
    data = zlib.compress(bytes(1000))
    assert len(any_list.from_compressed(data, 1, "lst", max_bytes=1000).packed) == 1000
    with pytest.raises(TooLarge):
        any_list.from_compressed(data, 1, "lst", max_bytes=999)


def test_a_bomb_is_refused_in_flat_memory(any_list):  # T066
    deflate = zlib.compressobj(9)
    megabyte = bytes(1 << 20)
    bomb = b"".join(deflate.compress(megabyte) for _ in range(256)) + deflate.flush()
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            any_list.from_compressed(bomb, 1, "lst", max_bytes=1 << 20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


def test_a_bomb_passes_no_default_cap(any_list):  # T066
    bomb = zlib.compress(bytes((16 << 20) + 1))
    with pytest.raises(TooLarge):
        any_list.from_dict({"bits": 1, "lst": encode_base64url(bomb)})


@pytest.mark.parametrize("index", [-1, -8, 16, 17, 2**31, 2**63, -(2**63), 2**200])
@pytest.mark.parametrize("bits", [1, 2])
def test_an_index_beyond_the_list_is_refused(index, bits):  # T067
    statuses = StatusList.from_entries(16, bits, {15: 1})
    assert statuses.get(15) == 1
    with pytest.raises(Malformed):
        statuses.get(index)


def test_every_status_has_its_own_bits():
    for bits in (1, 2, 4, 8):
        top = (1 << bits) - 1
        statuses = StatusList.from_entries(64, bits, {9: top})
        assert [statuses.get(index) for index in range(64)] == [top if index == 9 else 0 for index in range(64)]


@pytest.mark.parametrize(
    ("size", "bits", "entries"),
    [
        (0, 1, {}),
        (8, 1, {8: 1}),
        (8, 1, {-1: 1}),
        (8, 1, {0: 2}),
        (8, 2, {0: 4}),
        (8, 8, {0: -1}),
        (8, 8, {0: -1, 1: 1}),
        (2**40, 1, {}),
    ],
)
def test_a_list_that_is_not_possible_is_not_made(size, bits, entries):
    with pytest.raises(ValueError, match=r"status"):
        StatusList.from_entries(size, bits, entries)


def test_an_empty_list_is_not_made():
    with pytest.raises(ValueError, match="at least one entry"):
        StatusList(1, b"")


def test_the_claim_names_the_lists_of_its_issuer_where_it_shall():
    statuses = StatusList.from_entries(16, 1, {})
    assert set(statuses.to_dict()) == {"bits", "lst"}
    claim = statuses.to_dict(aggregation_uri="https://issuer.example/lists")
    assert claim["aggregation_uri"] == "https://issuer.example/lists"
    assert StatusList.from_dict(claim) == statuses


@given(st.binary(max_size=200), st.sampled_from((1, 2, 4, 8)))
def test_no_stream_escapes_the_error_family(data, bits):
    for module in LOADED.values():
        with contextlib.suppress(ProtocolError):
            module.StatusList.from_compressed(data, bits, "lst")


@given(st.dictionaries(st.sampled_from(["bits", "lst", "aggregation_uri"]), st.none() | st.integers() | st.text()))
def test_no_claim_escapes_the_error_family(claim):
    with contextlib.suppress(ProtocolError):
        StatusList.from_dict(claim)
