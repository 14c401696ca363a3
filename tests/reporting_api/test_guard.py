"""Who is believed: keys, tokens by the rules of their file, and nobody where there is no key."""

import hashlib
import hmac
import json
import time
from base64 import b64encode, urlsafe_b64encode
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reporting_api.guard import Gate, gate_of
from reporting_api.keys import NewKey
from reporting_api.problems import Problem
from reporting_api.roles import Role
from reporting_api.tokens import Tokens
from tests.reporting_api.loaded import ANN
from txcat_assets.clock import utc_now
from txcat_assets.errors import SettingRefused
from txcat_assets.settings import Settings

ISSUER, AUDIENCE = "https://login.example", "txcat"
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
PEM = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def gate(folder: Path, **settings: Any) -> Gate:
    return gate_of(Settings(home=folder, **settings))


def status_of(gate: Gate, authorization: str = "", host: str = "127.0.0.1:8910") -> HTTPStatus:
    with pytest.raises(Problem) as refused:
        gate.authenticated(authorization, host)
    return refused.value.status


def new_key(gate: Gate) -> str:
    now = utc_now()
    return gate.keys.create(NewKey(Role.ANALYST, None, "", now + timedelta(days=1)), now)


def test_without_a_key_only_this_machine_is_answered_and_by_its_own_name(tmp_path: Path) -> None:
    own = gate(tmp_path)
    assert own.authenticated("", "localhost:8910").role is Role.OPERATOR
    assert status_of(own, host="evil.example:8910") == HTTPStatus.FORBIDDEN
    assert status_of(gate(tmp_path, api_host="0.0.0.0")) == HTTPStatus.SERVICE_UNAVAILABLE  # noqa: S104
    new_key(own)
    assert status_of(own) == HTTPStatus.UNAUTHORIZED


def test_basic_takes_a_key_only_where_it_is_asked_for(tmp_path: Path) -> None:
    plain = gate(tmp_path)
    basic = f"Basic {b64encode(f'ann:{new_key(plain)}'.encode()).decode()}"
    assert status_of(plain, basic) == HTTPStatus.UNAUTHORIZED
    asked = gate(tmp_path, api_basic=True)
    assert asked.authenticated(basic, "").role is Role.ANALYST
    assert status_of(asked, "Basic !") == HTTPStatus.UNAUTHORIZED


def jwks(folder: Path, **private: Any) -> Path:
    """A file of public keys by their ids."""
    keys = []
    for kid, key in private.items():
        name = "RS256" if key is RSA else "ES256"
        public = jwt.get_algorithm_by_name(name).to_jwk(key.public_key(), as_dict=True)
        keys.append({**public, "kid": kid})
    file = folder / "jwks.json"
    file.write_text(json.dumps({"keys": keys}))
    return file


def tokens(folder: Path, file: Path) -> Tokens:
    return Tokens(
        Settings(home=folder, api_jwt_keys=file, api_jwt_issuer=ISSUER, api_jwt_audience=AUDIENCE)
    )


def claims(**other: Any) -> dict[str, Any]:
    """What a good token claims, unless told otherwise; None leaves a claim out."""
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": ANN, "exp": time.time() + 60}
    return {name: value for name, value in (good | other).items() if value is not None}


def signed(key: Any = RSA, algorithm: str = "RS256", kid: str = "old", **other: Any) -> str:
    return jwt.encode(claims(**other), key, algorithm, headers={"kid": kid})


def test_a_token_says_who_asks(tmp_path: Path) -> None:
    known = tokens(tmp_path, jwks(tmp_path, old=RSA, new=EC))
    user = known.holder(signed())
    assert user is not None
    assert (user.role, str(user.owner)) == (Role.USER, ANN)
    analyst = known.holder(signed(EC, "ES256", "new", sub="ann", role="analyst"))
    assert analyst is not None
    assert (analyst.role, analyst.owner) == (Role.ANALYST, None)


def _unsigned() -> str:
    return jwt.encode(claims(), "", "none", headers={"kid": "old"})


def _confused() -> str:
    """A token signed with the public key, as if it were a secret that is shared."""

    def part(value: dict[str, Any]) -> bytes:
        return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    text = part({"alg": "HS256", "typ": "JWT", "kid": "old"}) + b"." + part(claims())
    signature = hmac.new(PEM, text, hashlib.sha256).digest()
    return (text + b"." + urlsafe_b64encode(signature).rstrip(b"=")).decode()


REFUSED = {
    "no signature": _unsigned(),
    "a public key as a secret": _confused(),
    "another key": signed(rsa.generate_private_key(65537, 2048)),
    "another algorithm of the key": signed(algorithm="RS512"),
    "another key's id": signed(kid="new"),
    "an unknown id": signed(kid="none"),
    "expired": signed(exp=time.time() - 60),
    "another issuer": signed(iss="https://evil.example"),
    "for another service": signed(aud="other"),
    "no expiry": signed(exp=None),
    "no issuer": signed(iss=None),
    "no audience": signed(aud=None),
    "no subject": signed(sub=None),
    "an unknown role": signed(role="root"),
    "a user who is none": signed(sub="ann"),
    "not yet": signed(nbf=time.time() + 60),
    "no token": "a.b.c",
}


@pytest.mark.parametrize("token", REFUSED.values(), ids=REFUSED)
def test_a_token_is_refused(tmp_path: Path, token: str) -> None:
    assert tokens(tmp_path, jwks(tmp_path, old=RSA, new=EC)).holder(token) is None


def test_a_file_of_keys_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    file = jwks(tmp_path, old=RSA)
    known = tokens(tmp_path, file)
    file.write_text("{")
    assert known.holder(signed()), "half written: the keys of before"
    jwks(tmp_path, new=EC)
    assert known.holder(signed()) is None
    assert known.holder(signed(EC, "ES256", "new"))


def test_one_key_as_pem_is_enough(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(PEM)
    assert tokens(tmp_path, file).holder(jwt.encode(claims(), RSA, "RS256"))


NO_KEYS = ["", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "YQ"}]}']


@pytest.mark.parametrize("text", NO_KEYS)
def test_a_file_without_public_keys_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "keys"
    file.write_text(text)
    with pytest.raises(SettingRefused, match="public key"):
        tokens(tmp_path, file)
