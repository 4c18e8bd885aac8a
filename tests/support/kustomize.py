"""As much of kustomize as deploy/kubernetes uses, since Debian 12 has no current one:

    python tests/support/kustomize.py deploy/kubernetes/example    # compare with: kubectl kustomize
"""
import hashlib
import sys
from pathlib import Path

import yaml

KNOWN = {"apiVersion", "kind", "namespace", "resources", "images", "replicas", "configMapGenerator", "patches"}
KEYS = {"containers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath", "ports": "containerPort"}


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document is not None]


def merge(base, patch, key=None):
    """A strategic merge: maps by key, those lists that Kubernetes knows a key of by it, other lists as a whole."""
    if isinstance(base, dict) and isinstance(patch, dict):
        return {name: merge(base[name], patch[name], name) if name in base and name in patch else (patch if name in patch else base)[name]
                for name in [*base, *(name for name in patch if name not in base)]}
    by = KEYS.get(key)
    if isinstance(base, list) and isinstance(patch, list) and all(by in item for item in base + patch):
        merged = {item[by]: item for item in base}
        for item in patch:
            merged[item[by]] = merge(merged.get(item[by], {}), item)
        return list(merged.values())
    return patch


def pod_specs(document):
    spec = document.get("spec", {})
    if document["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return [spec["template"]["spec"]] if "template" in spec else []


def _find(found, kind, name):
    return next(index for index, document in enumerate(found) if (document["kind"], document["metadata"]["name"]) == (kind, name))


def _config_map(folder, generator, found):
    data = {Path(file).name: (folder / file).read_text() for file in generator["files"]}
    if generator.get("behavior") == "replace":
        found[_find(found, "ConfigMap", generator["name"])]["data"] = data
    else:
        found.append({"apiVersion": "v1", "kind": "ConfigMap", "data": data,
                      "metadata": {"name": generator["name"], **generator.get("options", {})}})


def _build(folder):
    conf = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(conf) <= KNOWN, f"{folder}: {set(conf) - KNOWN}"
    found = []
    for resource in conf.get("resources", ()):
        found += _build(folder / resource) if (folder / resource).is_dir() else documents(folder / resource)
    for generator in conf.get("configMapGenerator", ()):
        _config_map(folder, generator, found)
    for patch in (document for entry in conf.get("patches", ()) for document in documents(folder / entry["path"])):
        index = _find(found, patch["kind"], patch["metadata"]["name"])
        found[index] = merge(found[index], patch)
    for entry in conf.get("replicas", ()):
        found[_find(found, "StatefulSet", entry["name"])]["spec"]["replicas"] = entry["count"]
    images = {image["name"]: f"{image['newName']}:{image['newTag']}" for image in conf.get("images", ())}
    for container in (container for document in found for spec in pod_specs(document) for container in spec["containers"]):
        container["image"] = images.get(container["image"], container["image"])
    if "namespace" in conf:
        for document in found:
            if document["kind"] != "Namespace":
                document["metadata"]["namespace"] = conf["namespace"]
    return found


def build(folder):
    """The documents of a kustomization. The digest in a ConfigMap's name is not the one that kustomize makes."""
    found = _build(Path(folder))
    names = {document["metadata"]["name"]: document for document in found if document["kind"] == "ConfigMap"}
    for name, document in names.items():
        digest = hashlib.sha256(repr(document["data"]).encode()).hexdigest()[:10]
        document["metadata"]["name"] = f"{name}-{digest}"
        for volume in (volume for other in found for spec in pod_specs(other) for volume in spec["volumes"]):
            if volume.get("configMap", {}).get("name") == name:
                volume["configMap"]["name"] = f"{name}-{digest}"
    return found


if __name__ == "__main__":
    print(yaml.safe_dump_all(build(sys.argv[1])), end="")
