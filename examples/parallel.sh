#!/bin/sh
# Runs the shards of a sweep with GNU parallel, and merges them.
#
#   examples/parallel.sh SHARDS OUT sweep ARGUMENT…
#   examples/parallel.sh 8 all.csv sweep textbook --vary link.loss=0..0.5/0.1 --seeds 10
#
# The shards stay next to OUT: all-part-1.csv and so on.
set -eu
shards=$1 out=$2
shift 2
# A shard that was interrupted resumes. --overwrite runs a finished one again, because its arguments may
# have changed.
seq "$shards" | parallel --quote --halt now,fail=1 \
    retrylab "$@" --threads 1 --shard "{}/$shards" --out "${out%.*}-part-{}.${out##*.}" --overwrite
exec "$(dirname "$0")/merge.sh" "$shards" "$out"
