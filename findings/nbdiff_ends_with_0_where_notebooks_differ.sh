#!/usr/bin/env bash
# Two notebooks, compared by a script or in CI with nbdiff.
#
# Tool: nbdime 4.0.4, with Python 3.11.
# Guess: the exit status is that of diff: 0 for equal notebooks, 1 for others, and something else for a file that
#   cannot be read; `nbmerge`, of the same package, ends with 1 where it leaves a conflict.
# Seen: with a difference in the code, in the outputs, or with none, nbdiff ends with 0, and it has no option for the
#   status; 1 means that a file could not be read. So `nbdiff stored.ipynb run.ipynb || exit 1` in CI never fails.
#   What tells is whether it prints anything: nothing for equal ones, nor, with `--sources`, where only outputs differ.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check nbdime==4.0.4
export PATH="$folder/venv/bin:$PATH" HOME="$folder" # no settings of the user's, for git neither
cd "$folder"

notebook() {  # file, code, output
	cat >"$1" <<-END
		{"cells": [{"cell_type": "code", "id": "one", "metadata": {}, "source": "$2", "execution_count": 1, "outputs": [
		 {"output_type": "stream", "name": "stdout", "text": "$3"}]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
	END
}
notebook base.ipynb "print(1)" 1
notebook same.ipynb "print(1)" 1
notebook output.ipynb "print(1)" 2
notebook code.ipynb "print(3)" 1
notebook other.ipynb "print(4)" 1
echo "{" >broken.ipynb

run() {  # what to run
	local status=0 printed=nothing
	"$@" >printed 2>errors || status=$?
	if [ -s printed ]; then printed=something; fi
	echo "$*: status $status, prints $printed"
}
{
	for file in same output code broken; do
		run diff --brief base.ipynb "$file.ipynb"
		run nbdiff base.ipynb "$file.ipynb"
	done
	run nbdiff --sources base.ipynb output.ipynb
	run nbmerge base.ipynb code.ipynb other.ipynb
} | tee seen

diff seen - <<'SEEN'
diff --brief base.ipynb same.ipynb: status 0, prints nothing
nbdiff base.ipynb same.ipynb: status 0, prints nothing
diff --brief base.ipynb output.ipynb: status 1, prints something
nbdiff base.ipynb output.ipynb: status 0, prints something
diff --brief base.ipynb code.ipynb: status 1, prints something
nbdiff base.ipynb code.ipynb: status 0, prints something
diff --brief base.ipynb broken.ipynb: status 1, prints something
nbdiff base.ipynb broken.ipynb: status 1, prints nothing
nbdiff --sources base.ipynb output.ipynb: status 0, prints nothing
nbmerge base.ipynb code.ipynb other.ipynb: status 1, prints something
SEEN
