#!/usr/bin/env bash
# A study as a Slurm job array, one part a task. Submit with the number of parts you like:
#
#   sbatch --array=0-19 tools/slurm/array.sh scenario.yaml study_folder [option of gridplus study]...
#
# A task that is preempted or reaches its time limit gets SIGTERM, writes a checkpoint and is queued again; one that is killed
# continues from its journal when it is started again. The last task to finish writes study.h5.
#SBATCH --job-name=gridplus
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --requeue
#SBATCH --signal=B:TERM@60
#SBATCH --open-mode=append
set -uo pipefail

gridplus=${GRIDPLUS:-gridplus}
scenario=${1:?the scenario} folder=${2:?the folder of the study}
shift 2

"$gridplus" study "$scenario" -o "$folder" --resume --threads "${SLURM_CPUS_PER_TASK:-1}" \
  --shard "$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN))/$SLURM_ARRAY_TASK_COUNT" "$@" &
study=$!
interrupted=
# Slurm signals this shell; bash runs the trap when `wait` returns, and the study then ends at the next block of steps.
trap 'interrupted=yes; kill -TERM "$study" 2>/dev/null' TERM
wait "$study"
status=$?
while kill -0 "$study" 2>/dev/null; do wait "$study"; status=$?; done
if [ -n "$interrupted" ] && [ "$status" -ne 0 ]; then
  scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" && sleep 60
fi
exit "$status"
