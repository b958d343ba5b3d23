#!/bin/sh
# Merges the shards of a sweep, which the other scripts have written next to OUT.
#
#   examples/merge.sh SHARDS OUT
set -eu
shards=$1 out=$2
set --
for shard in $(seq "$shards"); do
    set -- "$@" "${out%.*}-part-$shard.${out##*.}"
done
exec retrylab merge --out "$out" "$@"
