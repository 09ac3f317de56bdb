"""Documents of a type and of the type that it extends, and what they say together."""

from protocol.sdjwt.type_metadata import TypeDocument, TypeMetadata

CHILD = "https://types.example/child"
PARENT = "https://types.example/parent"
NAME = {"path": ["name"], "display": [{"locale": "en", "label": "Name"}], "sd": "always", "mandatory": True}


def document(vct=CHILD, **members):
    """The document of a type."""
    return {"vct": vct, **members}


def merged(*chain):
    """What a type and those that it extends say together, the type itself first."""
    return TypeMetadata.of([TypeDocument.from_dict(one) for one in chain])
