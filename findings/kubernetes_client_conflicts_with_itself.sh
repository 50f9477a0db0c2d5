#!/usr/bin/env bash
# A change that the server makes, and whose answer is lost on the way.
#
# Tool: kubernetes 37.0.2 (the Python client) with urllib3 2.8.0, with Python 3.11; against a server that keeps one
#   object as the API server does (a version that is out of date: 409, a name that is not there: 404) and breaks off
#   its first answer to a change.
# Guess: one call sends one request. A lost answer is told as what it is, an error of the connection, and a 429 or 503
#   is raised for the caller to wait and decide.
# Seen: so it is for `create_` and `patch_`. `replace_` and `delete_` (PUT and DELETE) are sent again, up to three
#   times, without a word: that is urllib3's default. The second one meets what the first one did, and the caller gets
#   409 for the change that it has made itself, or 404 for the object that it has deleted itself. A status of 429 or
#   503 with Retry-After is waited for and asked again in the same way. So a conflict does not prove that somebody else
#   wrote, nor a 404 that the name was wrong. With `Configuration.retries = False` one call is one request.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check kubernetes==37.0.2 urllib3==2.8.0

cat >"$folder/change.py" <<'PROGRAM'
import http.server
import json
import threading

import kubernetes

store, sent, trouble = {}, [], []


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent.append(self.command)
        if trouble == ["busy"]:
            return self.answer(429)
        status = getattr(self, self.command.lower())(json.loads(text or "null"))
        if trouble:
            trouble.clear()
            self.close_connection = True  # the change is made, and its answer is lost
        else:
            self.answer(status)

    do_PUT = do_DELETE = do_PATCH = do_POST

    def post(self, body):
        if store:
            return 409
        store.update(body, version=1)
        return 201

    def put(self, body):
        if body["metadata"]["resourceVersion"] != str(store["version"]):
            return 409
        store.update(body, version=store["version"] + 1)
        return 200

    def patch(self, body):
        store["version"] += 1
        return 200

    def delete(self, body):
        if not store:
            return 404
        store.clear()
        return 200

    def answer(self, status):
        text = json.dumps({"kind": "Status", "code": status}).encode()
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()


def tell(what, retries):
    configuration = kubernetes.client.Configuration()
    configuration.host = f"http://127.0.0.1:{server.server_port}"
    if retries is not None:
        configuration.retries = retries
    body = {"metadata": {"name": "map", "resourceVersion": "1"}, "data": {}}
    with kubernetes.client.ApiClient(configuration) as client:
        maps = kubernetes.client.CoreV1Api(client)
        calls = {
            "create": lambda: maps.create_namespaced_config_map("default", body),
            "patch": lambda: maps.patch_namespaced_config_map("map", "default", {"data": {}}),
            "replace": lambda: maps.replace_namespaced_config_map("map", "default", body),
            "delete": lambda: maps.delete_namespaced_config_map("map", "default"),
        }
        for name, call in calls.items():
            store.clear()
            if name != "create":
                store.update(version=1)
            sent.clear()
            trouble[:] = [what]
            try:
                call()
                end = "done"
            except kubernetes.client.ApiException as error:
                end = str(error.status)
            except Exception as error:
                end = type(error).__name__
            print(f"{what}, retries {retries}: {name} sent {len(sent)} times: {end}")


tell("answer lost", None)
tell("answer lost", False)
tell("busy", None)
tell("busy", False)
server.shutdown()
PROGRAM
"$folder/venv/bin/python" -W ignore "$folder/change.py" | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
answer lost, retries None: create sent 1 times: ProtocolError
answer lost, retries None: patch sent 1 times: ProtocolError
answer lost, retries None: replace sent 2 times: 409
answer lost, retries None: delete sent 2 times: 404
answer lost, retries False: create sent 1 times: ProtocolError
answer lost, retries False: patch sent 1 times: ProtocolError
answer lost, retries False: replace sent 1 times: ProtocolError
answer lost, retries False: delete sent 1 times: ProtocolError
busy, retries None: create sent 1 times: 429
busy, retries None: patch sent 1 times: 429
busy, retries None: replace sent 4 times: 429
busy, retries None: delete sent 4 times: 429
busy, retries False: create sent 1 times: 429
busy, retries False: patch sent 1 times: 429
busy, retries False: replace sent 1 times: 429
busy, retries False: delete sent 1 times: 429
SEEN
