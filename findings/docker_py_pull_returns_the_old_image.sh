#!/usr/bin/env bash
# A pull that breaks off, where an older image has the tag.
#
# Tool: docker 7.2.0 (docker-py) from PyPI, with Python 3.11; against a server that answers as an engine does whose
#   download breaks off: status 200, progress, and then the error as the last object of the stream.
# Guess: `images.pull("app:1")` raises, as `docker pull` ends with 1, and as `images.build` raises for an error that
#   is told in its stream.
# Seen: it reads the stream to its end without looking at it, asks for the local image of that tag, and returns that.
#   With an older `app:1` on the engine the caller gets the old image and no word of the error; without one it gets
#   ImageNotFound, which names the wrong cause. Nor does `images.push` raise: the error is a line of the text that it
#   returns. `api.pull(..., stream=True, decode=True)` hands out the objects, so that "error" can be looked for.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check docker==7.2.0

cat >"$folder/ask.py" <<'PROGRAM'
import http.server
import io
import json
import threading

import docker

STREAM = [
    {"status": "Pulling fs layer", "id": "layer"},
    {"errorDetail": {"message": "unexpected EOF"}, "error": "unexpected EOF"},
]


class Engine(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, *objects):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in objects:  # a chunk for each, as the engine does it
            text = json.dumps(part).encode() + b"\r\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(200, *STREAM)

    def do_GET(self):
        if "/images/old:1/" in self.path:
            self.answer(200, {"Id": "sha256:older", "RepoTags": ["old:1"]})
        else:
            self.answer(404, {"message": "No such image: new:1"})

    def log_message(self, *_):
        pass


def told(what, call):
    try:
        result = call()
    except docker.errors.DockerException as error:
        result = f"raises {type(error).__name__}; says EOF: {'EOF' in str(error)}"
    print(f"{what}: {result}")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Engine)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = docker.DockerClient(base_url=f"tcp://127.0.0.1:{server.server_port}", version="1.45")
told("images.pull, an older image is there", lambda: client.images.pull("old:1").id)
told("images.pull, none is there", lambda: client.images.pull("new:1").id)
told("images.push, says EOF", lambda: "EOF" in client.images.push("old:1"))
told("images.build", lambda: client.images.build(fileobj=io.BytesIO(b"FROM old:1\n")))
parts = client.api.pull("old", tag="1", stream=True, decode=True)
told("api.pull, errors in the stream", lambda: [part["error"] for part in parts if "error" in part])
client.close()
server.shutdown()
PROGRAM
"$folder/venv/bin/python" "$folder/ask.py" | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
images.pull, an older image is there: sha256:older
images.pull, none is there: raises ImageNotFound; says EOF: False
images.push, says EOF: True
images.build: raises BuildError; says EOF: True
api.pull, errors in the stream: ['unexpected EOF']
SEEN
