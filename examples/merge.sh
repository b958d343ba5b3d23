#!/bin/sh
# Merges the shards of a sweep into a table, or those of a run into its results in JSON. The other scripts
# have written them next to OUT.
#
#   examples/merge.sh sweep SHARDS all.csv
#   examples/merge.sh sim SHARDS all.json
set -eu
command=$1 shards=$2 out=$3
set --
for shard in $(seq "$shards"); do
    set -- "$@" "${out%.*}-part-$shard.${out##*.}"
done
if [ "$command" = sim ]; then
    exec retrylab merge --json "$@" >"$out"
fi
exec retrylab merge --out "$out" "$@"
