# Installing what is needed, configuring, building. Sourced by ./dev.

export CCACHE_SLOPPINESS=pch_defines,time_macros  # Lets ccache see through precompiled headers.

say() { printf '%s\n' "$*" >&2; }
die() { say "dev: $*"; exit 1; }

# install_packages FILE: installs those Debian packages named in FILE that are missing.
install_packages() {
  local missing=() name installed
  installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' 2>/dev/null | sed -n 's/^ii *//p')
  while read -r name; do
    grep -qxF -- "$name" <<<"$installed" || missing+=("$name")
  done < <(sed 's/#.*//; /^ *$/d; s/ *$//' "$1")
  [ ${#missing[@]} -gt 0 ] || return 0

  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "needs packages; as root, run: apt-get install ${missing[*]}"
    sudo=(sudo)
  fi
  local log; log=$(mktemp)
  say "Installing ${#missing[@]} Debian packages (log: $log) ..."
  {
    "${sudo[@]}" apt-get update -q &&
      "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
        --no-install-recommends "${missing[@]}"
  } >"$log" 2>&1 </dev/null || {
    tail -n 15 "$log" >&2
    die "apt-get could not install: ${missing[*]} (whole log: $log)"
  }
  rm -f "$log"
}

# build PRESET [TARGET...]: configures when needed, then builds.
build() {
  local preset=$1; shift
  install_packages tools/packages.txt
  if [ ! -f "build/$preset/build.ninja" ]; then
    cmake --preset "$preset" >/dev/null || die "cmake could not configure the preset $preset"
  fi
  if [ $# -gt 0 ]; then
    cmake --build --preset "$preset" --target "$@"
  else
    cmake --build --preset "$preset"
  fi
}

dev_build() {
  local preset=${1:-release}
  [ $# -eq 0 ] || shift
  build "$preset" "$@"
}

dev_up() {
  build release holdfast >&2
  exec build/release/holdfast up "$@"
}
