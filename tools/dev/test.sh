# Unit tests, fuzzers, simulated histories, and the suites of tests/. Sourced by ./dev.
#
# What runs inside `check` leaves its counts in build/check/NAME.count as "PASSED FAILED".

dev_test() {
  local preset=${1:-dev}
  local results=$PWD/build/$preset/results
  mkdir -p build/check
  echo "0 1" >build/check/test.count  # Stands if the build fails.
  build "$preset"
  rm -rf "$results"
  mkdir -p "$results"
  local code=0
  GTEST_OUTPUT="json:$results/" ctest --preset "$preset" -j "$(nproc)" --no-tests=error \
    --output-junit "$results/ctest.xml" || code=$?
  tools/dev/count.py unit "$results" >build/check/test.count
  report build/check/test.count || code=1
  return "$code"
}

# report FILE...: prints the sum of counts, the closing line; fails if a test failed.
report() {
  cat "$@" | awk '{ passed += $1; failed += $2 }
                  END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 }'
}

fuzzers() {
  local file folder
  while read -r file; do
    folder=$(dirname "${file#src/}")
    echo "${folder//\//_}_$(basename "$file" .cpp)"
  done < <(git ls-files 'src/*_fuzz.cpp')
}

# fuzz_one NAME SECONDS: its corpus grows in build/fuzz/corpus, what breaks it lies in
# build/fuzz/findings.
fuzz_one() {
  local name=$1 seconds=$2
  local corpus=build/fuzz/corpus/$name
  mkdir -p "$corpus" build/fuzz/findings build/fuzz/logs
  if "build/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/findings/$name-" "$corpus" >"build/fuzz/logs/$name" 2>&1; then
    echo "ok   $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/logs/$name") inputs"
  else
    tail -n 40 "build/fuzz/logs/$name"
    echo "FAIL $name: the input is in build/fuzz/findings, the whole log in build/fuzz/logs/$name"
  fi
}
export -f fuzz_one

dev_fuzz() {
  local seconds=${1:-10} names
  mapfile -t names < <(if [ $# -gt 1 ]; then printf '%s\n' "${@:2}"; else fuzzers; fi)
  mkdir -p build/check
  echo "0 1" >build/check/fuzz.count
  build fuzz "${names[@]}"
  printf '%s\n' "${names[@]}" |
    xargs -P "$(nproc)" -I{} bash -c 'fuzz_one "$@"' _ {} "$seconds" | tee build/fuzz/outcome
  awk '/^ok /{ passed++ } /^FAIL /{ failed++ } END { print passed + 0, failed + 0 }' \
    build/fuzz/outcome >build/check/fuzz.count
  report build/check/fuzz.count
}

suites() { git ls-files 'tests/*/run.py' | cut -d/ -f2 | xargs; }

# dev_suite NAME [ARGS]: tests/NAME/run.py against the release build of the program.
dev_suite() {
  local name=${1:-} code=0
  [ -x "tests/$name/run.py" ] || die "which suite? There are: $(suites)"
  shift
  mkdir -p build/check
  echo "0 1" >build/check/"$name".count
  install_packages tools/packages.txt
  local targets; mapfile -t targets < <(release_targets | grep -v _bench)
  build release holdfast "${targets[@]}" >&2
  install_packages tools/packages-test.txt
  HOLDFAST_BINARY=$PWD/build/release/holdfast PYTHONUNBUFFERED=1 "tests/$name/run.py" "$@" </dev/null 2>&1 |
    tee "build/check/$name.log" || code=$?
  tools/dev/count.py suite "build/check/$name.log" "$code" >"build/check/$name.count"
  return "$code"
}

# Replays what the tests that draw their histories from a seed do with this one.
dev_sim() {
  [[ ${1:-} =~ ^[0-9]+$ ]] || die "which seed? The tests print it when they fail: ./dev sim 42"
  local seed=$1 file name code=0
  while read -r file; do
    name=$(dirname "${file#src/}")
    name=${name//\//_}_test
    build dev "$name" >&2
    HOLDFAST_SEED=$seed "build/dev/$name" --gtest_filter="${2:-$(seeded_tests "$file")}" || code=$?
  done < <(git grep -l 'sim::seeds(' -- 'src/*_test.cpp')
  return "$code"
}

# The test suites in a file, as a filter of GoogleTest.
seeded_tests() {
  sed -nE 's/^TEST(_F|_P)?\((\w+),.*/*\2.*/p' "$1" | sort -u | paste -sd:
}
