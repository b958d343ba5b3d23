#!/bin/sh
# Runs the shards of a sweep as a Slurm array job, merges them in a second job, and waits for both.
#
#   examples/slurm/submit.sh SHARDS OUT sweep ARGUMENT…
#   examples/slurm/submit.sh 64 all.csv sweep textbook --vary link.loss=0..0.5/0.01 --seeds 100
#
# The nodes need `retrylab` in PATH and must share the folder of OUT. The shards stay next to OUT:
# all-part-1.csv and so on. Variables that `sbatch` reads apply to both jobs, such as SBATCH_PARTITION.
set -eu
shards=$1 out=$2
shift 2
here=$(dirname "$0")
if [ -e "$out" ]; then
    echo "error: $out exists already; use another name, or remove it" >&2
    exit 2
fi
array=$(sbatch --parsable --array="1-$shards" "$here/shard.sh" "$out" "$@")
# If a shard fails, Slurm cancels the second job. `sbatch --wait` succeeds all the same.
sbatch --wait --dependency="afterok:${array%;*}" --kill-on-invalid-dep=yes --job-name=retrylab-merge \
    "$here/../merge.sh" "$shards" "$out"
if [ ! -e "$out" ]; then
    echo "error: a shard has failed, so there is no $out; see slurm-${array%;*}_*.out" >&2
    exit 1
fi
