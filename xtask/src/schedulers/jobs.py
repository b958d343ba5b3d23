"""Runs the jobs of Kubernetes manifests in a folder, as the job controller of a cluster would start them.

    python jobs.py FOLDER MANIFEST…

It also runs the sweep of the indexed job without --shard, into the file whole.csv.
"""

import os
import shlex
import subprocess
import sys

import kubernetes_validate
import yaml


def whole(container):
    """Returns the sweep of a shard's container as one command."""
    words = iter(shlex.split(container["args"][0])[1:])
    command = []
    for word in words:
        if word in ("--shard", "--out"):
            next(words)
        else:
            command.append(word)
    return [*command, "--out", "whole.csv"]


def run(job, folder):
    """Runs one container per completion. Its volume is the folder."""
    (container,) = job["template"]["spec"]["containers"]
    (mount,) = container["volumeMounts"]
    assert container["workingDir"] == mount["mountPath"], "the files are outside the volume"
    indexed = job.get("completionMode") == "Indexed"
    if indexed:
        subprocess.run(whole(container), cwd=folder, check=True)
    for index in range(job.get("completions", 1)):
        variables = {"JOB_COMPLETION_INDEX": str(index)} if indexed else {}
        command = container["command"] + container["args"]
        subprocess.run(command, cwd=folder, env={**os.environ, **variables}, check=True)


def main():
    folder, *manifests = sys.argv[1:]
    for manifest in manifests:
        with open(manifest) as file:
            for resource in yaml.safe_load_all(file):
                version = kubernetes_validate.latest_version()
                kubernetes_validate.validate(resource, version, strict=True)
                if resource["kind"] == "Job":
                    run(resource["spec"], folder)


main()
