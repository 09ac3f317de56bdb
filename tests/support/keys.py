"""One public key of every kind that we accept, the same in every run."""

from protocol.keys import Ed25519Key, PublicKey
from tests.support.pki import seeded_key

P256 = seeded_key(1).public_key
OTHER_P256 = seeded_key(2).public_key
ED25519 = Ed25519Key.from_seed(bytes(32)).public_key
P384 = PublicKey.from_jwk(
    {
        "kty": "EC",
        "crv": "P-384",
        "x": "iHytgLNtXjEyYMAIGwfgjINZRmLfObYbmjPhkaPD8OiTkJtRHjegTNdH31Mxg4nV",
        "y": "MizXWSqNB7sSt_SNjg3spvaJnmjB-LpxsPpLUaea33rvINL3Mq-gEaANErRQpbLx",
    }
)
P521 = PublicKey.from_jwk(
    {
        "kty": "EC",
        "crv": "P-521",
        "x": "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
        "y": "AdymlHvOiLxXkEhayXQnNCvDX4h9htZaCJN34kfmC6pV5OhQHiraVySsUdaQkAgDPrwQrJmbnX9cwlGfP-HqHZR1",
    }
)
EVERY_KIND = (P256, P384, P521, ED25519)
