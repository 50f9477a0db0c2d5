#!/usr/bin/env bash
# KUBECONFIG with two files, each with a current context.
#
# Tool: kubernetes 37.0.2 (the Python client), its synchronous and its asyncio part.
# Guess: as with kubectl, whose documentation says that the first file to set a value wins and that the first file's
#   current-context is kept. The client itself does so for a cluster, user or context that both files have.
# Seen: of a cluster in both files the first one is kept, and of the current contexts the last one. So with
#   `KUBECONFIG=work:play` kubectl speaks to the cluster of `work` and a Python program to that of `play`, and nothing
#   is said. Name the context (`context=`), or set current-context in one file only.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kubernetes==37.0.2

config() {  # its name, server of the cluster that both have, line with the current context
	cat >"$folder/$1" <<-END
		apiVersion: v1
		kind: Config
		clusters:
		  - {name: $1, cluster: {server: "http://$1.example.test"}}
		  - {name: both, cluster: {server: "$2"}}
		users: [{name: $1, user: {}}]
		contexts:
		  - {name: $1, context: {cluster: $1, user: $1}}
		  - {name: both, context: {cluster: both, user: $1}}
		$3
	END
}
config work http://both-of-work.example.test "current-context: work"
config play http://both-of-play.example.test "current-context: play"
config none http://both-of-none.example.test ""

cat >"$folder/load.py" <<'PROGRAM'
import asyncio

import kubernetes
import kubernetes.aio


def server(context=None):
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(context=context, client_configuration=configuration)
    return configuration.host


async def aio_server():
    configuration = kubernetes.aio.client.Configuration()
    await kubernetes.aio.config.load_kube_config(client_configuration=configuration)
    return configuration.host


print("current:", server(), "| asyncio:", asyncio.run(aio_server()), "| in both:", server("both"))
PROGRAM
for files in work:play play:work work:none; do
	echo "$files $(KUBECONFIG="$folder/${files/:/:$folder/}" "$folder/venv/bin/python" "$folder/load.py")"
done | sed 's/\.example\.test//g' | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
work:play current: http://play | asyncio: http://play | in both: http://both-of-work
play:work current: http://work | asyncio: http://work | in both: http://both-of-play
work:none current: http://work | asyncio: http://work | in both: http://both-of-work
SEEN
