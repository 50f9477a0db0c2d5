#!/usr/bin/env bash
# Whether nbval colours its report of a failed cell where the output is no terminal.
#
# Tool: nbval 0.11.0 with pytest 9.2.0, ipykernel 7.4.0.
# Guess: nbval leaves colours to pytest, which has none in a pipe, and none where NO_COLOR is set.
# Seen: the report of a failed cell has ANSI codes in a pipe, with NO_COLOR=1 too, while pytest's own lines around
#   it have none. Only --color=no turns them off. A log that is searched for a line's beginning misses them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nbval==0.11.0 pytest==9.2.0 ipykernel==7.4.0

cat >"$folder/fails.ipynb" <<'END'
{"cells": [{"cell_type": "code", "execution_count": 1, "metadata": {}, "source": "print(2)",
 "outputs": [{"name": "stdout", "output_type": "stream", "text": "3\n"}]}],
 "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
 "nbformat": 4, "nbformat_minor": 4}
END

coloured() {  # environment, then options of pytest
	local words="Notebook cell execution failed"
	(cd "$folder" && env "$1" venv/bin/python -m pytest -q -p no:cacheprovider --nbval --nbval-current-env \
		"${@:2}" fails.ipynb || true) >"$folder/log"
	grep -q "$words" "$folder/log" || { echo "no cell failed"; exit 1; }
	grep -c $'\x1b\\[[0-9;]*m'"$words" "$folder/log" || true
}

piped=$(coloured TERM=dumb)
asked=$(coloured NO_COLOR=1)
refused=$(coloured TERM=dumb --color=no)
echo "nbval 0.11.0, coloured headlines: in a pipe $piped, with NO_COLOR=1 $asked, with --color=no $refused"
[ "$piped" -gt 0 ] && [ "$asked" -gt 0 ] && [ "$refused" = 0 ]
