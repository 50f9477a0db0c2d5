"""Console blocks and manifests with public images: nothing of the course's registry is left, all is valid."""

from __future__ import annotations

import io
import re
from datetime import datetime

import pytest
import yaml
from click.testing import CliRunner
from kubernetes.client import models

from labkit.book import notebooks, take_home
from labkit.book.ledger import claims
from labkit.cli import public
from labkit.core.errors import Usage
from labkit.core.paths import REGISTRY, repo
from labkit.provision import public_images
from labkit.provision.image_table import IMAGES
from labkit.provision.public_images import rewrite

MODELS = {"v1": "V1", "apps/v1": "V1", "autoscaling/v2": "V2"}
"""How the names of the SDK's models begin, by an object's apiVersion."""

PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float), "datetime": (str, datetime)}


def misfits(value, kind, where=""):
    """What of a value does not fit a model of the SDK: an unknown field, a wrong type, a missing one."""
    if m := re.fullmatch(r"(?:[Ll]ist\[|[Dd]ict[(\[]str, )(.+)[\])]", kind):
        inner, is_list = m[1], kind[0] in "Ll"
        if not isinstance(value, list if is_list else dict):
            return [f"{where}: {value!r} is no {kind}"]
        pairs = enumerate(value) if is_list else value.items()
        return [fault for key, part in pairs for fault in misfits(part, inner, f"{where}[{key}]")]
    if kind == "object":
        return []
    if kind in PLAIN:
        fits = isinstance(value, PLAIN[kind]) and (kind == "bool" or not isinstance(value, bool))
        return [] if fits else [f"{where}: {value!r} is no {kind}"]
    model = getattr(models, kind)
    fields = {name: model.openapi_types[own] for own, name in model.attribute_map.items()}
    if not isinstance(value, dict):
        return [f"{where}: {value!r} is no {kind}"]
    found = [f"{where}.{name}: {kind} has no such field" for name in value if name not in fields]
    for name, part in value.items():
        if name in fields:
            found += misfits(part, fields[name], f"{where}.{name}")
    try:  # the SDK's own validation: what is required, and what is an enumeration
        model(**{own: value[name] for own, name in model.attribute_map.items() if name in value})
    except ValueError as e:
        found.append(f"{where}: {e}")
    return found


def faults(objects):
    """What is wrong with objects of Kubernetes: their fields, and labels that must match."""
    found = [f for o in objects for f in misfits(o, MODELS[o["apiVersion"]] + o["kind"], o["kind"])]
    pods = [o["spec"]["template"] for o in objects if "template" in o.get("spec", {})]
    there = {(o["kind"], o["metadata"]["name"]) for o in objects}
    for o in objects:
        spec = o.get("spec", {})
        if o["kind"] == "Deployment":
            labels = spec["template"]["metadata"]["labels"]
            if not spec["selector"]["matchLabels"].items() <= labels.items():
                found.append(f"{o['metadata']['name']}: its selector does not match its template")
        if o["kind"] == "Service" and not any(
            spec["selector"].items() <= pod["metadata"]["labels"].items() for pod in pods
        ):
            found.append(f"{o['metadata']['name']}: its selector matches no Pod")
        if o["kind"] == "HorizontalPodAutoscaler":
            target = spec["scaleTargetRef"]
            if (target["kind"], target["name"]) not in there:
                found.append(f"{o['metadata']['name']}: it scales nothing")
    for pod in (o["spec"]["template"]["spec"] for o in objects if "template" in o.get("spec", {})):
        volumes = {v["name"]: v["configMap"]["name"] for v in pod.get("volumes", [])}
        for container in pod["containers"]:
            for mount in container.get("volumeMounts", []):
                maps = [o for o in objects if o["kind"] == "ConfigMap"]
                kept = {m["metadata"]["name"]: m["data"] for m in maps}.get(volumes.get(mount["name"]), {})
                if mount["subPath"] not in kept:
                    found.append(f"{container['name']}: nothing is mounted at {mount['mountPath']}")
    return found


def taken_home():
    """Each claim of the ledger that ends in a manifest, and the manifest's text."""
    for stem, chapter in take_home.chapters().items():
        for claim, wanted in chapter.claims.items():
            if wanted.manifest:
                yield pytest.param(take_home.manifest(stem, wanted), id=claim)


def test_each_claim_about_a_cluster_ends_in_a_manifest():
    of_cluster = {claim.id for claim in claims().values() if claim.chapter[:4] in ("ch12", "ch13")}
    assert {param.id for param in taken_home()} == of_cluster


@pytest.mark.parametrize("text", [*taken_home()])
def test_a_manifest_to_take_home_is_whole_and_valid(text):
    made = rewrite(text)
    assert REGISTRY not in made.text
    assert "${" not in made.text.replace("${START", "")
    assert made.to_build == []
    objects = list(yaml.safe_load_all(made.text))
    assert faults(objects) == []
    kept = next(o["data"] for o in objects if o["kind"] == "ConfigMap")
    assert kept == {"web.py": (repo() / "images/web/web.py").read_text()}
    compile(kept["web.py"], "web.py", "exec")


@pytest.mark.parametrize("text", [*taken_home()])
def test_what_was_in_a_manifest_stays(text):
    """Take away what was added, and the objects are those that the chapter applies."""
    before, after = list(yaml.safe_load_all(text)), list(yaml.safe_load_all(rewrite(text).text))
    assert len(after) == len(before) + 1
    for old, new in zip(before, after, strict=False):
        if old["kind"] == "Deployment":
            (own,), (made,) = (o["spec"]["template"]["spec"]["containers"] for o in (old, new))
            variables = [v["name"] for v in made["env"]]
            assert len(variables) == len(set(variables))
            assert made["workingDir"] == "/app"
            assert [v for v in made["env"] if v in own.get("env", [])] == own.get("env", [])
            assert {key: made[key] for key in own if key not in ("image", "env")} == {
                key: own[key] for key in own if key not in ("image", "env")
            }
            del new["spec"]["template"]["spec"]["volumes"]
            new["spec"]["template"]["spec"]["containers"] = [own]
        assert new == old
    for comment in re.findall(r"#.*", text):
        assert comment in rewrite(text).text


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("matchLabels: {app: web}", "matchLabels: {app: wab}"), "does not match its template"),
        (("selector: {app: web} ", "selector: {app: wab} "), "matches no Pod"),
        (("readinessProbe:", "readynessProbe:"), "no such field"),
        (("periodSeconds: 1", "periodSeconds: often"), "is no int"),
        (
            ("name: web-files, configMap: {name: web-files}", "name: x, configMap: {name: web-files}"),
            "nothing is mounted",
        ),
    ],
)
def test_the_control_a_manifest_with_a_fault_is_found(change, fault):
    text = rewrite((repo() / "k8s/ch12_scalability/web.yaml").read_text()).text
    assert change[0] in text
    assert faults(list(yaml.safe_load_all(text))) == []
    assert any(fault in found for found in faults(list(yaml.safe_load_all(text.replace(*change)))))


@pytest.mark.parametrize("path", sorted((repo() / "k8s").glob("ch*/*.yaml")), ids=lambda path: path.stem)
def test_every_manifest_of_the_course_can_be_rewritten(path):
    made = rewrite(path.read_text())
    assert REGISTRY not in made.text
    assert made.to_build == [] or not public_images.is_manifest(path.read_text())


@pytest.mark.parametrize("stem", notebooks.stems())
def test_every_command_that_a_page_gives_can_be_rewritten(stem):
    chapter, notebook = take_home.chapters()[stem], notebooks.read(notebooks.path(stem))
    wanted = [*chapter.commands, *(c.command for c in chapter.claims.values() if c.command)]
    for command in take_home.commands(stem, wanted, notebook):
        assert REGISTRY not in rewrite(command.typed).text


def test_a_command_takes_the_public_image_or_one_that_is_built():
    made = rewrite("docker run localhost:5001/redis:8\ndocker run localhost:5001/web:1.0\n")
    assert made.text == "docker run redis:8\ndocker run localhost/web:1.0\n"
    assert (made.images, made.to_build) == (["redis:8", "web:1.0"], ["web:1.0"])


def test_other_registries_stay():
    text = "docker push localhost:5000/ch05-shop:1.0\n"
    assert rewrite(text).text == text


def test_a_name_that_the_course_has_not_is_an_error():
    with pytest.raises(Usage, match="no image mysql:8"):
        rewrite("docker run localhost:5001/mysql:8")


def test_an_image_without_a_public_one_is_built_from_its_dockerfiles_parents_first():
    first, second = public_images.builds(["web:1.0"])
    assert (
        first == "docker build --build-arg BASE=debian:trixie-slim --tag localhost/python:3.13 images/python"
    )
    assert "--build-arg BASE=localhost/python:3.13 --build-arg VERSION=1.0" in second
    for command in (first, second):
        folder = repo() / command.split()[-1]
        arguments = {a.split("=")[0] for a in re.findall(r"--build-arg (\S+)", command)}
        assert arguments <= set(re.findall(r"^ARG (\w+)", (folder / "Dockerfile").read_text(), re.M))


POD = """kind: Pod
apiVersion: v1
metadata: {name: a}
spec:
  containers:
"""
WEB = f"image: {REGISTRY}/web:1.0"


@pytest.mark.parametrize(
    ("container", "names"),
    [
        (f"  - {WEB}\n    name: web\n", ["VERSION"]),
        (f"  - name: web\n    env:\n    - {{name: VERSION, value: x}}\n    {WEB}  # ours\n", ["VERSION"]),
        (f"  - name: web\n    '{WEB}'\n".replace("'image: ", "image: '"), ["VERSION"]),
        (
            f"    - name: web\n      {WEB}\n      env:\n        - name: A\n          value: b\n",
            ["VERSION", "A"],
        ),
        (f"  - name: a\n    {WEB}\n  - name: b\n    {WEB}\n", ["VERSION"]),
    ],
)
def test_containers_may_be_written_in_other_ways(container, names):
    pod, kept = yaml.safe_load_all(rewrite(POD + container).text)
    assert misfits(pod, "V1Pod") == misfits(kept, "V1ConfigMap") == []
    assert [v["name"] for v in pod["spec"]["containers"][0]["env"]] == names
    assert len(pod["spec"]["volumes"]) == 1
    assert all(c["command"] == ["python3", "web.py"] for c in pod["spec"]["containers"])


@pytest.mark.parametrize(
    "container",
    [
        "  - {name: web, image: localhost:5001/web:1.0}\n",
        "  - name: web\n    image: localhost:5001/web:1.0\n    env: [{name: A, value: b}]\n",
        "  - name: web\n    image: localhost:5001/web:1.0\n    volumeMounts: []\n",
        "  - name: web\n    image: localhost:5001/web:1.0\n  volumes:\n  - {name: x, emptyDir: {}}\n",
    ],
)
def test_what_cannot_be_rewritten_is_refused_and_not_broken(container):
    with pytest.raises(Usage):
        rewrite(POD + container)


def test_the_table_is_that_of_the_courses_images(tmp_path):
    assert set(public_images.table()) == set(IMAGES)
    (tmp_path / "chapters").mkdir()
    (tmp_path / public_images.FILE).write_text("redis:8: {image: redis:8}\n")
    with pytest.raises(Usage, match="other images than the course"):
        public_images.table(tmp_path)


def test_the_command_rewrites_a_file_and_what_comes_in(tmp_path):
    block = "$ docker run localhost:5001/redis:8\n$ docker run localhost:5001/web:1.0\n"
    (tmp_path / "block").write_text(block)
    for arguments, given in ([str(tmp_path / "block")], None), (["-"], io.BytesIO(block.encode())):
        done = CliRunner().invoke(public.command, arguments, input=given)
        assert done.exit_code == 0
        assert done.stdout == "$ docker run redis:8\n$ docker run localhost/web:1.0\n"
        assert "declares a VOLUME" in done.stderr
        assert "docker build --build-arg BASE=localhost/python:3.13" in done.stderr
