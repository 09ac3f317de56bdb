"""A counter that asks for driving licences, and somebody who has one."""

from tests.protocol.device_retrieval.samples import ISSUER, Holder
from tests.protocol.mdoc.samples import MDL, SPACE, issued
from tests.support.verifier import USE_CASE, make_verifier

DRIVES = f"""
id = "drives"
[title]
en = "Do you have a driving licence?"
[purpose]
en = "We lend you a car."
[query]
credentials = [
  {{ id = "licence", format = "mso_mdoc", meta = {{ doctype_value = "{MDL}" }}, claims = [
    {{ path = ["{SPACE}", "family_name"] }}, {{ path = ["{SPACE}", "age_over_18"], values = [true] }},
  ] }},
]
"""
WITH_PLAIN = f"""
id = "either"
[title]
en = "Who are you?"
[purpose]
en = "We lend you a car."
[query]
credentials = [
  {{ id = "pid", format = "dc+sd-jwt", meta = {{ vct_values = ["urn:eudi:pid:1"] }}, claims = [{{ path = ["family_name"] }}] }},
  {{ id = "licence", format = "mso_mdoc", meta = {{ doctype_value = "{MDL}" }}, claims = [
    {{ path = ["{SPACE}", "family_name"] }},
  ] }},
]
credential_sets = [{{ options = [["pid"], ["licence"]] }}]
"""
LICENCE = issued(pki=ISSUER, status=None)
WALLET = Holder((LICENCE,))


def counter_at(tmp_path, **changes):
    """A counter with these use cases."""
    return make_verifier(
        f"sqlite:///{tmp_path}/verifier.db", ISSUER.anchors, use_cases=(USE_CASE, DRIVES, WITH_PLAIN), **changes
    )
