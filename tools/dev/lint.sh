# Format and clang-tidy. Sourced by ./dev.

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

# dev_lint [SECONDS]: all of it, or what fits into that time, the newest files first.
dev_lint() {
  mkdir -p build/check
  echo "0 1" >build/check/lint.count
  install_packages tools/packages.txt
  configure lint
  local code=0
  changed_files 'src/*.h' 'src/*.cpp' | tools/dev/lint.py --seconds "${1:-0}" \
    --count build/check/lint.count || code=$?
  return "$code"
}
