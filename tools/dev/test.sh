# What a change must pass, and what CI runs. Sourced by ./dev.

dev_test() {
  local preset=${1:-dev}
  build "$preset"
  ctest --preset "$preset" -j "$(nproc)"
}

# Files that differ from the last tag; every file where there is none.
changed_files() {
  local base
  if base=$(git describe --tags --abbrev=0 2>/dev/null); then
    git diff --name-only --diff-filter=d "$base" -- "$@"
  else
    git ls-files -- "$@"
  fi
}

dev_fmt() {
  install_packages tools/packages.txt
  changed_files 'src/*.h' 'src/*.cpp' | xargs --no-run-if-empty clang-format-19 -i
}

dev_lint() {
  install_packages tools/packages.txt
  cmake --preset lint >/dev/null
  changed_files 'src/*.cpp' |
    xargs --no-run-if-empty -P "$(nproc)" -n 4 clang-tidy-19 --quiet -p build/lint
}
