#!/usr/bin/env bash
# AutoAttack on 1,024 images in 16 shards, one GPU each: `bash slurm.sh` on a login node.
# Two minutes before its time is up Slurm signals a shard: it stops, is queued again and goes on where it was. Slurm itself queues
# again what was preempted or lost its node.
set -euo pipefail

model=${MODEL:-runs/cifar100}
results=${RESULTS:-runs/cifar100-attack}
images=${IMAGES:-1024}
shards=${SHARDS:-16}
gpu=${GPU:-gpu:1}
device=${DEVICE:-cuda}

# Slurm does not make the folder of a log.
mkdir -p "$(dirname "$results")"

attack="crossmax attack $model --device $device --images $images --order stratified"
shard="$attack --shard \$SLURM_ARRAY_TASK_ID/$shards --out $results/shard-\$SLURM_ARRAY_TASK_ID"
# The shell that gets the signal passes it on. Codes: 130, the program stopped and goes on with the same command; 143, the signal ended it.
array=$(sbatch --parsable --job-name=crossmax --array="0-$((shards - 1))" --gres="$gpu" --cpus-per-task=4 --time=12:00:00 \
  --requeue --signal=B:TERM@120 --open-mode=append --output="$results-%a.log" <<JOB
#!/usr/bin/env bash
$shard &
attack=\$!
signalled=no
trap 'signalled=yes; kill -TERM "\$attack"' TERM
wait "\$attack"
code=\$?
if [ "\$signalled" = yes ]; then
  # The signal ended the first wait: this one is for the program.
  wait "\$attack"
  code=\$?
fi
if [ "\$code" -eq 130 ] || [ "\$code" -eq 143 ]; then
  scontrol requeue "\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}"
fi
exit "\$code"
JOB
)
# The same kind of device verifies what it made: others may round differently.
sbatch --job-name=crossmax-merge --dependency="afterok:$array" --gres="$gpu" --cpus-per-task=4 --output="$results-merge.log" \
  --wrap="crossmax merge $results/shard-* --out $results/whole && crossmax verify $results/whole --device $device"
