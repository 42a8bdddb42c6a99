# Installing what is needed, configuring, building. Sourced by ./dev.

export CCACHE_SLOPPINESS=pch_defines,time_macros  # Lets ccache see through precompiled headers.

say() { printf '%s\n' "$*" >&2; }
die() { say "dev: $*"; exit 1; }

# The packages that FILE names and that are not installed. A line is `PACKAGE`, or
# `PACKAGE unless COMMAND` for what may have come another way.
missing_packages() {
  comm -23 <(wanted_packages "$1" | sort -u) \
           <(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' 2>/dev/null |
               sed -n 's/^ii *//p' | sort -u)
}

wanted_packages() {
  local package word command
  while read -r package word command; do
    [ "$word" = unless ] && command -v "$command" >/dev/null || echo "$package"
  done < <(sed 's/#.*//; /^ *$/d' "$1")
}

# install_packages FILE: installs those Debian packages named in FILE that are missing.
install_packages() {
  command -v dpkg-query >/dev/null || die "this needs Debian 12 or a system like it (no dpkg found)"
  local missing; mapfile -t missing < <(missing_packages "$1")
  [ ${#missing[@]} -gt 0 ] || return 0

  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "needs packages; as root, run: apt-get install ${missing[*]}"
    sudo=(sudo)
    sudo -v || die "needs packages; as root, run: apt-get install ${missing[*]}"
  fi
  local log; log=$(mktemp)
  local lock=(-o DPkg::Lock::Timeout=300)
  {
    "${sudo[@]}" apt-get update -q "${lock[@]}" &&
      "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "${lock[@]}" \
        --no-install-recommends "${missing[@]}"
  } >"$log" 2>&1 </dev/null &
  show_installing "$log" $! "${#missing[@]}"
  wait $! || {
    tail -n 15 "$log" >&2
    die "apt-get could not install: ${missing[*]} (all it said: $log)"
  }
  rm -f "$log"
}

# One line that grows while apt-get, process $2, writes its log $1.
show_installing() {
  local text="Installing Debian packages: $3, and what they need (log: $1)"
  if [ ! -t 2 ]; then
    say "$text"
    return 0
  fi
  while kill -0 "$2" 2>/dev/null; do
    printf '\r%s: %s unpacked, %s set up ' "$text" \
      "$(grep -c '^Unpacking ' "$1")" "$(grep -c '^Setting up ' "$1")" >&2
    sleep 0.5
  done
  printf '\n' >&2
}

# How many compilers may run at a time: one a core, and about 1.5 GiB of memory for each.
jobs_max() {
  local kib cores
  kib=$(sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo)
  cores=$(nproc)
  local room=$((kib / 1572864))
  [ "$room" -ge 1 ] || room=1
  echo $((room < cores ? room : cores))
}

configure() {
  [ "build/$1/build.ninja" -nt CMakePresets.json ] && return 0
  local log; log=$(mktemp)
  cmake --preset "$1" >"$log" 2>&1 || {
    cat "$log" >&2
    rm -f "$log"
    die "cmake could not configure the preset $1"
  }
  rm -f "$log"
}

# build PRESET [TARGET...]: configures when needed, then builds.
build() {
  local preset=$1; shift
  install_packages tools/packages.txt
  configure "$preset"
  cmake --build --preset "$preset" -j "$(jobs_max)" ${1:+--target "$@"} ||
    die "the build of preset $preset failed"
}

# has_target PRESET TARGET, of a preset that is configured.
has_target() { ninja -C "build/$1" -t query "$2" >/dev/null 2>&1; }

# What the suites of tests/ run, and benchmarks, so that they go on compiling; no tests of the parts.
release_targets() {
  configure release
  ninja -C build/release -t targets all |
    sed -nE '/^cmake_/d; s/^(holdfast|powercut_fs|\w+_bench): (phony|CXX_EXECUTABLE.*)$/\1/p'
}

dev_build() {
  local preset=${1:-release}
  [ $# -eq 0 ] || shift
  build "$preset" "$@"
}

dev_up() {
  [ -e build/release/holdfast ] || say "The first build takes some minutes."
  build release holdfast >&2
  exec build/release/holdfast up "$@"
}
