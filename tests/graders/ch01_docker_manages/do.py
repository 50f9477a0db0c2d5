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

    name = f"<cell {hash(source)}>"  # answers are tried side by side
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    space = {}
    exec(compile(source, name, "exec"), space)
    return space["inventory"]


def counts(**changes):
    """The source of a right inventory with some counts taken another way, and lines before it."""
    taken = {
        "images": "len(client.images.list())",
        "containers": "len(client.containers.list(all=True))",
        "networks": "len(client.networks.list())",
        "volumes": "len(client.volumes.list())",
        "cache": "len(client.df()['BuildCache'] or [])",
    }
    lines = changes.pop("before", "")
    pairs = ", ".join(f"{kind!r}: {how}" for kind, how in {**taken, **changes}.items())
    return eval_function(f"def inventory(client):\n{lines}    return {{{pairs}}}\n")


@wrong("inventory", "counts names of images: one may have two")
def inventory_tags(lab):
    hand_in(lab, "inventory", counts(images="sum(len(i.tags) or 1 for i in client.images.list())"))


@wrong("inventory", "leaves out images without a name")
def inventory_named_images(lab):
    hand_in(lab, "inventory", counts(images="len(client.images.list(filters={'dangling': False}))"))


@wrong("inventory", "counts containers that run or have ended")
def inventory_two_states(lab):
    how = "sum(len(client.containers.list(all=True, filters={'status': s})) for s in ('running', 'exited'))"
    hand_in(lab, "inventory", counts(containers=how))


@wrong("inventory", "counts containers by the image that they are made from")
def inventory_by_image(lab):
    how = "len({c.attrs['Image'] for c in client.containers.list(all=True)})"
    hand_in(lab, "inventory", counts(containers=how))


@wrong("inventory", "leaves out the networks that the engine brings")
def inventory_own_networks(lab):
    how = "len(client.networks.list(filters={'type': 'custom'}))"
    hand_in(lab, "inventory", counts(networks=how))


@wrong("inventory", "counts bridges for networks")
def inventory_bridges(lab):
    how = "len(client.networks.list(filters={'driver': 'bridge'}))"
    hand_in(lab, "inventory", counts(networks=how))


@wrong("inventory", "counts volumes that nobody uses")
def inventory_dangling_volumes(lab):
    how = "len(client.volumes.list(filters={'dangling': True}))"
    hand_in(lab, "inventory", counts(volumes=how))


@wrong("inventory", "leaves out volumes without a name")
def inventory_named_volumes(lab):
    how = "len([v for v in client.volumes.list() if len(v.name) < 64])"
    hand_in(lab, "inventory", counts(volumes=how))


@wrong("inventory", "says that there is no cache")
def inventory_no_cache(lab):
    hand_in(lab, "inventory", counts(cache="0"))


@wrong("inventory", "counts the cache that is in use, which leaves out most")
def inventory_cache_private(lab):
    how = "1 + len([r for r in client.df()['BuildCache'] or [] if r['InUse']])"
    hand_in(lab, "inventory", counts(cache=how))


@wrong("inventory", "removes what has ended before it counts")
def inventory_prunes(lab):
    hand_in(lab, "inventory", counts(before="    client.containers.prune()\n"))


@wrong("inventory", "starts what was never started, so that all can be counted as ended")
def inventory_starts(lab):
    lines = (
        "    for c in client.containers.list(all=True, filters={'status': 'created'}):\n        c.start()\n"
    )
    hand_in(lab, "inventory", counts(before=lines))


@wrong("inventory", "leaves a container behind with every count")
def inventory_leaves(lab):
    hand_in(lab, "inventory", counts(before="    client.containers.create('debian:trixie-slim')\n"))


@wrong("inventory", "gives the numbers as texts")
def inventory_texts(lab):
    hand_in(lab, "inventory", counts(containers="str(len(client.containers.list(all=True)))"))


@right("inventory", "from what the engine says of itself, where it does")
def inventory_info(lab):
    hand_in(lab, "inventory", counts(containers="client.info()['Containers']"))


@right("inventory", "state by state, summed")
def inventory_sums(lab):
    states = "('created', 'running', 'paused', 'exited', 'restarting', 'removing', 'dead')"
    how = f"sum(len(client.containers.list(all=True, filters={{'status': s}})) for s in {states})"
    hand_in(lab, "inventory", counts(containers=how))


@right("inventory", "with the layers that only stand below others")
def inventory_all_images(lab):
    hand_in(lab, "inventory", counts(images="len(client.images.list(all=True))"))


@right("inventory", "by ids, each once")
def inventory_ids(lab):
    found = {
        "images": "len({i.id for i in client.images.list()})",
        "volumes": "len(set(v['Name'] for v in client.api.volumes()['Volumes'] or []))",
        "networks": "len({n['Id'] for n in client.api.networks()})",
        "containers": "len({c['Id'] for c in client.api.containers(all=True, quiet=True)})",
    }
    hand_in(lab, "inventory", counts(**found))


@right("inventory", "prints on its way, and imports what it does not need")
def inventory_talks(lab):
    lines = "    import json, os, sys\n    print('counting', file=sys.stderr)\n"
    hand_in(lab, "inventory", counts(before=lines))


@right("inventory", "used volumes and unused ones, one after the other")
def inventory_halves(lab):
    how = "sum(len(client.volumes.list(filters={'dangling': d})) for d in (True, False))"
    hand_in(lab, "inventory", counts(volumes=how))
