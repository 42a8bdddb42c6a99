# Benchmarks. Sourced by ./dev.
#
# What is measured is kept in build/bench: NAME.json of each program of the parts, and what
# tests/bench/run.py leaves.

# dev_bench [NAME [ARGS]]: the parts (or the one named), then the whole (alone: `end`, whose ARGS go
# to tests/bench/run.py).
dev_bench() {
  local name=${1:-}
  [ $# -eq 0 ] || shift
  # shellcheck disable=SC2046  # Names of targets.
  build release $(release_targets) >&2
  mkdir -p build/bench
  if [ "$name" != end ]; then
    bench_parts "$name"
    [ -z "$name" ] || return 0
  fi
  HOLDFAST_BINARY=$PWD/build/release/holdfast PYTHONUNBUFFERED=1 \
    tests/bench/run.py --out build/bench "$@"
}

# bench_parts [NAME]: their Google Benchmark programs.
bench_parts() {
  local program name found=no
  for program in build/release/*_bench; do
    name=$(basename "$program" _bench)
    [ -z "$1" ] || [ "$1" = "$name" ] || continue
    found=yes
    say "== $name"
    TEST_TMPDIR=$PWD/build/bench "$program" \
      --benchmark_out="build/bench/$name.json" --benchmark_out_format=json
  done
  [ "$found" = yes ] || die "no benchmark is called $1"
}
