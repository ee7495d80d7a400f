#!/usr/bin/env bash
# AutoAttack on 1,024 images in 16 shards, one GPU each: `bash slurm.sh` on a login node.
# A shard that runs out of time, or is preempted, is queued again and goes on where it was.
set -euo pipefail

model=${MODEL:-runs/cifar100}
results=${RESULTS:-runs/cifar100-attack}
images=${IMAGES:-1024}
shards=${SHARDS:-16}
gpu=${GPU:-gpu:1}

attack="crossmax attack $model --device cuda --images $images --order stratified"
array=$(sbatch --parsable --job-name=crossmax --array="0-$((shards - 1))" --gres="$gpu" --cpus-per-task=4 --time=12:00:00 \
  --requeue --open-mode=append --output="$results-%a.log" \
  --wrap="$attack --shard \$SLURM_ARRAY_TASK_ID/$shards --out $results/shard-\$SLURM_ARRAY_TASK_ID")
sbatch --job-name=crossmax-merge --dependency="afterok:$array" --output="$results-merge.log" \
  --wrap="crossmax merge $results/shard-* --out $results/whole && crossmax verify $results/whole"
