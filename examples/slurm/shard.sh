#!/bin/sh
# Runs one shard: a task of the array job that submit.sh submits.
#SBATCH --job-name=retrylab-shard
#SBATCH --cpus-per-task=1
set -eu
out=$1
shift
# A task that Slurm runs again, after a node has failed, resumes its shard.
exec retrylab "$@" --threads "$SLURM_CPUS_PER_TASK" \
    --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
    --out "${out%.*}-part-$SLURM_ARRAY_TASK_ID.${out##*.}" --overwrite
