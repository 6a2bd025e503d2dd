#!/bin/bash
# Generates images by shards, a task of an array for each: sbatch --array=0-999%64 slurm-shards.sh MODEL COUNT SEED OUTPUT
# OUTPUT is a folder that all nodes see. Submit it again after faults: what is done is skipped. To repeat tasks 3 and 7 of 1,000 alone, give their number:
# SHARDS=1000 sbatch --array=3,7 slurm-shards.sh MODEL COUNT SEED OUTPUT
#SBATCH --job-name=diffusion-shards
#SBATCH --ntasks=1
#SBATCH --gpus-per-task=1
#SBATCH --cpus-per-task=8
#SBATCH --time=12:00:00
#SBATCH --requeue
set -euo pipefail

if [ "$#" -ne 4 ]; then
    echo "Usage: sbatch --array=0-LAST $0 MODEL COUNT SEED OUTPUT" >&2
    exit 2
fi

diffusion generate "$1" --count "$2" --seed "$3" --output "$4" --shard "auto${SHARDS:+/$SHARDS}" --quiet
