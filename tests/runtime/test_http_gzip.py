"""Compressed answers, from servers that mean no good."""

import asyncio
import gzip
import zlib

import pytest

from protocol.errors import TooLarge, Unreachable
from protocol.exchange import HttpRequest, HttpResponse
from runtime.http import GuardedSender
from tests.support.peers import answering, ok, peer


def fetch(url: str, **request) -> HttpResponse:
    return asyncio.run(GuardedSender(allow_local=True).send(HttpRequest("GET", url, gzip=True, **request)))


def test_a_compressed_answer_is_unpacked_where_it_was_asked_for():
    with peer(answering(ok(gzip.compress(b"catalogue" * 1000), b"content-encoding: gzip"))) as server:
        assert fetch(server.url(), max_bytes=9000).body == b"catalogue" * 1000
    with peer(answering(ok(b"plain"))) as server:
        assert fetch(server.url()).body == b"plain"


def test_unpacking_ends_one_byte_past_the_cap():
    """T210"""
    for size in (9001, 50_000_000):
        with (
            peer(answering(ok(gzip.compress(b"\0" * size), b"content-encoding: gzip"))) as server,
            pytest.raises(TooLarge),
        ):
            fetch(server.url(), max_bytes=9000)


def test_empty_blocks_without_end_are_cut_off():
    """T210: what unpacks to nothing is not read for ever."""
    member = zlib.compressobj(wbits=31)
    blocks = b"".join([member.flush(zlib.Z_FULL_FLUSH) + b"\0\0\0\xff\xff" for _ in range(40_000)])
    with (
        peer(answering(ok(blocks, b"content-encoding: gzip"))) as server,
        pytest.raises(TooLarge),
    ):
        fetch(server.url(), max_bytes=1000)


@pytest.mark.parametrize(
    "body",
    [b"no gzip at all", gzip.compress(b"cut off" * 1000)[:-9], gzip.compress(b"one") + gzip.compress(b"two")],
    ids=["none", "short", "two"],
)
def test_what_cannot_be_unpacked_is_no_answer(body):
    with peer(answering(ok(body, b"content-encoding: gzip"))) as server, pytest.raises(Unreachable, match="unpacked"):
        fetch(server.url())


@pytest.mark.parametrize("encoding", [b"deflate", b"br", b"gzip, gzip"])
def test_no_other_compression_is_unpacked(encoding):
    """T210"""
    with (
        peer(answering(ok(gzip.compress(b"x"), b"content-encoding: " + encoding))) as server,
        pytest.raises(Unreachable, match="compressed"),
    ):
        fetch(server.url())
