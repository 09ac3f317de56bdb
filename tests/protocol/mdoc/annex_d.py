"""The standard's own session (ISO/IEC 18013-5 annex D), as bytes and keys."""

from protocol.keys import P256Key
from tests.support.vectors import read_vector

_HEX = read_vector("iso18013-5/annex-d/multipaz-testvectors.json")
DERIVED = {
    name.removesuffix("_hex"): bytes.fromhex(value)
    for name, value in read_vector("iso18013-5/annex-d/derived-session-keys.json")["derived"].items()
    if name != "note"
}


def annex_d(name):
    """One value."""
    return bytes.fromhex(_HEX[name])


READER_KEY = P256Key.from_scalar(annex_d("ephemeral_reader_key_d"))
DEVICE_KEY = P256Key.from_scalar(annex_d("ephemeral_device_key_d"))
TRANSCRIPT_BYTES = annex_d("session_transcript_bytes")  # with tag 24
TRANSCRIPT = TRANSCRIPT_BYTES[5:]
