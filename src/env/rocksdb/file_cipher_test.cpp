#include "env/rocksdb/file_cipher.h"

#include <gtest/gtest.h>

#include <string>

namespace holdfast::env::rocksdb {
namespace {

Key key_of(unsigned char first) {
  Key key{};
  key[0] = std::byte{first};
  return key;
}

std::string transform(FileCipher& cipher, std::uint64_t offset, std::string_view from) {
  std::string into(from.size(), '\0');
  cipher.transform(offset, from, into.data());
  return into;
}

TEST(FileCipherTest, AnyPartDeciphersAlone) {
  FileHeader header;
  const auto cipher = TableCipher(key_of(1)).create_file(header);
  std::string plain;
  for (int i = 0; i < 5000; ++i) plain.push_back(static_cast<char>(i * 7));
  const std::string secret = transform(*cipher, 0, plain);
  ASSERT_NE(secret, plain);

  const auto again = TableCipher(key_of(1)).open_file(header).value();
  for (const std::size_t offset : {0U, 1U, 15U, 16U, 17U, 4095U, 4999U}) {
    for (const std::size_t size : {1U, 15U, 16U, 33U, 5000U}) {
      const std::string part = secret.substr(offset, size);
      EXPECT_EQ(transform(*again, offset, part), plain.substr(offset, size)) << offset;
    }
  }
}

TEST(FileCipherTest, FarOffsetsHaveTheirOwnKeyStream) {
  FileHeader header;
  const auto cipher = TableCipher(key_of(1)).create_file(header);
  const std::string zeros(16, '\0');
  EXPECT_NE(transform(*cipher, 0, zeros), transform(*cipher, std::uint64_t{1} << 36, zeros));
  EXPECT_NE(transform(*cipher, 0, zeros), transform(*cipher, std::uint64_t{1} << 12, zeros));
}

TEST(FileCipherTest, NoTwoFilesShareAKeyStream) {
  FileHeader one;
  FileHeader two;
  const std::string zeros(64, '\0');
  const auto first = TableCipher(key_of(1)).create_file(one);
  const auto second = TableCipher(key_of(1)).create_file(two);
  EXPECT_NE(transform(*first, 0, zeros), transform(*second, 0, zeros));
}

TEST(FileCipherTest, AnotherKeyIsDenied) {
  FileHeader header;
  TableCipher(key_of(1)).create_file(header);
  EXPECT_EQ(TableCipher(key_of(2)).open_file(header).error().code(), ErrorCode::denied);
}

TEST(FileCipherTest, EachFlippedBitOfAHeaderIsFound) {
  FileHeader header;
  TableCipher(key_of(1)).create_file(header);
  for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
    FileHeader flipped = header;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    EXPECT_EQ(TableCipher(key_of(1)).open_file(flipped).error().code(), ErrorCode::corrupt) << bit;
  }
}

}  // namespace
}  // namespace holdfast::env::rocksdb
