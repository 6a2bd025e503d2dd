#!/bin/bash
# Trains one model on the machines of a file of hosts, by Open MPI: a process for each GPU. Usage: mpirun-train.sh HOSTS PROCESSES PROGRAM.dll [ARGUMENTS]
# PROGRAM is one that asks for MpiProcessGroup.World, published to a folder that all machines see. Start it again after a fault: it goes on from its checkpoint.
set -euo pipefail

if [ "$#" -lt 3 ]; then
    echo "Usage: $0 HOSTS PROCESSES PROGRAM.dll [ARGUMENTS]" >&2
    exit 2
fi

hosts=$1
processes=$2
program=$3
shift 3

exec mpirun --hostfile "$hosts" -n "$processes" --map-by ppr:8:node --bind-to numa dotnet "$program" "$@"
