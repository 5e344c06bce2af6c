"""Writes what a program is made of, as CycloneDX 1.5: `sbom.py ROOT PROGRAM TARGET FILE`.

Which crates are in it says `cargo tree`, for `cargo metadata` also counts what only tests turn on; the rest is from `cargo metadata` and
Cargo.lock. Macros run while it is built and are not in it: their scope is `excluded`."""

import datetime
import hashlib
import json
import os
import subprocess
import sys
import tomllib
import uuid


def cargo(root, *args):
    command = ["cargo", *args, "--manifest-path", os.path.join(root, "Cargo.toml"), "--locked", "--offline"]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def names(root, target, edges):
    """Names and versions of what the program depends on, itself left out."""
    tree = cargo(root, "tree", "--package", "stanch", "--edges", edges, "--target", target, "--prefix", "none", "--format", "{p}")
    pairs = {tuple(line.split()[:2]) for line in tree.splitlines() if line}
    return {(name, version.removeprefix("v")) for name, version in pairs if name != "stanch"}


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version'].replace('+', '%2B')}"


def component(package, checksum, scope):
    made = {"type": "library", "bom-ref": purl(package), "name": package["name"], "version": package["version"], "scope": scope}
    if package["description"]:
        made["description"] = " ".join(package["description"].split())
    if checksum:
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    # The slash is the old form of OR.
    made["licenses"] = [{"expression": " OR ".join(one.strip() for one in package["license"].split("/"))}]
    made["purl"] = purl(package)
    if package["repository"]:
        made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return made


def main(root, program, target, path):
    metadata = json.loads(cargo(root, "metadata", "--format-version", "1", "--filter-platform", target))
    with open(os.path.join(root, "Cargo.lock"), "rb") as file:
        locked = {(one["name"], one["version"]): one.get("checksum") for one in tomllib.load(file)["package"]}
    with open(program, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    compiled, linked = names(root, target, "normal"), names(root, target, "normal,no-proc-macro")
    packages = {(one["name"], one["version"]): one for one in metadata["packages"]}
    ids = {one["id"]: one for one in metadata["packages"]}
    stanch = next(one for one in metadata["packages"] if one["name"] == "stanch")
    rules = subprocess.run([program, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.split("(rules ")[1].strip(")\n")
    components = [component(packages[key], locked[key], "required" if key in linked else "excluded") for key in sorted(compiled)]

    def key(package):
        return package["name"], package["version"]

    def below(node):
        normal = [ids[one["pkg"]] for one in node["deps"] if any(kind["kind"] is None for kind in one["dep_kinds"])]
        return sorted({purl(one) for one in normal if key(one) in compiled})

    nodes = [node for node in metadata["resolve"]["nodes"] if ids[node["id"]] is stanch or key(ids[node["id"]]) in compiled]
    dependencies = [{"ref": purl(ids[node["id"]]), "dependsOn": below(node)} for node in nodes]
    when = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    itself = component(stanch, digest, "required") | {"type": "application", "properties": [{"name": "stanch:rules", "value": rules}]}
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{purl(stanch)}#{digest}')}",
        "version": 1,
        "metadata": {"timestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": itself},
        "components": components,
        "dependencies": sorted(dependencies, key=lambda one: one["ref"]),
    }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(bom, file, indent=1, ensure_ascii=False)
        file.write("\n")


main(*sys.argv[1:])
