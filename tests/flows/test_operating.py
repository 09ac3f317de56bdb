"""What operators are told to type does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tree import ROOT

pytestmark = pytest.mark.flow

PAGE = (ROOT / "docs/operating/keys-in-a-token.md").read_text(encoding="utf-8")
TYPED = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_keys_are_in_a_token_when_the_page_was_typed(softhsm, tmp_path):
    if not Path("/usr/lib/softhsm/libsofthsm2.so").exists():
        pytest.skip("the page names the library where Debian puts it")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("HOHEIT_")}
    variables["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{variables['PATH']}"
    assert len(TYPED) == 2
    script = "set -e\n" + "".join(TYPED)
    typed = subprocess.run(
        ["sh"], check=False, input=script, cwd=tmp_path, env=variables, capture_output=True, text=True
    )
    assert typed.returncode == 0, typed.stdout + typed.stderr
    assert "keys can be used, in the token agency" in typed.stdout
    assert (tmp_path / "agency" / "signing.key").read_text().startswith("pkcs11:object=agency%20signing;id=")
