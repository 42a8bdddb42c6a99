#include "slot/local_log.h"

#include "base/log.h"
#include "base/number.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::slot {
namespace {

constexpr std::string_view file_suffix = ".log";
constexpr std::size_t run_bytes_max = 1 * mib;

std::string head_path(const std::string& folder) {
  return folder + "/head";
}

std::optional<std::uint64_t> number_of(std::string_view name) {
  if (!name.ends_with(file_suffix)) return std::nullopt;
  name.remove_suffix(file_suffix.size());
  return parse_number<std::uint64_t>(name, 16);
}

LogTail extend(LogTail tail, std::span<const ByteView> records) {
  for (const ByteView record : records) {
    tail.chain = extend_chain(tail.chain, ++tail.sequence, record);
  }
  return tail;
}

Result<void> check_batch(std::span<const ByteView> records) {
  std::size_t bytes = 0;
  for (const ByteView record : records) {
    if (record.size() > record_bytes_max) {
      return fail(ErrorCode::invalid, fmt::format("a record of {} bytes", record.size()));
    }
    bytes += record.size();
  }
  if (records.empty() || records.size() > frame_records_max || bytes > batch_bytes_max) {
    return fail(ErrorCode::invalid,
                fmt::format("an append of {} records of {} bytes", records.size(), bytes));
  }
  return {};
}

}  // namespace

std::string LocalLog::path_of(std::uint64_t number) const {
  return fmt::format("{}/{:016x}{}", folder_, number, file_suffix);
}

Task<Result<std::unique_ptr<LocalLog>>> LocalLog::create(Surroundings around, std::string folder,
                                                         LogHead head, LocalLog* old) {
  std::unique_ptr<LocalLog> log(new LocalLog(around, std::move(folder)));
  log->tail_ = head.start;
  head.first_sequence = head.start.sequence + 1;
  log->head_ = std::move(head);  // The first file names the generation.
  if (old != nullptr) {
    CO_TRY(co_await log->begin_with(*old));
  }
  CO_TRY(co_await log->add_file(log_block_bytes));
  // The head comes last: a folder without one is a log that nobody was told of.
  head = log->head_;
  head.synced = log->tail_;
  CO_TRY(co_await log->save_head(std::move(head)));
  co_return log;
}

Task<Result<std::unique_ptr<LocalLog>>> LocalLog::open(Surroundings around, std::string folder) {
  std::unique_ptr<LocalLog> log(new LocalLog(around, std::move(folder)));
  CO_TRY(co_await log->load());
  co_return log;
}

Task<Result<void>> LocalLog::load() {
  CO_TRY_LET(const Bytes bytes,
             co_await env::read_file(around_.disk, head_path(folder_), log_head_bytes_max));
  auto head = decode_log_head(bytes);
  if (!head) {
    co_return std::unexpected(std::move(head).error().within(around_.shown(head_path(folder_))));
  }
  head_ = std::move(*head);

  CO_TRY_LET(const auto entries, co_await around_.disk.list(folder_));
  std::vector<std::uint64_t> numbers;
  for (const env::Entry& entry : entries) {
    if (const auto number = number_of(entry.name)) numbers.push_back(*number);
  }
  // The newest files without a gap; what is below one was forgotten, if all is well.
  std::size_t first = numbers.empty() ? 0 : numbers.size() - 1;
  while (first > 0 && numbers[first - 1] + 1 == numbers[first]) --first;

  for (std::size_t i = first; i < numbers.size() && damage_.empty(); ++i) {
    CO_TRY(co_await load_file(numbers[i]));
  }
  if (files_.empty()) {
    if (damage_.empty()) damage_ = "it has no files";
    co_return Result<void>();
  }
  const std::uint64_t oldest = files_.front().before.sequence + 1;
  if (damage_.empty() && oldest > head_.first_sequence) {
    damage_ = fmt::format("records from {} to {} are missing", head_.first_sequence, oldest - 1);
  }
  const LogTail& known = head_.end.value_or(head_.synced);
  if (damage_.empty() && tail_.sequence < known.sequence) {
    damage_ = fmt::format("records from {} to {} are missing", tail_.sequence + 1, known.sequence);
  }
  if (!damage_.empty()) co_return Result<void>();

  is_tail_synced_ = files_.back().frames.empty();
  for (std::size_t i = 0; i < first; ++i) {
    const std::string path = path_of(numbers[i]);
    CO_TRY(co_await around_.disk.remove(path));
  }
  co_return co_await drop_forgotten_files();
}

Task<Result<void>> LocalLog::load_file(std::uint64_t number) {
  const std::string path = path_of(number);
  CO_TRY_LET(auto file, co_await around_.disk.open(path, {.write = true, .direct = true}));
  const auto header = co_await read_log_file_header(*file);
  if (!header && header.error().code() != ErrorCode::corrupt) {
    co_return std::unexpected(header.error());
  }
  const bool is_ours =
      header && (header->generation == head_.generation ||
                 std::ranges::find(head_.origins, header->generation) != head_.origins.end());
  if (!is_ours || header->number != number || (!files_.empty() && header->before != tail_)) {
    damage_ =
        !header ? fmt::format("{}: {}", around_.shown(path), header.error().context())
                : fmt::format("{} does not follow record {}", around_.shown(path), tail_.sequence);
    co_return Result<void>();
  }
  CO_TRY_LET(LogScan scan, co_await scan_log_file(*file, *header));
  CO_TRY_LET(const std::uint64_t size, co_await file->size());
  tail_ = scan.tail;
  if (scan.is_torn && !scan.is_rotten) {
    log::warning(
        "{}: what follows record {} is not whole and is dropped: a crash cut it short before it "
        "was acknowledged, or the disk has damaged the last record since",
        around_.shown(path), tail_.sequence);
  }
  if (scan.is_rotten) {
    damage_ = fmt::format("{}: record {} is damaged", around_.shown(path), tail_.sequence + 1);
  }
  files_.push_back({.number = number,
                    .generation = header->generation,
                    .nonce = header->nonce,
                    .before = header->before,
                    .size = size,
                    .end = scan.end,
                    .frames = std::move(scan.frames),
                    .file = std::move(file)});
  co_return Result<void>();
}

Task<Result<void>> LocalLog::append(std::uint64_t epoch, LogTail before,
                                    std::span<const ByteView> records) {
  const auto hold = co_await turn_.lock();
  CO_TRY(check_writable(epoch));
  CO_TRY(check_batch(records));
  if (before.sequence > tail_.sequence) {
    co_return fail(ErrorCode::invalid, fmt::format("append after record {}: the log ends at {}",
                                                   before.sequence, tail_.sequence));
  }
  CO_TRY(co_await sync_found_tail());
  if (before != tail_) {
    CO_TRY(co_await check_repeated(before, records));
    const std::uint64_t known = tail_.sequence - before.sequence;
    if (known >= records.size()) co_return Result<void>();
    records = records.subspan(known);
  }
  co_return co_await write_frame(extend(tail_, records), records);
}

Task<Result<void>> LocalLog::write_frame(LogTail after, std::span<const ByteView> records) {
  File* file = &files_.back();
  const AlignedBuffer frame = encode_frame(file->nonce, tail_, after, records);
  if (file->end + frame.size() > file->size) {
    CO_TRY(co_await erase_refused());
    CO_TRY(co_await add_file(frame.size()));
    // The new file's nonce belongs into the frame; rare enough to encode it again.
    co_return co_await write_frame(after, records);
  }
  if (auto written = co_await file->file->write_durably(file->end, frame.view()); !written) {
    has_failed_ = written.error().code() != ErrorCode::full;
    has_refused_ = true;
    co_return written;
  }
  has_refused_ = false;
  file->frames.push_back({.offset = file->end,
                          .padded_bytes = static_cast<std::uint32_t>(frame.size()),
                          .first_sequence = tail_.sequence + 1});
  file->end += frame.size();
  tail_ = after;
  co_return Result<void>();
}

// A frame that found no room may lie in the file all the same. Where the log goes on there it is
// written over; where it goes on in another file, it must not be taken for one of the log's.
Task<Result<void>> LocalLog::erase_refused() {
  if (!has_refused_) co_return Result<void>();
  const File& file = files_.back();
  AlignedBuffer zeros(log_block_bytes);
  std::ranges::fill(zeros.view(), std::byte{0});
  CO_TRY(co_await file.file->write_durably(file.end, zeros.view()));
  has_refused_ = false;
  co_return Result<void>();
}

// A file with room for a frame of `frame_bytes`, in which the log goes on.
Task<Result<void>> LocalLog::add_file(std::size_t frame_bytes) {
  CO_TRY_LET(const std::string spare, co_await around_.spares.take(log_block_bytes + frame_bytes));
  const LogFileHeader header{.generation = head_.generation,
                             .nonce = around_.random.draw<FileNonce>(),
                             .number = files_.empty() ? 1 : files_.back().number + 1,
                             .before = tail_};
  CO_TRY_LET(auto file, co_await around_.disk.open(spare, {.write = true, .direct = true}));
  CO_TRY_LET(const std::uint64_t size, co_await file->size());
  const AlignedBuffer block = encode_log_file_header(header);
  CO_TRY(co_await file->write(0, block.view()));
  CO_TRY(co_await file->sync());
  CO_TRY(co_await around_.disk.rename(spare, path_of(header.number)));
  // In this order: after a crash it may be nowhere, but not in two places.
  CO_TRY(co_await around_.spares.sync());
  CO_TRY(co_await around_.disk.sync_folder(folder_));
  files_.push_back({.number = header.number,
                    .generation = header.generation,
                    .nonce = header.nonce,
                    .before = tail_,
                    .size = size,
                    .end = log_block_bytes,
                    .frames = {},
                    .file = std::move(file)});
  co_return Result<void>();
}

// What was written just before an earlier process ended may be readable without being durable.
Task<Result<void>> LocalLog::sync_found_tail() {
  if (is_tail_synced_) co_return Result<void>();
  if (auto synced = co_await files_.back().file->sync(); !synced) {
    has_failed_ = true;
    co_return synced;
  }
  is_tail_synced_ = true;
  co_return Result<void>();
}

// Whether what the log holds already of `records` is the same: equal chains mean equal records.
Task<Result<void>> LocalLog::check_repeated(LogTail before, std::span<const ByteView> records) {
  const std::uint64_t common =
      std::min<std::uint64_t>(tail_.sequence - before.sequence, records.size());
  const LogTail theirs = extend(before, records.first(common));
  CO_TRY_LET(const ChainHash ours, co_await chain_at(theirs.sequence));
  if (ours != theirs.chain) {
    co_return fail(ErrorCode::conflict,
                   fmt::format("the log has other records up to {}", theirs.sequence));
  }
  co_return Result<void>();
}

Task<Result<ChainHash>> LocalLog::chain_at(std::uint64_t sequence) {
  if (sequence == tail_.sequence) co_return tail_.chain;
  // In the last file that begins at or before it.
  auto file = std::ranges::upper_bound(files_, sequence, {},
                                       [](const File& each) { return each.before.sequence; });
  if (file == files_.begin() || sequence > tail_.sequence) {
    co_return fail(ErrorCode::invalid, fmt::format("record {} is not in the log", sequence));
  }
  --file;
  if (file->before.sequence == sequence) co_return file->before.chain;
  const FramePlace& place =
      *std::prev(std::ranges::upper_bound(file->frames, sequence, {}, &FramePlace::first_sequence));
  AlignedBuffer frame(place.padded_bytes);
  CO_TRY(co_await file->file->read(place.offset, frame.view()));
  CO_TRY_LET(const auto records, decode_frame(frame.view(), file->nonce));
  const LogTail before = find_frame(frame.view(), file->nonce)->before;
  co_return extend(before, std::span(records).first(sequence - before.sequence)).chain;
}

Task<Result<LocalLog::Fenced>> LocalLog::fence(std::uint64_t epoch) {
  const auto hold = co_await turn_.lock();
  CO_TRY(check_whole());
  if (epoch < head_.epoch) {
    co_return fail(ErrorCode::conflict, fmt::format("fence at epoch {}: it is fenced at {} already",
                                                    epoch, head_.epoch));
  }
  CO_TRY(co_await sync_found_tail());
  const std::uint64_t before = head_.first_sequence - 1;
  CO_TRY_LET(const ChainHash chain, co_await chain_at(before));
  LogHead head = head_;
  head.epoch = epoch;
  head.synced = tail_;
  CO_TRY(co_await save_head(std::move(head)));
  co_return Fenced{.before = {.sequence = before, .chain = chain}, .tail = tail()};
}

Task<Result<std::vector<LogRecord>>> LocalLog::read(std::uint64_t from, std::size_t bytes_max) {
  const auto hold = co_await turn_.lock();
  if (from < head_.first_sequence) {
    co_return fail(ErrorCode::not_found, fmt::format("record {}: those before {} are forgotten",
                                                     from, head_.first_sequence));
  }
  Reading reading{.next = from, .last = tail().sequence, .bytes_left = bytes_max, .found = {}};
  for (std::size_t i = 0; i < files_.size() && !reading.is_done(); ++i) {
    CO_TRY(co_await read_file(files_[i], reading));
  }
  if (reading.found.empty()) {
    CO_TRY(check_whole());
  }
  co_return std::move(reading.found);
}

// Goes on with `reading` in this file, in runs of frames.
Task<Result<void>> LocalLog::read_file(const File& file, Reading& reading) {
  const auto& frames = file.frames;
  auto frame = std::ranges::upper_bound(frames, reading.next, {}, &FramePlace::first_sequence);
  if (frame != frames.begin()) --frame;
  while (frame != frames.end() && !reading.is_done()) {
    const auto first = frame;
    std::size_t run = 0;
    while (frame != frames.end() && (run == 0 || run + frame->padded_bytes <= run_bytes_max)) {
      run += (frame++)->padded_bytes;
    }
    AlignedBuffer buffer(run);
    CO_TRY(co_await file.file->read(first->offset, buffer.view()));
    for (auto each = first; each != frame && !reading.is_done(); ++each) {
      const auto records =
          decode_frame(buffer.view().subspan(each->offset - first->offset), file.nonce);
      if (records) {
        reading.take(each->first_sequence, *records);
      } else if (reading.found.empty()) {
        co_return fail(ErrorCode::corrupt,
                       fmt::format("{}: record {} is damaged", around_.shown(path_of(file.number)),
                                   each->first_sequence));
      } else {
        reading.last = reading.next - 1;  // Whoever asks for the next one is told.
      }
    }
  }
  co_return Result<void>();
}

void LocalLog::Reading::take(std::uint64_t first, std::span<const ByteView> records) {
  for (std::size_t i = 0; i < records.size() && !is_done(); ++i) {
    if (first + i < next) continue;
    const std::size_t size = records[i].size();
    if (!found.empty() && size > bytes_left) {
      last = next - 1;
      return;
    }
    bytes_left -= std::min(bytes_left, size);
    found.push_back({.sequence = next++, .content = to_bytes(records[i])});
  }
}

Task<Result<void>> LocalLog::truncate(std::uint64_t epoch, std::uint64_t until) {
  const auto hold = co_await turn_.lock();
  CO_TRY(check_writable(epoch));
  if (until > tail_.sequence + 1) {
    co_return fail(ErrorCode::invalid, fmt::format("forget records up to {}: the log ends at {}",
                                                   until - 1, tail_.sequence));
  }
  if (until > head_.first_sequence) {
    LogHead head = head_;
    head.first_sequence = until;
    head.synced = tail_;
    CO_TRY(co_await save_head(std::move(head)));
  }
  co_return co_await drop_forgotten_files();
}

Task<Result<void>> LocalLog::drop_forgotten_files() {
  while (files_.size() > 1 && files_[1].before.sequence < head_.first_sequence) {
    const std::string path = path_of(files_.front().number);
    const std::uint64_t size = files_.front().size;
    const bool is_shared = files_.front().generation != head_.generation;
    files_.pop_front();
    if (is_shared) {
      CO_TRY(co_await around_.disk.remove(path));
      CO_TRY(co_await around_.disk.sync_folder(folder_));
    } else {
      CO_TRY(co_await around_.spares.give(folder_, path.substr(folder_.size() + 1), size));
    }
  }
  // What a log as long as this may need before its next truncation, about.
  co_return co_await around_.spares.shed(std::max<std::size_t>(1, files_.size() / 2));
}

Task<Result<void>> LocalLog::cut(std::uint64_t epoch, LogTail end) {
  const auto hold = co_await turn_.lock();
  if (head_.end == end) co_return Result<void>();
  CO_TRY(check_writable(epoch));
  if (end.sequence > tail_.sequence) {
    co_return fail(ErrorCode::invalid, fmt::format("cut after record {}: the log ends at {}",
                                                   end.sequence, tail_.sequence));
  }
  CO_TRY_LET(const ChainHash chain, co_await chain_at(end.sequence));
  if (chain != end.chain) {
    co_return fail(ErrorCode::conflict,
                   fmt::format("cut after record {}: it is another one here", end.sequence));
  }
  LogHead head = head_;
  head.end = end;
  co_return co_await save_head(std::move(head));
}

Task<Result<void>> LocalLog::save_head(LogHead head) {
  const Bytes bytes = encode_log_head(head);
  CO_TRY(co_await around_.small_files.replace(head_path(folder_), bytes));
  head_ = std::move(head);
  co_return Result<void>();
}

Task<void> LocalLog::retire() {
  const auto hold = co_await turn_.lock();
  files_.clear();
  has_failed_ = true;
}

Task<Result<void>> LocalLog::close() {
  const auto hold = co_await turn_.lock();
  if (has_failed_ || !is_tail_synced_ || is_damaged() || head_.synced == tail_) {
    co_return Result<void>();
  }
  LogHead head = head_;
  head.synced = tail_;
  co_return co_await save_head(std::move(head));
}

std::uint64_t LocalLog::size_bytes() const {
  std::uint64_t size = 0;
  for (const File& file : files_) size += file.size;
  return size;
}

Result<void> LocalLog::check_whole() const {
  if (is_damaged())
    return fail(ErrorCode::corrupt, fmt::format("log {}: {}", around_.shown(folder_), damage_));
  if (files_.empty()) return fail(ErrorCode::not_found, fmt::format("log {} is removed", folder_));
  return {};
}

Result<void> LocalLog::check_writable(std::uint64_t epoch) const {
  TRY(check_whole());
  if (epoch < head_.epoch) {
    return fail(ErrorCode::conflict, fmt::format("log {} is fenced at epoch {}, the writer has {}",
                                                 folder_, head_.epoch, epoch));
  }
  if (head_.end) {
    return fail(ErrorCode::conflict,
                fmt::format("log {} has ended at record {}", folder_, head_.end->sequence));
  }
  if (has_failed_) {
    return fail(ErrorCode::io, fmt::format("log {}: an earlier write failed", folder_));
  }
  return {};
}

}  // namespace holdfast::slot
