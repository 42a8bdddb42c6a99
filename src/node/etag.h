// Entity tags of objects that were written without MD5.
#pragma once

#include "base/hex.h"
#include "codec/blake3.h"

#include <string>

namespace holdfast::node {

// The first half of the content's BLAKE3 hash, and "-1": the form of a tag of several parts, which
// no client takes for an MD5.
inline std::string blake3_etag(const codec::Blake3Hash& hash) {
  return to_hex(ByteView(hash).first(16)) + "-1";
}

}  // namespace holdfast::node
