#include "codec/aead.h"

#include "base/check.h"

#include <openssl/evp.h>

#include <algorithm>

namespace holdfast::codec {
namespace {

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// Looking an algorithm up costs more than encrypting a block, so it is done once.
const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return fetched;
}

const unsigned char* raw(ByteView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(MutableByteView bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}
int size_of(ByteView bytes) {
  check(bytes.size() <= aead_message_bytes_max, "a message for AES-GCM has at most 1 GiB");
  return static_cast<int>(bytes.size());
}

// What OpenSSL cannot fail at other than by being out of memory or misused.
void must(int done) {
  check(done == 1, "AES-GCM works");
}

Context make_context(const SecretKey& key, bool sealing) {
  Context context(EVP_CIPHER_CTX_new());
  check(context != nullptr && cipher() != nullptr, "AES-256-GCM is there");
  must(EVP_CipherInit_ex2(context.get(), cipher(), raw(key.view()), nullptr, sealing, nullptr));
  return context;
}

}  // namespace

struct Aead::State {
  Context sealing;
  Context opening;
};

Aead::Aead(const SecretKey& key)
    : state_(std::make_unique<State>(make_context(key, true), make_context(key, false))) {}
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

void Aead::seal(const AeadNonce& nonce, ByteView associated, ByteView plain, MutableByteView out) {
  check(out.size() == plain.size() + aead_tag_bytes, "there is room for ciphertext and tag");
  EVP_CIPHER_CTX* const context = state_->sealing.get();
  int size = 0;
  must(EVP_EncryptInit_ex2(context, nullptr, nullptr, raw(nonce), nullptr));
  if (!associated.empty()) {
    must(EVP_EncryptUpdate(context, nullptr, &size, raw(associated), size_of(associated)));
  }
  if (!plain.empty()) {
    must(EVP_EncryptUpdate(context, raw(out), &size, raw(plain), size_of(plain)));
  }
  const MutableByteView tag = out.last(aead_tag_bytes);
  must(EVP_EncryptFinal_ex(context, raw(tag), &size));
  must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, aead_tag_bytes, raw(tag)));
}

Result<void> Aead::open(const AeadNonce& nonce, ByteView associated, ByteView sealed,
                        MutableByteView out) {
  if (sealed.size() < aead_tag_bytes) {
    return fail(ErrorCode::corrupt, "decrypt: shorter than its tag");
  }
  check(out.size() == sealed.size() - aead_tag_bytes, "there is room for the plain bytes");
  EVP_CIPHER_CTX* const context = state_->opening.get();
  std::array<std::byte, aead_tag_bytes> tag;
  std::ranges::copy(sealed.last(aead_tag_bytes), tag.begin());
  const ByteView ciphertext = sealed.first(out.size());
  int size = 0;
  must(EVP_DecryptInit_ex2(context, nullptr, nullptr, raw(nonce), nullptr));
  must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, aead_tag_bytes, tag.data()));
  if (!associated.empty()) {
    must(EVP_DecryptUpdate(context, nullptr, &size, raw(associated), size_of(associated)));
  }
  if (!ciphertext.empty()) {
    must(EVP_DecryptUpdate(context, raw(out), &size, raw(ciphertext), size_of(ciphertext)));
  }
  unsigned char nothing = 0;
  if (EVP_DecryptFinal_ex(context, &nothing, &size) != 1) {
    std::ranges::fill(out, std::byte{0});
    return fail(ErrorCode::corrupt, "decrypt: the tag does not match");
  }
  return {};
}

}  // namespace holdfast::codec
