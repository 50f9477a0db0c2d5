"""Small servers that stand in for Docker engines: over a Unix socket, over TCP, over TLS."""

from __future__ import annotations

import json
import socketserver
import ssl
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DOCKER = {
    "Version": "28.0",
    "ApiVersion": "1.48",
    "MinAPIVersion": "1.24",
    "Components": [{"Name": "Engine"}],
}
PODMAN = {"Version": "5.4.0", "ApiVersion": "1.41", "Components": [{"Name": "Podman Engine"}]}
TOO_OLD = "client version 1.43 is too old. Minimum supported API version is 1.44"


def handler(version, status=200, floor=None):
    """What answers like an engine: its version, and its minimum API where it has one."""

    class Daemon(BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.path.split("/")[1].removeprefix("v")
            known = wanted.count(".") == 1
            is_old = floor and known and [*map(int, wanted.split("."))] < [*map(int, floor.split("."))]
            answer = {"message": TOO_OLD} if is_old else version
            body = b"OK" if self.path.endswith("_ping") and not is_old else json.dumps(answer).encode()
            self.send_response(400 if is_old else status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self):
            return "client"

        def log_message(self, *_):
            pass

    return Daemon


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


class TcpServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):  # a client that gives up is what is tested
        pass


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def on_socket(path, version=DOCKER, **options):
    """An engine at a Unix socket; yields its URL."""
    with serving(UnixServer(str(path), handler(version, **options))):
        yield f"unix://{path}"


@contextmanager
def on_tcp(version=DOCKER, tls=None, **options):
    """An engine on a free port of 127.0.0.1; yields its URL.

    Args:
        version: what it says of itself.
        tls: an `ssl.SSLContext`, for one that speaks TLS.
        **options: as for `handler`.
    """
    server = TcpServer(("127.0.0.1", 0), handler(version, **options))
    if tls:
        # the handshake belongs into the connection's thread: one that hangs must not hold up the others
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with serving(server):
        yield f"tcp://127.0.0.1:{server.server_address[1]}"


class Certificates:
    """A CA with a server's and a client's certificate, made by openssl.

    Args:
        folder: where; its folder ``client`` has the names that docker gives them.
    """

    def __init__(self, folder):
        self.folder, self.client = folder, folder / "client"
        self.client.mkdir(parents=True)
        ca, key = self.client / "ca.pem", folder / "ca-key.pem"
        usage = ("-addext", "keyUsage=critical,keyCertSign", "-addext", "basicConstraints=critical,CA:TRUE")
        self._openssl(
            "req", "-x509", "-new", "-key", self._key(key), "-subj", "/CN=test CA", *usage, "-out", ca
        )
        self.server = self._signed(folder / "server", "serverAuth", ca, key)
        self._signed(self.client, "clientAuth", ca, key)

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def _key(self, path):
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
        return path

    def _signed(self, folder, use, ca, ca_key):
        folder.mkdir(exist_ok=True)
        request, extensions = folder / "request", folder / "extensions"
        extensions.write_text(
            f"subjectAltName=IP:127.0.0.1\nkeyUsage=digitalSignature\nextendedKeyUsage={use}\n"
        )
        key = self._key(folder / "key.pem")
        self._openssl("req", "-new", "-key", key, "-subj", f"/CN={use}", "-out", request)
        signer = ("-CA", ca, "-CAkey", ca_key, "-set_serial", hash(use) % 10**6 + 1, "-days", 2)
        self._openssl(
            "x509", "-req", "-in", request, *signer, "-extfile", extensions, "-out", folder / "cert.pem"
        )
        return folder

    def context(self, ask_client):
        """The server's side.

        Args:
            ask_client: whether a client must have a certificate.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server / "cert.pem", self.server / "key.pem")
        if ask_client:
            context.load_verify_locations(self.client / "ca.pem")
            context.verify_mode = ssl.CERT_REQUIRED
        return context
