"""Do: inventory."""

from __future__ import annotations

from labkit import docker_cmd
from labkit.checks import hand_in, right, wrong


@wrong("inventory", "counts only the containers that run")
def inventory_running_only(lab):
    def inventory(client):
        return {
            "images": len(client.images.list()),
            "containers": len(client.containers.list()),
            "networks": len(client.networks.list()),
            "volumes": len(client.volumes.list()),
            "cache": len(client.df()["BuildCache"] or []),
        }

    hand_in(lab, "inventory", inventory)


@wrong("inventory", "leaves out networks and cache, as system df nearly does")
def inventory_three_kinds(lab):
    def inventory(client):
        found = client.df()
        return {
            "images": len(found["Images"]),
            "containers": len(found["Containers"]),
            "volumes": len(found["Volumes"]),
        }

    hand_in(lab, "inventory", inventory)


@wrong("inventory", "hands in the numbers of one moment, not a function")
def inventory_numbers(lab):
    hand_in(lab, "inventory", {"images": 3, "containers": 2, "networks": 4, "volumes": 1, "cache": 0})


@wrong("inventory", "gives lists of names in place of counts")
def inventory_names(lab):
    def inventory(client):
        return {
            "images": [t for i in client.images.list() for t in i.tags],
            "containers": [c.name for c in client.containers.list(all=True)],
            "networks": [n.name for n in client.networks.list()],
            "volumes": [v.name for v in client.volumes.list()],
            "cache": [],
        }

    hand_in(lab, "inventory", inventory)


@wrong("inventory", "returns one number")
def inventory_one_number(lab):
    def inventory(client):
        return len(client.images.list()) + len(client.containers.list(all=True))

    hand_in(lab, "inventory", inventory)


@wrong("inventory", "uses an import from another cell")
def inventory_import(lab):
    hand_in(lab, "inventory", eval_function("def inventory(client):\n    return json.loads('{}')\n"))


@wrong("inventory", "prints and returns nothing")
def inventory_prints(lab):
    def inventory(client):
        print({"containers": len(client.containers.list(all=True))})

    hand_in(lab, "inventory", inventory)


@wrong("inventory", "never returns")
def inventory_loops(lab):
    def inventory(client):
        while True:
            pass

    hand_in(lab, "inventory", inventory)


@right("inventory", "from one answer of the API, networks apart")
def inventory_df(lab):
    def inventory(client):
        found = client.api.df()
        kinds = {"images": "Images", "containers": "Containers", "volumes": "Volumes", "cache": "BuildCache"}
        counts = {ours: len(found[theirs] or []) for ours, theirs in kinds.items()}
        return {**counts, "networks": len(client.api.networks())}

    hand_in(lab, "inventory", inventory)


@right("inventory", "by the docker command, with a helper inside")
def inventory_cli(lab):
    source = f'''def inventory(client):
    import subprocess

    def lines(*words):
        done = subprocess.run(["{docker_cmd()[0]}", *words], capture_output=True, text=True, check=True)
        return len(set(done.stdout.split()))

    return {{
        "images": lines("image", "ls", "--quiet", "--no-trunc"),
        "containers": lines("ps", "--all", "--quiet"),
        "networks": lines("network", "ls", "--quiet"),
        "volumes": lines("volume", "ls", "--quiet"),
        "cache": len(client.df()["BuildCache"] or []),
    }}
'''
    hand_in(lab, "inventory", eval_function(source))


def eval_function(source):
    """A function whose source is a text, as a notebook's cell has it."""
    import linecache

    linecache.cache["<cell>"] = (len(source), None, source.splitlines(keepends=True), "<cell>")
    space = {}
    exec(compile(source, "<cell>", "exec"), space)
    return space["inventory"]
