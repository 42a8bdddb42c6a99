# What CI runs. Sourced by ./dev.
#
# Each step is a process of its own that streams what it says and leaves its counts in
# build/check/STEP.count; a step that fails does not keep the next from running.

lint_seconds=900  # Enough for every file on two cores that are otherwise idle.
suite_seconds=1200

# step NAME SECONDS COMMAND...: runs it, within that time (0: any), and says how it went.
step() {
  local name=$1 seconds=$2 begun=$SECONDS code=0; shift 2
  say "== $name"
  rm -f "build/check/$name.count"
  timeout --kill-after=30 "$seconds" "$@" </dev/null 2>&1 | sed -u 's/^/   /' || code=$?
  [ "$code" -ne 124 ] || say "   $name took longer than $seconds s and was ended"
  if [ ! -f "build/check/$name.count" ] || [ "$code" -eq 124 ]; then
    echo "0 $((code != 0))" >"build/check/$name.count"
  fi
  local passed failed
  read -r passed failed <"build/check/$name.count"
  if [ "$code" -ne 0 ] && [ "$failed" -eq 0 ]; then
    echo "$passed 1" >"build/check/$name.count"
  fi
  say "== $name: $passed passed, $failed failed, $(((SECONDS - begun) / 60)) min $(((SECONDS - begun) % 60)) s"
}

# dev_check [--full] [--rest]: --rest is for after `./dev test`, whose counts it takes over.
dev_check() {
  local full=() rest=no lint=$lint_seconds fuzz=10 limit=$suite_seconds word
  for word in "$@"; do
    case "$word" in
      --full) full=(--full) lint=0 fuzz=600 limit=0 ;;
      --rest) rest=yes ;;
      *) die "check knows --full, not $word" ;;
    esac
  done
  mkdir -p build/check
  if [ "$rest" = no ]; then
    rm -f build/check/*.count
    step test 0 ./dev test
  fi

  step lint 0 ./dev lint "$lint"
  step fuzz 0 ./dev fuzz "$fuzz"
  # shellcheck disable=SC2046  # Names of targets.
  step release 0 ./dev build release $(install_packages tools/packages.txt; release_targets)
  if has_target release holdfast; then
    local suite
    for suite in smoke cli scale clients powercut conformance; do
      [ -x "tests/$suite/run.py" ] || continue
      step "$suite" "$limit" ./dev suite "$suite" "${full[@]}"
    done
  else
    say "== There is no program yet: its suites wait for it."
  fi

  say ""
  say "In all:"
  report build/check/*.count
}
