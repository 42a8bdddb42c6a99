// Checksums, digests, base64.
#include "codec/checksum.h"
#include "base/hex.h"
#include "codec/base64.h"
#include "codec/digest.h"

#include <gtest/gtest.h>

#include <random>

namespace holdfast::codec {
namespace {

const ByteView nine_digits = as_bytes("123456789");

Bytes noise(std::size_t size) {
  std::mt19937_64 generator(size);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(generator() >> 56);
  return bytes;
}

// One bit at a time, straight from the definition.
template <class Word>
Word by_definition(ByteView bytes, Word reflected_polynomial) {
  Word state = static_cast<Word>(~Word{0});
  for (const std::byte byte : bytes) {
    state ^= std::to_integer<Word>(byte);
    for (int i = 0; i < 8; ++i) {
      state = static_cast<Word>((state >> 1) ^ ((state & 1) != 0 ? reflected_polynomial : 0));
    }
  }
  return static_cast<Word>(~state);
}

TEST(ChecksumTest, AgreesWithTheCatalogueOfCrcs) {
  EXPECT_EQ(crc32c(nine_digits), 0xe3069283U);
  EXPECT_EQ(crc32(nine_digits), 0xcbf43926U);
  EXPECT_EQ(crc64nvme(nine_digits), 0xae8b14860a799888U);
  EXPECT_EQ(crc32c({}), 0U);
  EXPECT_EQ(crc32({}), 0U);
  EXPECT_EQ(crc64nvme({}), 0U);
}

TEST(ChecksumTest, EverySizeAgreesWithTheDefinition) {
  const Bytes bytes = noise(700);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const ByteView view = ByteView(bytes).last(size);
    EXPECT_EQ(crc32c(view), by_definition<std::uint32_t>(view, 0x82f63b78)) << size;
    EXPECT_EQ(crc32(view), by_definition<std::uint32_t>(view, 0xedb88320)) << size;
    EXPECT_EQ(crc64nvme(view), by_definition<std::uint64_t>(view, 0x9a6c9329ac4bc9b5)) << size;
  }
}

TEST(ChecksumTest, GoesOnFromTheChecksumBefore) {
  const Bytes bytes = noise(10'000);
  for (const std::size_t at : {0UL, 1UL, 63UL, 64UL, 65UL, 5000UL, 9999UL, 10'000UL}) {
    const ByteView first = ByteView(bytes).first(at);
    const ByteView second = ByteView(bytes).subspan(at);
    EXPECT_EQ(crc32c(second, crc32c(first)), crc32c(bytes));
    EXPECT_EQ(crc32(second, crc32(first)), crc32(bytes));
    EXPECT_EQ(crc64nvme(second, crc64nvme(first)), crc64nvme(bytes));
  }
}

TEST(ChecksumTest, CombinesWithoutTheBytes) {
  const Bytes bytes = noise(10'000);
  for (const std::size_t at : {0UL, 1UL, 17UL, 4096UL, 9999UL, 10'000UL}) {
    const ByteView first = ByteView(bytes).first(at);
    const ByteView second = ByteView(bytes).subspan(at);
    EXPECT_EQ(crc32c_combine(crc32c(first), crc32c(second), second.size()), crc32c(bytes));
    EXPECT_EQ(crc32_combine(crc32(first), crc32(second), second.size()), crc32(bytes));
    EXPECT_EQ(crc64nvme_combine(crc64nvme(first), crc64nvme(second), second.size()),
              crc64nvme(bytes));
  }
}

TEST(DigestTest, AgreesWithThePublishedVectors) {
  EXPECT_EQ(to_hex(Md5::of(as_bytes("abc"))), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(to_hex(Sha1::of(as_bytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(Sha256::of(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(Md5::of({})), "d41d8cd98f00b204e9800998ecf8427e");
}

TEST(DigestTest, PiecesDigestLikeTheWholeAndFinishStartsOver) {
  const Bytes bytes = noise(10'000);
  Sha256 digest;
  for (int round = 0; round < 2; ++round) {
    for (std::size_t at = 0; at < bytes.size(); at += 333) {
      digest.update(ByteView(bytes).subspan(at, std::min<std::size_t>(333, bytes.size() - at)));
    }
    EXPECT_EQ(digest.finish(), Sha256::of(bytes));
  }
}

// RFC 4231, cases 1, 2, 6 and 7.
TEST(HmacTest, AgreesWithThePublishedVectors) {
  EXPECT_EQ(to_hex(hmac_sha256(Bytes(20, std::byte{0x0b}), as_bytes("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const Bytes long_key(131, std::byte{0xaa});
  EXPECT_EQ(to_hex(hmac_sha256(long_key,
                               as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(
      to_hex(hmac_sha256(
          long_key, as_bytes("This is a test using a larger than block-size key and a larger than "
                             "block-size data. The key needs to be hashed before being used by the "
                             "HMAC algorithm."))),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

// RFC 4648, section 10.
TEST(Base64Test, AgreesWithThePublishedVectors) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(to_base64(as_bytes(plain)), text);
    EXPECT_EQ(as_text(from_base64(text).value()), plain);
  }
  EXPECT_EQ(to_base64(from_hex("fbff").value()), "+/8=");
}

TEST(Base64Test, EverythingButTheOneSpellingIsInvalid) {
  for (const std::string_view text : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Z===", "====",
                                      "=Zg=", "Zm9v\n", "Zm9 ", "Zm-_", "Zm9v====", "Zg=a"}) {
    EXPECT_EQ(from_base64(text).error().code(), ErrorCode::invalid) << text;
  }
}

}  // namespace
}  // namespace holdfast::codec
