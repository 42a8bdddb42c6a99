#include "slot/log_format.h"

#include "base/check.h"
#include "codec/checksum.h"
#include "wire/envelope.h"
#include "wire/reader.h"
#include "wire/writer.h"

#include <algorithm>

namespace holdfast::slot {
namespace {

constexpr wire::Format file_format{.magic = "HFLOGFIL", .version = 1};
constexpr std::size_t file_payload_bytes =
    GenerationId::size + FileNonce::size + 8 + 8 + ChainHash::size;
constexpr std::string_view frame_magic = "HFfr";

}  // namespace

AlignedBuffer encode_log_file_header(const LogFileHeader& header) {
  wire::Writer payload(file_payload_bytes);
  payload.put_id(header.generation);
  payload.put_id(header.nonce);
  payload.put_u64(header.number);
  payload.put_u64(header.before.sequence);
  payload.put_id(header.before.chain);
  const Bytes enclosed = wire::enclose(file_format, payload.view());
  AlignedBuffer block(log_block_bytes);
  std::ranges::fill(std::ranges::copy(enclosed, block.data()).out, block.data() + block.size(),
                    std::byte{0});
  return block;
}

Result<LogFileHeader> decode_log_file_header(ByteView block) {
  const std::size_t size = wire::envelope_bytes + file_payload_bytes;
  TRY_LET(const auto opened,
          wire::open_envelope(file_format, block.first(std::min(size, block.size()))));
  wire::Reader reader(opened.payload);
  LogFileHeader header;
  TRY_LET(header.generation, reader.take_id<GenerationId>());
  TRY_LET(header.nonce, reader.take_id<FileNonce>());
  TRY_LET(header.number, reader.take_u64());
  TRY_LET(header.before.sequence, reader.take_u64());
  TRY_LET(header.before.chain, reader.take_id<ChainHash>());
  TRY(reader.finish());
  return header;
}

AlignedBuffer encode_frame(const FileNonce& nonce, const LogTail& before, const LogTail& after,
                           std::span<const ByteView> records) {
  check(!records.empty() && records.size() <= frame_records_max, "a frame has 1 to 65,536 records");
  check(after.sequence - before.sequence == records.size(), "a frame numbers each of its records");
  std::size_t record_bytes = 0;
  for (const ByteView record : records) record_bytes += record.size();
  check(record_bytes <= batch_bytes_max, "the records of a frame are bounded");
  const std::size_t size = frame_head_bytes + 4 * records.size() + record_bytes;

  wire::Writer head(frame_head_bytes + 4 * records.size());
  head.put_raw(as_bytes(frame_magic));
  head.put_u32(std::uint32_t{0});  // The checksum, below.
  head.put_u32(static_cast<std::uint32_t>(size));
  head.put_u32(static_cast<std::uint32_t>(records.size()));
  head.put_id(nonce);
  head.put_u64(before.sequence);
  head.put_id(before.chain);
  head.put_id(after.chain);
  for (const ByteView record : records) head.put_u32(static_cast<std::uint32_t>(record.size()));

  AlignedBuffer frame(padded_frame_bytes(records.size(), record_bytes));
  std::byte* end = std::ranges::copy(head.view(), frame.data()).out;
  for (const ByteView record : records) end = std::ranges::copy(record, end).out;
  std::fill(end, frame.data() + frame.size(), std::byte{0});

  wire::Writer checksum(4);
  checksum.put_u32(
      codec::crc32c(frame.view().subspan(frame_checksum_end, size - frame_checksum_end)));
  std::ranges::copy(checksum.view(), frame.data() + frame_magic.size());
  return frame;
}

std::optional<FrameHead> find_frame(ByteView block, const FileNonce& nonce) {
  if (block.size() < frame_head_bytes || as_text(block.first(4)) != frame_magic) {
    return std::nullopt;
  }
  wire::Reader reader(block.subspan(4));
  FrameHead head;
  head.checksum = reader.take_u32().value();
  head.size = reader.take_u32().value();
  head.record_count = reader.take_u32().value();
  if (reader.take_id<FileNonce>().value() != nonce) return std::nullopt;
  head.before.sequence = reader.take_u64().value();
  head.before.chain = reader.take_id<ChainHash>().value();
  head.after.sequence = head.before.sequence + head.record_count;
  head.after.chain = reader.take_id<ChainHash>().value();
  const bool is_plausible = head.record_count >= 1 && head.record_count <= frame_records_max &&
                            head.size >= frame_head_bytes + 4 * std::size_t{head.record_count} &&
                            head.size <= frame_bytes_max &&
                            head.after.sequence > head.before.sequence;
  return is_plausible ? std::optional(head) : std::nullopt;
}

Result<std::vector<ByteView>> decode_frame(ByteView frame, const FileNonce& nonce) {
  const auto head = find_frame(frame, nonce);
  if (!head || head->size > frame.size() ||
      codec::crc32c(frame.subspan(frame_checksum_end, head->size - frame_checksum_end)) !=
          head->checksum) {
    return fail(ErrorCode::corrupt, "not a whole frame");
  }
  wire::Reader sizes(frame.subspan(frame_head_bytes, 4 * std::size_t{head->record_count}));
  wire::Reader contents(frame.first(head->size).subspan(frame_head_bytes + sizes.rest().size()));
  std::vector<ByteView> records;
  records.reserve(head->record_count);
  while (!sizes.is_at_end()) {
    TRY_LET(const std::uint32_t size, sizes.take_u32());
    TRY_LET(const ByteView record, contents.take_raw(size));
    records.push_back(record);
  }
  TRY(contents.finish());
  return records;
}

}  // namespace holdfast::slot
