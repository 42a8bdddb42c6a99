# Benchmarks and packages. Sourced by ./dev.

# dev_bench [NAME]: the parts (or the one named), then, where the program is there, the whole.
dev_bench() {
  # shellcheck disable=SC2046  # Names of targets.
  build release $(release_targets) >&2
  mkdir -p build/bench
  local program name found=no
  for program in build/release/*_bench; do
    name=$(basename "$program" _bench)
    [ $# -eq 0 ] || [ "$1" = "$name" ] || continue
    found=yes
    say "== $name"
    "$program" --benchmark_out="build/bench/$name.json" --benchmark_out_format=json
  done
  if [ $# -eq 0 ] || [ "$1" = end ]; then
    [ ! -x tests/bench/run.py ] || {
      found=yes
      HOLDFAST_BINARY=$PWD/build/release/holdfast tests/bench/run.py --out build/bench
    }
  fi
  [ "$found" = yes ] || die "no benchmark is called $1"
}

dev_package() {
  [ -x packaging/make.sh ] || die "there is no packaging yet"
  build release holdfast >&2
  packaging/make.sh build/release/holdfast build/package
}
