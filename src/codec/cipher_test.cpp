// AES-GCM, HKDF, Argon2id.
#include "base/hex.h"
#include "codec/aead.h"
#include "codec/kdf.h"

#include <gtest/gtest.h>

namespace holdfast::codec {
namespace {

Bytes hex(std::string_view text) {
  return from_hex(text).value();
}

AeadNonce nonce_of(std::string_view text) {
  AeadNonce nonce;
  std::ranges::copy(hex(text), nonce.begin());
  return nonce;
}

// Case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation".
struct GcmCase {
  SecretKey key =
      SecretKey::from(hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
  AeadNonce nonce = nonce_of("cafebabefacedbaddecaf888");
  Bytes associated = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  Bytes plain =
      hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
          "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
  Bytes sealed = hex(
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
};

TEST(AeadTest, AgreesWithThePublishedVector) {
  GcmCase example;
  Aead aead(example.key);
  Bytes sealed(example.plain.size() + aead_tag_bytes);
  aead.seal(example.nonce, example.associated, example.plain, sealed);
  EXPECT_EQ(to_hex(sealed), to_hex(example.sealed));
  Bytes plain(example.plain.size());
  EXPECT_TRUE(aead.open(example.nonce, example.associated, sealed, plain).has_value());
  EXPECT_EQ(plain, example.plain);
}

TEST(AeadTest, AnyFlippedBitIsCorruptAndLeavesZeros) {
  GcmCase example;
  Aead aead(example.key);
  Bytes plain(example.plain.size(), std::byte{1});
  for (std::size_t i = 0; i < example.sealed.size(); ++i) {
    Bytes damaged = example.sealed;
    damaged[i] ^= std::byte{4};
    const auto opened = aead.open(example.nonce, example.associated, damaged, plain);
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code(), ErrorCode::corrupt);
    EXPECT_EQ(plain, Bytes(plain.size()));
  }
  Bytes associated = example.associated;
  associated[0] ^= std::byte{1};
  EXPECT_FALSE(aead.open(example.nonce, associated, example.sealed, plain).has_value());
  EXPECT_FALSE(aead.open(example.nonce, {}, example.sealed, plain).has_value());
  EXPECT_FALSE(
      aead.open(nonce_of("000000000000000000000000"), example.associated, example.sealed, plain)
          .has_value());
  EXPECT_TRUE(aead.open(example.nonce, example.associated, example.sealed, plain).has_value());
}

TEST(AeadTest, SealsAndOpensInPlaceAndWithNothingToSeal) {
  Aead aead(SecretKey::from(Bytes(32, std::byte{3})));
  for (const std::size_t size : {0UL, 1UL, 15UL, 16UL, 17UL, 1000UL, 100'000UL}) {
    Bytes buffer(size + aead_tag_bytes, std::byte{5});
    aead.seal({}, {}, ByteView(buffer).first(size), buffer);
    ASSERT_TRUE(aead.open({}, {}, buffer, MutableByteView(buffer).first(size)).has_value());
    EXPECT_TRUE(std::all_of(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size),
                            [](std::byte byte) { return byte == std::byte{5}; }));
  }
}

TEST(AeadTest, WhatIsShorterThanATagIsCorrupt) {
  Aead aead(SecretKey::from(Bytes(32, std::byte{3})));
  EXPECT_EQ(aead.open({}, {}, Bytes(15), {}).error().code(), ErrorCode::corrupt);
}

// RFC 5869, appendix A.1 and A.3.
TEST(HkdfTest, AgreesWithThePublishedVectors) {
  const Bytes secret(22, std::byte{0x0b});
  Bytes out(42);
  hkdf_sha256(secret, hex("000102030405060708090a0b0c"), hex("f0f1f2f3f4f5f6f7f8f9"), out);
  EXPECT_EQ(to_hex(out),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  hkdf_sha256(secret, {}, {}, out);
  EXPECT_EQ(to_hex(out),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(HkdfTest, PurposesHaveDifferentKeys) {
  const SecretKey key = SecretKey::from(Bytes(32, std::byte{1}));
  EXPECT_NE(to_hex(hkdf_derive(key, as_bytes("one")).view()),
            to_hex(hkdf_derive(key, as_bytes("two")).view()));
}

// From the test suite of the reference implementation.
TEST(Argon2Test, AgreesWithThePublishedVector) {
  const Argon2Parameters parameters{.memory_kib = 65536, .passes = 2, .lanes = 1};
  const auto key = argon2id(as_bytes("password"), as_bytes("somesalt"), parameters);
  EXPECT_EQ(to_hex(key.value().view()),
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
  const auto salted = argon2id(as_bytes("password"), as_bytes("salt"), parameters);
  EXPECT_EQ(salted.error().code(), ErrorCode::invalid);
}

TEST(Argon2Test, HostileParametersAreRefusedBeforeAnyWork) {
  const Bytes salt(16);
  const auto refused = [&](Argon2Parameters parameters) {
    const auto key = argon2id(as_bytes("password"), salt, parameters);
    return !key && key.error().code() == ErrorCode::invalid;
  };
  EXPECT_TRUE(refused({.memory_kib = 1U << 30}));
  EXPECT_TRUE(refused({.memory_kib = 1024}));
  EXPECT_TRUE(refused({.passes = 0}));
  EXPECT_TRUE(refused({.passes = 1'000'000}));
  EXPECT_TRUE(refused({.lanes = 0}));
  EXPECT_TRUE(refused({.lanes = 1000}));
}

}  // namespace
}  // namespace holdfast::codec
