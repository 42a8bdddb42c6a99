#include "wire/reader.h"

#include "wire/writer.h"

#include <gtest/gtest.h>

namespace holdfast::wire {
namespace {

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(ReaderTest, ReadsBackWhatWasWritten) {
  const SegmentId segment = SegmentId::from(Bytes(16, std::byte{7}));
  Writer writer;
  writer.put_u8(std::uint8_t{0xfe});
  writer.put_u16(std::uint16_t{0x1234});
  writer.put_u32(std::uint32_t{0x89abcdef});
  writer.put_u64(std::uint64_t{0x0123456789abcdef});
  writer.put_varint(300);
  writer.put_text("name");
  writer.put_id(segment);
  const Bytes bytes = std::move(writer).take();

  Reader reader(bytes);
  EXPECT_EQ(reader.take_u8().value(), 0xfe);
  EXPECT_EQ(reader.take_u16().value(), 0x1234);
  EXPECT_EQ(reader.take_u32().value(), 0x89abcdef);
  EXPECT_EQ(reader.take_u64().value(), 0x0123456789abcdef);
  EXPECT_EQ(reader.take_varint().value(), 300u);
  EXPECT_EQ(reader.take_text(4).value(), "name");
  EXPECT_EQ(reader.take_id<SegmentId>().value(), segment);
  EXPECT_TRUE(reader.finish());
}

TEST(ReaderTest, IntegersAreLittleEndian) {
  Writer writer;
  writer.put_u32(std::uint32_t{0x01020304});
  EXPECT_EQ(std::move(writer).take(), bytes_of({4, 3, 2, 1}));
}

TEST(ReaderTest, EveryVarintComesBack) {
  for (unsigned shift = 0; shift < 64; ++shift) {
    for (const std::uint64_t value :
         {(std::uint64_t{1} << shift) - 1, std::uint64_t{1} << shift, ~std::uint64_t{0} >> shift}) {
      Writer writer;
      writer.put_varint(value);
      Reader reader(writer.view());
      EXPECT_EQ(reader.take_varint().value(), value);
      EXPECT_TRUE(reader.is_at_end());
    }
  }
}

TEST(ReaderTest, AVarintHasOneEncoding) {
  const Bytes padded = bytes_of({0x80, 0x00});
  EXPECT_EQ(Reader(padded).take_varint().error().code(), ErrorCode::corrupt);
  Bytes too_long(9, std::byte{0xff});
  too_long.push_back(std::byte{2});
  EXPECT_EQ(Reader(too_long).take_varint().error().code(), ErrorCode::corrupt);
}

TEST(ReaderTest, EveryPrefixIsRefusedAndLeavesTheReaderInPlace) {
  Writer writer;
  writer.put_bytes(Bytes(200, std::byte{1}));
  for (std::size_t size = 0; size < writer.size(); ++size) {
    Reader reader(writer.view().first(size));
    EXPECT_EQ(reader.take_bytes(1000).error().code(), ErrorCode::corrupt);
    EXPECT_EQ(reader.position(), 0u);
  }
}

TEST(ReaderTest, BoundsHold) {
  Writer writer;
  writer.put_bytes(Bytes(5));
  EXPECT_EQ(Reader(writer.view()).take_bytes(4).error().code(), ErrorCode::corrupt);
  EXPECT_EQ(Reader(writer.view()).take_bytes(5).value().size(), 5u);
  EXPECT_EQ(Reader(writer.view()).take_varint(4).error().code(), ErrorCode::corrupt);
}

TEST(ReaderTest, ACountThatCannotFitIsRefused) {
  Writer writer;
  writer.put_varint(3);
  writer.put_zeros(8);
  EXPECT_EQ(Reader(writer.view()).take_count(3).error().code(), ErrorCode::corrupt);
  EXPECT_EQ(Reader(writer.view()).take_count(2).value(), 3u);
}

TEST(ReaderTest, LeftoversAreReported) {
  const Bytes bytes(2);
  Reader reader(bytes);
  EXPECT_TRUE(reader.take_u8());
  EXPECT_EQ(reader.finish().error().code(), ErrorCode::corrupt);
}

}  // namespace
}  // namespace holdfast::wire
