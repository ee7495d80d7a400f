#!/usr/bin/env bash
# Everything that needs a GPU, in less than 8 minutes, with a table at the end.
#
#   tests/gpu.sh --build FOLDER   where there is Rust: collects the programs in FOLDER
#   tests/gpu.sh FOLDER           where there is a GPU: runs them; needs the driver and libnvrtc
#
# Exit code: 0 if every part passed, 1 if any failed, 2 for wrong use. A tool that is missing is
# reported, and is no failure.
set -uo pipefail

usage() {
  sed -n '4,5s/^# *//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

# The program that cargo built for the target named $2, from its messages in the file $1.
executable() {
  sed -n 's/.*"name":"'"$2"'".*"executable":"\([^"]*\)".*/\1/p' "$1" | tail -n 1
}

build() {
  set -e
  local folder=$1 messages name path
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  messages=$folder/cargo.json
  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  {
    cargo test --locked --no-run --message-format=json --test cuda --test nvrtc
    cargo build --locked --release --message-format=json --bin crossmax
    cargo bench --locked --no-run --message-format=json --bench kernels
  } >"$messages"
  for name in cuda nvrtc crossmax kernels; do
    path=$(executable "$messages" "$name")
    if [ -z "$path" ]; then
      echo "cargo built no program called $name" >&2
      exit 1
    fi
    cp "$path" "$folder/$name"
  done
  cp tests/gpu.sh "$folder"
  rm "$messages"
  echo "built: $folder"
}

case "${1:-}" in
  --build)
    [ $# = 2 ] || usage
    build "$2"
    exit
    ;;
  "" | -*) usage ;;
esac
[ $# = 1 ] || usage
if ! folder=$(cd "$1" 2>/dev/null && pwd); then
  echo "$1: expected a folder of programs, found none; make it with tests/gpu.sh --build $1" >&2
  exit 2
fi
for name in cuda nvrtc crossmax kernels; do
  if [ ! -x "$folder/$name" ]; then
    echo "$folder: expected the program $name, found none; make it with tests/gpu.sh --build" >&2
    exit 2
  fi
done

logs=$folder/logs
rm -rf "$logs"
mkdir -p "$logs"
rows=()
failed=0

row() { rows+=("$(printf '%-36s %-30s %6s' "$1" "$2" "$3")"); }

# part NAME SECONDS COMMAND...: runs it within its time, keeps all that it says in logs/NAME.log, shows the end of that,
# adds a row.
part() {
  local name=$1 limit=$2 begin=$SECONDS code=0 result=passed log
  shift 2
  log="$logs/${name//[ ,]/-}.log"
  printf '\n== %s (at most %s s; %s)\n' "$name" "$limit" "$log"
  timeout --kill-after=5 "$limit" "$@" >"$log" 2>&1 || code=$?
  tail -n "${LINES_SHOWN:-25}" "$log"
  # Some virtual machines let no tool near the device.
  if [ $code != 0 ] && grep -q 'Device not supported' "$log"; then
    code=0 result="not supported here"
  fi
  case $code in
    0)
      # A test that was renamed.
      if grep -q '^running 0 tests' "$log"; then
        code=1 result="FAILED: no such test"
      fi
      ;;
    124 | 137) result="FAILED: longer than $limit s" ;;
    *) result="FAILED: exit code $code" ;;
  esac
  [ $code = 0 ] || failed=1
  row "$name" "$result" $((SECONDS - begin))
  return $code
}

finish() {
  printf '\n%-36s %-30s %6s\n' part result s
  printf '%s\n' "${rows[@]}"
  exit $failed
}

printf '== machine\n'
uname -srm
grep -m 1 'model name' /proc/cpuinfo || true
nvidia-smi --query-gpu=name,driver_version,memory.total,compute_cap --format=csv 2>/dev/null ||
  echo "nvidia-smi was not found"

# The folders where libnvrtc may be: named, of a toolkit, of a Python wheel.
nvrtc_folders() {
  tr ':' '\n' <<<"${LD_LIBRARY_PATH:-}"
  printf '%s\n' /usr/local/cuda*/lib64 /usr/local/cuda*/targets/*/lib /usr/lib/*-linux-gnu
  python3 - <<'PYTHON' 2>/dev/null
import glob, site
for folder in site.getsitepackages() + [site.getusersitepackages()]:
    print(*glob.glob(folder + "/nvidia/*/lib"), sep="\n")
PYTHON
  printf '%s\n' target/nvrtc/lib/python3*/site-packages/nvidia/*/lib
}
library=""
while read -r place; do
  [ -n "$place" ] || continue
  for file in "$place"/libnvrtc.so.1[23]; do
    if [ -z "$library" ] && [ -e "$file" ]; then library=$file; fi
  done
done < <(nvrtc_folders)
if [ -z "$library" ]; then
  echo "libnvrtc was not found: install the CUDA toolkit or the Python wheel nvidia-cuda-nvrtc" >&2
  failed=1
  row libnvrtc "FAILED: not found" 0
  finish
fi
echo "libnvrtc: $library"
LD_LIBRARY_PATH=$(dirname "$library")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH CROSSMAX_REQUIRE_NVRTC=1 CROSSMAX_TEST_DEVICE=cuda
# Compiled once for all parts, and anew in every run of this script.
export CROSSMAX_CACHE=$logs/cache

part "doctor" 30 "$folder/crossmax" doctor
part "NVRTC compiles" 30 "$folder/nvrtc" resources::
# The rest would only fail in the same way.
part "the device opens" 30 "$folder/cuda" --exact running_statistics::running_statistics_move_as_on_the_cpu ||
  finish
part "conformance" 130 "$folder/cuda"

small=(--test-threads=1 --exact conv2d_tiles::integers_are_exact_in_every_precision
  reduce::reductions_agree optimisers::steps_give_the_numbers_of_the_cpu_and_share_nothing
  gemm::products_and_their_gradients_agree batch_norm::batch_normalisation_and_its_gradients_agree)
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2>/dev/null | head -n 1)
for tool in memcheck racecheck initcheck synccheck; do
  if [ -n "$sanitizer" ]; then
    # Each allocation of its own length, and none lent again: the tool would see neither.
    part "compute-sanitizer $tool" 30 env CROSSMAX_POOL=exact "$sanitizer" --tool "$tool" --error-exitcode 1 "$folder/cuda" "${small[@]}"
  else
    row "compute-sanitizer $tool" "no such tool here" 0
  fi
done

LINES_SHOWN=200 part "kernel benchmarks" 80 "$folder/kernels" --bench
short=(--preset pocket --device cuda --train-images 1200 --test-images 240 --epochs 2 --attack-images 4
  --iterations 10 --eot 2)
part "replicate, shortened" 40 "$folder/crossmax" replicate "${short[@]}" --out "$logs/run"
part "the same in f16" 30 "$folder/crossmax" replicate "${short[@]}" --precision f16 --out "$logs/half"
finish
