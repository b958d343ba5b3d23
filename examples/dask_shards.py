"""Runs the shards of a sweep, or of a run, on the workers of a Dask cluster, and merges them.

    python examples/dask_shards.py 8 all.csv sweep textbook --vary link.loss=0..0.5/0.1 --seeds 10
    python examples/dask_shards.py 8 all.json sim --set clients=100000000
    python examples/dask_shards.py --scheduler tcp://HOST:8786 64 all.csv sweep …

Needs the package `distributed`. Without --scheduler, it starts workers on this machine. Workers need
`retrylab` in PATH, but no common folder: they return their shards, which stay next to the output.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from dask.distributed import Client


def run_shard(shard, shards, suffix, command):
    """Runs a shard on a worker, and returns its file."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "part").with_suffix(suffix)
        part = ["--threads", "1", "--shard", f"{shard}/{shards}", "--out", str(out)]
        subprocess.run(["retrylab", *command, *part], check=True, capture_output=True, text=True)
        return out.read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scheduler", metavar="ADDRESS", help="address of the cluster's scheduler")
    parser.add_argument("shards", type=int)
    parser.add_argument("out", type=Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    if args.out.exists():
        sys.exit(f"error: {args.out} exists already; use another name, or remove it")
    local = {} if args.scheduler else {"threads_per_worker": 1, "dashboard_address": None}
    with Client(args.scheduler, **local) as client:
        numbers = range(1, args.shards + 1)
        shared = {"shards": args.shards, "suffix": args.out.suffix, "command": args.command}
        parts = client.map(run_shard, numbers, pure=False, **shared)
        try:
            for number, part in zip(numbers, client.gather(parts)):
                args.out.with_name(f"{args.out.stem}-part-{number}{args.out.suffix}").write_bytes(part)
        except subprocess.CalledProcessError as error:
            sys.exit(error.stderr)
    merge = Path(__file__).with_name("merge.sh")
    sys.exit(subprocess.run([merge, args.command[0], str(args.shards), args.out]).returncode)


# Worker processes import this file.
if __name__ == "__main__":
    main()
