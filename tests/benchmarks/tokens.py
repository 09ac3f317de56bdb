"""What it costs that keys live in a PKCS#11 token: SoftHSM, which has no wire and no chip, so this is the least."""

import os
import tempfile
from pathlib import Path

from protocol.keys import P256Key
from runtime.key_token import KeyReference, KeyUse, open_token
from tests.benchmarks.measure import Report, Row, microseconds_of
from tests.support.softhsm import find_module, fresh_token

DATA = b"what is signed" * 20


def measure_key_tokens(report: Report) -> None:
    """A signature in a token, checked before it leaves, against one in memory; nothing where SoftHSM is not installed."""
    module = find_module()
    if module is None:
        print("keys in a token: softhsm2 is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        made = fresh_token(Path(folder) / "softhsm", module)
        os.environ["SOFTHSM2_CONF"] = str(made.settings)
        made.initialize()
        token = open_token(made.access)
        key = token.make_key(KeyReference("signing", b"\x01"), KeyUse.SIGN)
        agreeing = token.make_key(KeyReference("encryption", b"\x02"), KeyUse.AGREE)
        memory = P256Key.fresh()
        in_memory, in_token, agree_in_memory, agree_in_token = microseconds_of(
            lambda: memory.sign(DATA),
            lambda: key.sign(DATA),
            lambda: memory.agree(agreeing.public_key),
            lambda: agreeing.agree(memory.public_key),
        )
    report.add(Row("key in SoftHSM: sign, and check it", in_token, "µs", in_memory / in_token, "in memory"))
    report.add(Row("key in SoftHSM: agree", agree_in_token, "µs", agree_in_memory / agree_in_token, "in memory"))
