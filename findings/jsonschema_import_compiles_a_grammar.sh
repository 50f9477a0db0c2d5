#!/usr/bin/env bash
# What importing jsonschema costs where its format checkers are installed.
#
# Tool: jsonschema 4.26.0 with the extra format-nongpl (rfc3987-syntax 1.1.0, lark 1.3.1), against 4.24.1.
# Guess: a format checker is loaded when a format is checked for the first time; the import of jsonschema
#   itself, and so that of nbformat, loads none of them.
# Seen: from 4.25 on the import alone loads lark and compiles the grammar of RFC 3987, though no format is
#   checked; 4.24.1 with the same extra does not know lark. JupyterLab's packages ask for the extra, so every
#   program that imports nbformat pays for it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

loads_lark() {  # version, further packages
	python3 -m venv "$folder/$1"
	"$folder/$1/bin/pip" install --quiet --disable-pip-version-check "jsonschema[format-nongpl]==$1" "${@:2}"
	"$folder/$1/bin/python" -c 'import sys, jsonschema; print("lark" in sys.modules)'
}

new=$(loads_lark 4.26.0 rfc3987-syntax==1.1.0 lark==1.3.1)
old=$(loads_lark 4.24.1)
echo "jsonschema 4.26.0 loads lark at import: $new"
echo "jsonschema 4.24.1 loads lark at import: $old"
[ "$new" = True ] && [ "$old" = False ]
