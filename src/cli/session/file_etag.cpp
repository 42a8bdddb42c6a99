#include "cli/session/file_etag.h"

#include "base/hex.h"
#include "cli/session/local_files.h"
#include "codec/digest.h"
#include "node/etag.h"

namespace holdfast::cli {
namespace {

constexpr std::size_t piece_bytes = 1 * mib;
constexpr std::size_t md5_digits = 32;

template <class Hash>
Result<void> hash_file(const std::string& path, Hash& hash) {
  TRY_LET(LocalFile file, LocalFile::open(path));
  Bytes piece(piece_bytes);
  for (;;) {
    TRY_LET(const std::size_t count, file.read(piece));
    if (count == 0) return {};
    hash.update(ByteView(piece).first(count));
  }
}

}  // namespace

Result<std::string> etag_of_file(const std::string& path, std::string_view example) {
  if (example.size() == md5_digits && example.find('-') == std::string_view::npos) {
    codec::Md5 hash;
    TRY(hash_file(path, hash));
    return to_hex(hash.finish());
  }
  if (example.size() == md5_digits + 2 && example.ends_with("-1")) {
    codec::Blake3 hash;
    TRY(hash_file(path, hash));
    return node::blake3_etag(hash.finish());
  }
  return std::string();
}

}  // namespace holdfast::cli
