#!/bin/sh
# Runs the shards of a sweep, or of a run, with GNU parallel, and merges them.
#
#   examples/parallel.sh SHARDS OUT sweep ARGUMENT…
#   examples/parallel.sh 8 all.csv sweep textbook --vary link.loss=0..0.5/0.1 --seeds 10
#   examples/parallel.sh 8 all.json sim --set clients=1000000000
#
# The shards stay next to OUT: all-part-1.csv and so on.
set -eu
shards=$1 out=$2
shift 2
command=$1
if [ -e "$out" ]; then
    echo "error: $out exists already; use another name, or remove it" >&2
    exit 2
fi
# The dot of an extension is in the name, not in the folder.
name=${out##*/} extension=
case $name in
?*.*) extension=.${name##*.} ;;
esac
# A shard of a sweep that was interrupted resumes. --overwrite runs a finished one again, because its arguments
# may have changed; that of a run is always replaced.
if [ "$command" = sweep ]; then
    set -- "$@" --overwrite
fi
# Only this replacement string is the number of the shard; `{}` may be in an argument.
seq "$shards" | parallel --quote --halt now,fail=1 -I ,shard, \
    retrylab "$@" --threads 1 --shard ",shard,/$shards" --out "${out%"$extension"}-part-,shard,$extension"
exec "$(dirname "$0")/merge.sh" "$command" "$shards" "$out"
