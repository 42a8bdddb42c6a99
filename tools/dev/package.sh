# Packages. Sourced by ./dev.

dev_package() {
  [ -x packaging/make.sh ] || die "there is no packaging yet"
  build release holdfast >&2
  packaging/make.sh build/release/holdfast build/package
}
