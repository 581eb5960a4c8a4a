#!/usr/bin/env bash
# A study as one MPI job, members handed out to the ranks as they ask for them:
#
#   sbatch --ntasks=64 tools/slurm/mpi.sh scenario.yaml study_folder [option of gridplus-mpi study]...
#
# A job that is preempted or reaches its time limit gets SIGTERM, writes checkpoints and is queued again; one that is killed
# continues from its journals when it is started again.
#SBATCH --job-name=gridplus-mpi
#SBATCH --requeue
#SBATCH --signal=B:TERM@60
#SBATCH --open-mode=append
set -uo pipefail

gridplus_mpi=${GRIDPLUS_MPI:-gridplus-mpi}
scenario=${1:?the scenario} folder=${2:?the folder of the study}
shift 2

mpirun -n "${SLURM_NTASKS:-1}" "$gridplus_mpi" study "$scenario" -o "$folder" --resume \
  --threads "${SLURM_CPUS_PER_TASK:-1}" "$@" &
study=$!
interrupted=
# mpirun passes the signal on to the ranks.
trap 'interrupted=yes; kill -TERM "$study" 2>/dev/null' TERM
wait "$study"
status=$?
while kill -0 "$study" 2>/dev/null; do wait "$study"; status=$?; done
if [ -n "$interrupted" ] && [ "$status" -ne 0 ]; then
  scontrol requeue "$SLURM_JOB_ID" && sleep 60
fi
exit "$status"
