#!/usr/bin/env bash
# A line with colons, printed word for word through rich.
#
# Tool: rich 15.0.0.
# Guess: `escape()` is for text that is to be printed as it is, and so is `markup=False`; what they let through is
#   the text itself. A bracket such as `[bold]` is safe either way.
# Seen: both keep the brackets, and both still replace `:x:`, `:key:`, `:o:` and some thousands of other names by
#   emoji. The first line of /etc/passwd comes out as `root❌0:0:…`, the bind `cache:o:rw` as `cache⭕rw`. Only
#   `emoji=False` (of the print or the console) or a `Text` prints what is there. Who shows the output of a container
#   through rich, and lets somebody copy it or compares it, has changed it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check rich==15.0.0

cat >"$folder/show.py" <<'PROGRAM'
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

console = Console(width=100)
for line in ("[bold] root:x:0:0:root:/root:/bin/sh", "[bold] tls:key:/srv/key.pem", "[bold] cache:o:rw"):
    console.print("escape(): ", escape(line), sep="")
    console.print(f"markup=False: {line}", markup=False)
    console.print(f"emoji=False: {escape(line)}", emoji=False)
    console.print(Text(f"Text: {line}"))
table = Table("escape() in a table", box=None, padding=0)
table.add_row(escape("root:x:0:0"))
console.print(table)
PROGRAM
PYTHONIOENCODING=utf-8 "$folder/venv/bin/python" "$folder/show.py" | sed 's/ *$//' | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
escape(): [bold] root❌0:0:root:/root:/bin/sh
markup=False: [bold] root❌0:0:root:/root:/bin/sh
emoji=False: [bold] root:x:0:0:root:/root:/bin/sh
Text: [bold] root:x:0:0:root:/root:/bin/sh
escape(): [bold] tls🔑/srv/key.pem
markup=False: [bold] tls🔑/srv/key.pem
emoji=False: [bold] tls:key:/srv/key.pem
Text: [bold] tls:key:/srv/key.pem
escape(): [bold] cache⭕rw
markup=False: [bold] cache⭕rw
emoji=False: [bold] cache:o:rw
Text: [bold] cache:o:rw
escape() in a table
root❌0:0
SEEN
