"""The certificates of private engines, by the strict rules that Python's clients follow from 3.13 on."""

from __future__ import annotations

import ssl
import subprocess

import pytest

from labkit.core.paths import repo


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    """What an engine makes at its first start."""
    folder = tmp_path_factory.mktemp("certs")
    subprocess.run(["sh", repo() / "images/engine/make-certs", folder], check=True, capture_output=True)
    return folder


def context(purpose, certs, cert, key):
    """One side of a connection, as strict as Python 3.13 makes it."""
    made = ssl.create_default_context(purpose, cafile=certs / "ca.pem")
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_cert_chain(certs / cert, certs / key)
    return made


def shaken(one, other):
    """Whether two sides agree; raises what either of them says against it."""
    waits = 0
    for side in (one, other):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            waits += 1
    return not waits


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_client_and_engine_trust_each_other_by_strict_rules(certs, name):
    to_engine, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    engine = context(ssl.Purpose.CLIENT_AUTH, certs, "server-cert.pem", "server-key.pem").wrap_bio(
        to_engine, to_client, server_side=True
    )
    client = context(ssl.Purpose.SERVER_AUTH, certs, "client/cert.pem", "client/key.pem").wrap_bio(
        to_client, to_engine, server_hostname=name
    )
    assert any(shaken(client, engine) for _ in range(5))


def test_a_restart_keeps_them(certs):
    before = (certs / "client/cert.pem").read_bytes()
    subprocess.run(["sh", repo() / "images/engine/make-certs", certs], check=True)
    assert (certs / "client/cert.pem").read_bytes() == before
