// OwnedLog is the log of a range while this process owns it: RangeLog in earnest.
#pragma once

#include "base/sync.h"
#include "vault/log_cipher.h"
#include "vault/range_log.h"
#include "vault/replication.h"
#include "vault/take_over.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::vault {

class OwnedLog final : public RangeLog {
 public:
  // The longest that submit() takes.
  static constexpr std::size_t record_bytes_max = slot::record_bytes_max - sealed_record_overhead;

  struct Environment {
    grid::Coordination& coordination;
    std::vector<slot::Slot*> slots;
    const KeyRing& keys;
    env::Clock& clock;
    env::Random& random;
    RangeLogOptions options;
  };

  explicit OwnedLog(Environment environment) : environment_(std::move(environment)) {}

  // Once, before anything else; close() must follow even when it fails.
  Task<Result<void>> take_over();

  Task<Result<void>> replay(std::uint64_t from, ReplayVisitor visitor) override;
  std::uint64_t first_sequence() const override { return first_sequence_; }
  std::uint64_t next_sequence() const override {
    return replication_->tail().sequence + refused_ + 1;
  }
  std::uint64_t submit(Bytes record) override;
  Task<Result<void>> wait_for(std::uint64_t sequence) override;
  std::uint64_t acknowledged() const override { return replication_->acknowledged(); }
  Task<Result<void>> truncate(std::uint64_t until) override;
  std::uint64_t size_bytes() const override { return size_bytes_; }
  bool may_serve() const override { return !is_closing_ && !failure_; }
  bool is_short_of_room() override;
  Task<void> close() override;

 private:
  // Where in the log how many bytes lie below, every so often.
  struct Mark {
    std::uint64_t sequence = 0;
    std::uint64_t bytes = 0;  // Of records before `sequence`, since the log was taken over.
  };

  Task<Result<void>> open_generation(std::vector<SlotId> avoided);
  Task<void> watch();
  Task<void> mend();
  void go_on_with(const Replication& before);
  void fail_all(Error error);
  void push(ByteView record);
  Task<Result<void>> replay_from(slot::Slot& slot, std::uint64_t& next, ReplayVisitor& visitor);
  Task<void> look_for_room();
  void look_for_room_soon();
  void note_size(std::uint64_t sequence, std::uint64_t bytes);
  void note_size_brought();

  Environment environment_;
  boost::asio::any_io_executor executor_;
  OpenGeneration opened_;
  std::optional<RecordSealer> sealer_;
  std::unique_ptr<Replication> replication_;
  std::vector<std::unique_ptr<Replication>> retired_;  // A slot may still hang in one.
  std::optional<Error> failure_;
  WaitList changed_;
  std::uint64_t first_sequence_ = 1;
  std::uint64_t refused_ = 0;  // Records submitted after the end.
  std::uint64_t size_bytes_ = 0;
  std::uint64_t bytes_ever_ = 0;
  std::deque<Mark> marks_;
  bool is_short_ = false;
  bool is_looking_ = false;
  Instant looked_at_;
  std::uint64_t looked_at_bytes_ = 0;
  bool is_closing_ = false;
  bool is_stopped_ = false;
  TaskGroup tasks_;
};

}  // namespace holdfast::vault
