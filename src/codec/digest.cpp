#include "codec/digest.h"

#include "base/check.h"
#include "codec/secret.h"

#include <openssl/evp.h>

#include <algorithm>

namespace holdfast::codec {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using OwnedContext = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// Looking an algorithm up takes longer than a short digest, so it is done once.
const EVP_MD* algorithm(DigestKind kind) {
  static const EVP_MD* const md5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const EVP_MD* const sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
  switch (kind) {
    case DigestKind::md5:
      return md5;
    case DigestKind::sha1:
      return sha1;
    case DigestKind::sha256:
      return sha256;
    case DigestKind::sha512:
      return sha512;
  }
  return nullptr;
}

void must(int done) {
  check(done == 1, "OpenSSL computes a digest");
}

OwnedContext make_context() {
  OwnedContext context(EVP_MD_CTX_new());
  check(context != nullptr, "there is memory for a digest");
  return context;
}

void start(EVP_MD_CTX* context, DigestKind kind) {
  must(EVP_DigestInit_ex2(context, algorithm(kind), nullptr));
}
void feed(EVP_MD_CTX* context, ByteView bytes) {
  must(EVP_DigestUpdate(context, bytes.data(), bytes.size()));
}
void end(EVP_MD_CTX* context, MutableByteView out) {
  must(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(out.data()), nullptr));
}

}  // namespace

struct DigestState::Context {
  OwnedContext openssl = make_context();
};

DigestState::DigestState(DigestKind kind) : kind_(kind), context_(std::make_unique<Context>()) {
  start(context_->openssl.get(), kind_);
}
DigestState::DigestState(DigestState&&) noexcept = default;
DigestState& DigestState::operator=(DigestState&&) noexcept = default;
DigestState::~DigestState() = default;

void DigestState::update(ByteView bytes) {
  feed(context_->openssl.get(), bytes);
}

void DigestState::finish(MutableByteView out) {
  check(out.size() == digest_size(kind_), "there is room for the digest");
  end(context_->openssl.get(), out);
  start(context_->openssl.get(), kind_);
}

Sha256::Value hmac_sha256(ByteView key, ByteView message) {
  constexpr std::size_t block_bytes = 64;
  constexpr std::byte inner_pad{0x36};
  constexpr std::byte outer_pad{0x5c};
  // One context a thread: OpenSSL reuses its memory as long as the algorithm stays the same.
  thread_local const OwnedContext owned = make_context();
  EVP_MD_CTX* const context = owned.get();

  std::array<std::byte, block_bytes> pad{};
  if (key.size() > block_bytes) {
    start(context, DigestKind::sha256);
    feed(context, key);
    end(context, MutableByteView(pad).first(digest_size(DigestKind::sha256)));
  } else {
    std::ranges::copy(key, pad.begin());
  }
  for (std::byte& byte : pad) byte ^= inner_pad;
  Sha256::Value value;
  start(context, DigestKind::sha256);
  feed(context, pad);
  feed(context, message);
  end(context, value);
  for (std::byte& byte : pad) byte ^= inner_pad ^ outer_pad;
  start(context, DigestKind::sha256);
  feed(context, pad);
  feed(context, value);
  end(context, value);
  wipe(pad);
  return value;
}

}  // namespace holdfast::codec
