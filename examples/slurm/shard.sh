#!/bin/sh
# Runs one shard: a task of the array job that submit.sh submits.
#SBATCH --job-name=retrylab-shard
#SBATCH --cpus-per-task=1
set -eu
out=$1
shift
# The dot of an extension is in the name, not in the folder.
name=${out##*/} extension=
case $name in
?*.*) extension=.${name##*.} ;;
esac
# A task that Slurm runs again, after a node has failed, resumes its shard of a sweep.
if [ "$1" = sweep ]; then
    set -- "$@" --overwrite
fi
exec retrylab "$@" --threads "$SLURM_CPUS_PER_TASK" \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
    --out "${out%"$extension"}-part-$SLURM_ARRAY_TASK_ID$extension"
