#!/bin/bash
# Evaluates the folders of shards, a task of an array for each: sbatch --array=1-99%64 slurm-evaluate.sh REAL SHARDS PARTS
# REAL is what --save wrote of the first folder: mkdir PARTS, then
#   diffusion evaluate PHOTOS SHARDS/shard-00000 --save PARTS/00000.zip
# before, and in the end, of all: diffusion evaluate --merge PARTS/*.zip
#SBATCH --job-name=diffusion-evaluate
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --time=01:00:00
set -euo pipefail

if [ "$#" -ne 3 ]; then
    echo "Usage: sbatch --array=1-LAST $0 REAL SHARDS PARTS" >&2
    exit 2
fi

number=$(printf '%05d' "$SLURM_ARRAY_TASK_ID")
diffusion evaluate "$1" "$2/shard-$number" --save "$3/$number.zip" --force --quiet
