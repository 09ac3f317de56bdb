"""A client that costs little: HTTP/1.1 on plain streams, so that the server under load is what is measured."""

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

import orjson

from protocol.encoding import encode_base64url
from protocol.keys import P256Key
from protocol.oauth.dpop import sign_dpop_proof
from protocol.oid4vci.offer import PRE_AUTHORIZED_CODE_GRANT
from protocol.oid4vci.proof import sign_proof

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def expect(self, status: int) -> Self:
        """This answer, if it has the status that a measurement needs."""
        if self.status != status:
            raise RuntimeError(f"answered {self.status} instead of {status}: {self.body[:300]!r}")
        return self


class Connection:
    """One keep-alive connection to a server on loopback."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host

    @classmethod
    async def open(cls, host: str, port: int) -> Self:
        """Connect; `host` is the name that the server is called by."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        return cls(reader, writer, f"{host}:{port}")

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post and wait for the answer."""
        return await self._send(f"POST {path}", body, {"content-length": str(len(body)), **headers})

    async def get(self, path: str) -> Answer:
        """Get, and wait for the answer."""
        return await self._send(f"GET {path}", b"", {})

    async def _send(self, line: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        lines = [f"{line} HTTP/1.1", f"host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._writer.write("\r\n".join((*lines, "", "")).encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = [line.partition(": ") for line in head[1:-2]]
        found = {name.lower(): value for name, _, value in pairs}
        content = await self._reader.readexactly(int(found.get("content-length", "0")))
        return Answer(int(head[0].split(" ")[1]), found, content)

    async def close(self) -> None:
        """Let go."""
        self._writer.close()
        await self._writer.wait_closed()


class BenchWallet:
    """Just enough of a wallet to redeem pre-authorized codes as fast as it can."""

    def __init__(self, connection: Connection, issuer: str, configuration_id: str) -> None:
        self._connection = connection
        self._issuer = issuer
        self._configuration_id = configuration_id
        self._dpop_key = P256Key.generate(os.urandom)
        self._key = P256Key.generate(os.urandom)
        self._dpop_nonce: str | None = None

    async def issue(self, code: str) -> None:
        """Token, nonce, credential: one issuance."""
        form = urlencode({"grant_type": PRE_AUTHORIZED_CODE_GRANT, "pre-authorized_code": code}).encode()
        token = await self._post_with_dpop("/token", form, FORM)
        access_token: str = orjson.loads(token.expect(200).body)["access_token"]
        nonce = await self._connection.post("/nonce", b"", {})
        self._dpop_nonce = nonce.expect(200).headers.get("dpop-nonce", self._dpop_nonce)
        proof = sign_proof(
            self._key, audience=self._issuer, nonce=orjson.loads(nonce.body)["c_nonce"], issued_at=int(time.time())
        )
        body = orjson.dumps({"credential_configuration_id": self._configuration_id, "proofs": {"jwt": [proof]}})
        credential = await self._post_with_dpop("/credential", body, "application/json", access_token)
        if not orjson.loads(credential.expect(200).body)["credentials"]:
            raise RuntimeError("no credential was issued")

    async def _post_with_dpop(self, path: str, body: bytes, kind: str, access_token: str | None = None) -> Answer:
        answer = await self._post_once(path, body, kind, access_token)
        if self._dpop_nonce is None and answer.status in (400, 401):
            self._dpop_nonce = answer.headers.get("dpop-nonce")
            answer = await self._post_once(path, body, kind, access_token)
        return answer

    async def _post_once(self, path: str, body: bytes, kind: str, access_token: str | None) -> Answer:
        proof = sign_dpop_proof(
            self._dpop_key,
            method="POST",
            url=self._issuer + path,
            jti=encode_base64url(os.urandom(16)),
            issued_at=int(time.time()),
            access_token=access_token,
            nonce=self._dpop_nonce,
        )
        headers = {"content-type": kind, "dpop": proof}
        if access_token is not None:
            headers["authorization"] = f"DPoP {access_token}"
        return await self._connection.post(path, body, headers)
