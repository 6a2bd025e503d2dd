#!/bin/bash
# Trains one model on 2 nodes of 8 GPUs each: sbatch slurm-train.sh PROGRAM.dll [ARGUMENTS]
# PROGRAM is one that asks for MpiProcessGroup.World and has a CheckpointDirectory, published to a folder that all nodes see.
# With --mpi=pmix srun starts Open MPI; MPICH takes --mpi=pmi2. SIGTERM comes ten minutes before the end of the time, so that the run ends with a checkpoint.
#SBATCH --job-name=diffusion-train
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@600
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail

program=${1:?"Usage: sbatch $0 PROGRAM.dll [ARGUMENTS]"}
shift

srun --mpi=pmix dotnet "$program" "$@"
