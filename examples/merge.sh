#!/bin/sh
# Merges the shards of a sweep into a table, or those of a run into its results in JSON. The other scripts
# have written them next to OUT.
#
#   examples/merge.sh sweep SHARDS all.csv
#   examples/merge.sh sim SHARDS all.json
set -eu
command=$1 shards=$2 out=$3
# The dot of an extension is in the name, not in the folder.
name=${out##*/} extension=
case $name in
?*.*) extension=.${name##*.} ;;
esac
set --
for shard in $(seq "$shards"); do
    set -- "$@" "${out%"$extension"}-part-$shard$extension"
done
if [ "$command" != sim ]; then
    exec retrylab merge --out "$out" "$@"
fi
# If the merge fails, an earlier result stays.
trap 'rm -f "$out.tmp"' EXIT
trap 'exit 1' HUP INT TERM
retrylab merge --json "$@" >"$out.tmp"
mv "$out.tmp" "$out"
