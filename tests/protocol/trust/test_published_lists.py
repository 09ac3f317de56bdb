"""Lists of trusted entities against what was published about them: the schema of ETSI, and the pilots of a consortium."""

import copy
import json

import jsonschema
import pytest

from protocol.trust.list_types import PROFILES, ListType
from protocol.trust.lists import TrustedList
from runtime.anchors import INDEX, read_index
from tests.protocol.trust.lists import FULL, PROVIDER, a_list, entity, service
from tests.support.vectors import read_vector, vector_files


@pytest.fixture(scope="module")
def schema():
    found = read_vector("lote/schemas/1960201_json_schema.json")
    # Refers to a file of its own for keys without a certificate, which our lists never hold
    text = json.dumps(found).replace("rfcs/rfc7517.json#/definitions/jwk", "#/definitions/LoTEType")
    return json.loads(text)


def of_type(list_type):
    return a_list(list_type, entity(service(list_type, PROVIDER.certificate)))


@pytest.mark.parametrize(
    "trusted",
    [
        pytest.param(FULL, id="everything"),
        *(
            pytest.param(of_type(kind), id=kind.name)
            for kind in ListType
            if not PROFILES[kind].issuance.startswith("http://uri.etsi.org/TrstSvc")
        ),
    ],
)
def test_our_lists_keep_the_schema(schema, trusted):
    jsonschema.validate(trusted.to_dict(), schema)


def test_the_schema_would_tell(schema):
    broken = copy.deepcopy(FULL.to_dict())
    broken["LoTE"]["ListAndSchemeInformation"]["LoTESequenceNumber"] = "7"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


@pytest.mark.parametrize("file", vector_files("lote/webuild-lotl-entries/*.json"))
def test_the_lists_of_the_pilots_can_be_followed(file, tmp_path):
    """Address and signer, as each of them gave them out, are all that an operator needs."""
    published = json.loads(file.read_bytes())
    (tmp_path / "operator.pem").write_text(published["trust_anchor"])
    (tmp_path / INDEX).write_text(
        f'[[list]]\nurl = "{published["tl_url"]}"\ntype = "pid-providers"\nsigner = "operator.pem"\n'
    )
    (found,) = read_index(tmp_path).followed.lists
    assert (found.url, len(found.signers)) == (published["tl_url"], 1)


def test_a_service_with_a_history_is_read():
    published = read_vector("lote/webuild-md/etsi_trusted_lists_implementation_profile-03.json")
    wire = of_type(ListType.PUB_EAA_PROVIDERS).to_dict()
    (one,) = wire["LoTE"]["TrustedEntitiesList"]
    published["ServiceInformation"]["ServiceDigitalIdentity"] = {
        "X509Certificates": [{"val": PROVIDER.certificate.to_x5c()}]
    }
    one["TrustedEntityServices"] = [published]
    (found,) = TrustedList.from_dict(wire).entities[0].services
    assert found.certificates == (PROVIDER.certificate,)
    assert found.status == PROFILES[ListType.PUB_EAA_PROVIDERS].notified
