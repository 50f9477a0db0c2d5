#!/usr/bin/env bash
# A named volume with two options, mounted through docker-py.
#
# Tool: docker 7.2.0 (docker-py) from PyPI, with Python 3.11; against a server that notes what it is asked.
# Guess: `volumes=["data:/srv:ro,nocopy"]` mounts the volume `data` and nothing else, as `docker run --volume
#   data:/srv:ro,nocopy` does and as docker-py itself does with `data:/srv:ro`.
# Seen: the request has the right bind, and beside it `"Volumes": {"/srv:ro,nocopy": {}}`: docker-py takes only `:ro`
#   and `:rw` off the end. The engine makes an anonymous volume for that path, at a folder called `srv:ro,nocopy` in
#   the container, and keeps it after a removal without `v=True`. With other options (`z`, `Z`, `nocopy`) it is the
#   same. `docker.types.Mount(..., read_only=True, no_copy=True)` asks for the one mount.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check docker==7.2.0

cat >"$folder/ask.py" <<'PROGRAM'
import http.server
import json
import threading
import warnings

import docker

warnings.simplefilter("error", DeprecationWarning)
asked = []


class Engine(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self):
        asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(201, {"Id": "made", "Warnings": []})

    def do_GET(self):
        self.answer(200, {"Id": "made"})

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Engine)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = docker.DockerClient(base_url=f"tcp://127.0.0.1:{server.server_port}", version="1.45")
for bind in ("data:/srv:ro", "data:/srv:ro,nocopy", "data:/srv:nocopy"):
    client.containers.create("an-image", volumes=[bind])
    print(bind, "->", json.dumps({"Binds": asked[-1]["HostConfig"]["Binds"], "Volumes": asked[-1].get("Volumes")}))
mount = docker.types.Mount("/srv", "data", read_only=True, no_copy=True)
client.containers.create("an-image", mounts=[mount])
print("Mount ->", json.dumps({"Mounts": len(asked[-1]["HostConfig"]["Mounts"]), "Volumes": asked[-1].get("Volumes")}))
client.close()
server.shutdown()
PROGRAM
"$folder/venv/bin/python" "$folder/ask.py" | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
data:/srv:ro -> {"Binds": ["data:/srv:ro"], "Volumes": {"/srv": {}}}
data:/srv:ro,nocopy -> {"Binds": ["data:/srv:ro,nocopy"], "Volumes": {"/srv:ro,nocopy": {}}}
data:/srv:nocopy -> {"Binds": ["data:/srv:nocopy"], "Volumes": {"/srv:nocopy": {}}}
Mount -> {"Mounts": 1, "Volumes": null}
SEEN
