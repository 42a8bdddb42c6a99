#include "vault/take_over.h"

#include "base/log.h"

#include <boost/asio/this_coro.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace holdfast::vault {

// What the slots answered to a fence, filled in by tasks that may outlive the take-over.
struct TakeOver::FenceRound {
  std::vector<std::optional<Result<slot::FenceReply>>> answers;
  bool is_over = false;
  WaitList changed;
};

Task<Result<OpenGeneration>> TakeOver::run() {
  CO_TRY(co_await claim());
  CO_TRY(co_await fence());
  CO_TRY_LET(OpenGeneration opened, co_await bring());
  CO_TRY(co_await open(opened.generation));
  co_await remove_others(opened.generation);
  co_return opened;
}

Task<Result<void>> TakeOver::claim() {
  const std::string& range = environment_.options.range;
  CO_TRY_LET(const grid::Row found, co_await environment_.coordination.get(range));
  if (found.version != 0) {
    CO_TRY_LET(row_, decode_range_row(found.value));
  }
  ++row_.epoch;
  CO_TRY_LET(row_version_,
             co_await environment_.coordination.set(range, found.version, encode_range_row(row_)));
  co_return Result<void>();
}

slot::Slot* TakeOver::slot_of(const SlotId& id) const {
  const auto found =
      std::ranges::find(environment_.slots, id, [](const slot::Slot* slot) { return slot->id(); });
  return found == environment_.slots.end() ? nullptr : *found;
}

Task<void> TakeOver::ask(std::shared_ptr<FenceRound> round, std::size_t place, slot::Slot* slot,
                         GenerationId generation, std::uint64_t epoch) {
  auto answer = co_await slot->fence(generation, epoch);
  round->answers[place] = std::move(answer);
  round->changed.wake_all();
}

Task<void> TakeOver::tick(std::shared_ptr<FenceRound> round, env::Clock& clock) {
  while (!round->is_over) {
    co_await clock.sleep_until(clock.now() + fence_grace);
    round->changed.wake_all();
  }
}

Task<Result<void>> TakeOver::fence() {
  if (!row_.generation) co_return Result<void>();
  const Generation& old = *row_.generation;
  const auto executor = co_await boost::asio::this_coro::executor;
  auto round = std::make_shared<FenceRound>();
  round->answers.resize(old.members.size());
  for (std::size_t i = 0; i < old.members.size(); ++i) {
    slot::Slot* const slot = slot_of(old.members[i].slot);
    if (slot == nullptr) {
      round->answers[i].emplace(fail(ErrorCode::not_found, "it is not here"));
    } else {
      environment_.tasks.spawn(executor, ask(round, i, slot, old.id, row_.epoch));
    }
  }
  environment_.tasks.spawn(executor, tick(round, environment_.clock));

  const Instant start = environment_.clock.now();
  std::optional<Instant> enough_since;
  for (;;) {
    std::size_t good = 0;
    std::size_t silent = 0;
    bool has_reopened = false;
    for (std::size_t i = 0; i < old.members.size(); ++i) {
      const auto& answer = round->answers[i];
      silent += answer ? 0 : 1;
      if (!answer || !*answer) continue;
      const auto& shown = (*answer)->incarnations;
      const auto known = std::ranges::find(shown, old.members[i].incarnation);
      if (known == shown.end()) continue;
      ++good;
      // It may have been set back to an earlier state since, with its machine.
      has_reopened |= std::next(known) != shown.end();
    }
    const Instant now = environment_.clock.now();
    if (good >= old.fences && !enough_since) enough_since = now;
    const bool is_patient = has_reopened || !enough_since;
    if (silent == 0 || now >= start + fence_wait_max ||
        (!is_patient && now >= *enough_since + fence_grace)) {
      break;
    }
    co_await round->changed.wait();
  }
  round->is_over = true;
  co_return judge(old, *round);
}

// Keeps the answers that count, best first, if they are enough.
Result<void> TakeOver::judge(const Generation& old, const FenceRound& round) {
  std::string trouble;
  std::size_t damaged = 0;
  for (std::size_t i = 0; i < old.members.size(); ++i) {
    const Generation::Member& member = old.members[i];
    const auto& answer = round.answers[i];
    std::string why;
    if (!answer) {
      why = "no answer";
    } else if (!*answer) {
      why = answer->error().context();
      damaged += answer->error().code() == ErrorCode::corrupt ? 1 : 0;
    } else if (std::ranges::find((*answer)->incarnations, member.incarnation) ==
               (*answer)->incarnations.end()) {
      why = "it is not the one that took part: made anew, or an old copy";
    } else {
      fenced_.push_back({.slot = slot_of(member.slot), .reply = **answer});
      continue;
    }
    trouble += fmt::format("; slot {}: {}", to_string(member.slot), why);
  }
  if (fenced_.size() < old.fences) {
    // Waiting helps only where slots are missing that would be enough.
    const bool is_damage = old.members.size() - damaged < old.fences;
    return fail(is_damage ? ErrorCode::corrupt : ErrorCode::unavailable,
                fmt::format("{} of the {} slots of the log answer, {} are needed{}", fenced_.size(),
                            old.members.size(), old.fences, trouble));
  }
  if (!trouble.empty()) {
    log::warning("log of {}: taken over without some slots{}", environment_.options.range, trouble);
  }
  std::ranges::sort(fenced_, std::greater(),
                    [](const Fenced& each) { return each.reply.tail.sequence; });
  return {};
}

// From the longest log; if that cannot be read after all, from the next one, as long as those that
// are left would have been enough.
Task<Result<OpenGeneration>> TakeOver::bring() {
  if (!row_.generation) co_return co_await bring_from(nullptr);
  for (;;) {
    auto brought = co_await bring_from(&fenced_.front());
    if (brought) co_return brought;
    const bool is_holders_fault = brought.error().code() == ErrorCode::corrupt;
    if (!is_holders_fault || fenced_.size() - 1 < row_.generation->fences) {
      co_return std::unexpected(std::move(brought).error());
    }
    log::error("log of {}: slot {} cannot show it: {}", environment_.options.range,
               to_string(fenced_.front().slot->id()), brought.error().context());
    fenced_.erase(fenced_.begin());
  }
}

Task<Result<OpenGeneration>> TakeOver::bring_from(const Fenced* holder) {
  OpenGeneration opened;
  opened.generation.id = environment_.random.draw<GenerationId>();
  opened.generation.epoch = row_.epoch;
  if (holder != nullptr) {
    opened.before = holder->reply.before;
    opened.tail = holder->reply.tail;
    opened.generation.predecessor = {.id = row_.generation->id, .end = opened.tail};
  }
  CO_TRY(co_await make_logs(opened.generation, opened.before, holder));
  if (holder != nullptr) {
    CO_TRY_LET(opened.size_bytes, co_await copy(*holder));
  }

  // The set is exactly those that hold all of it now.
  opened.generation.members.clear();
  for (const Target& target : targets_) {
    if (target.failure) continue;
    opened.generation.members.push_back(
        {.slot = target.slot->id(), .incarnation = target.writer.incarnation});
    opened.slots.push_back(target.slot);
  }
  const auto count = static_cast<std::uint32_t>(opened.slots.size());
  const std::uint32_t wanted = environment_.options.losses_max + 1;
  if (count < wanted) {
    log::warning("log of {}: only {} slots hold it, {} are wanted", environment_.options.range,
                 count, wanted);
  }
  opened.generation.acknowledgements = std::min(wanted, count);
  opened.generation.fences = count - opened.generation.acknowledgements + 1;
  co_return opened;
}

// Makes the new log on as many slots as the generation shall have, those first that were fenced.
Task<Result<void>> TakeOver::make_logs(Generation& generation, slot::LogTail start,
                                       const Fenced* holder) {
  std::vector<slot::Slot*> candidates;
  for (const Fenced& each : fenced_) candidates.push_back(each.slot);
  for (slot::Slot* const slot : environment_.slots) {
    if (std::ranges::find(candidates, slot) == candidates.end()) candidates.push_back(slot);
  }
  std::erase_if(candidates, [&](const slot::Slot* slot) {
    return std::ranges::find(environment_.avoided, slot->id()) != environment_.avoided.end();
  });
  if (candidates.empty()) co_return fail(ErrorCode::unavailable, "no slot is left");
  const unsigned losses = environment_.options.losses_max;
  const std::size_t wanted = std::min<std::size_t>(losses == 0 ? 1 : losses + 2, candidates.size());
  for (std::size_t i = 0; i < wanted; ++i) {
    generation.members.push_back(
        {.slot = candidates[i]->id(), .incarnation = candidates[i]->incarnation()});
  }
  generation.acknowledgements =
      static_cast<std::uint32_t>(std::min<std::size_t>(losses + 1, wanted));
  generation.fences = static_cast<std::uint32_t>(wanted) - generation.acknowledgements + 1;
  const Bytes header = encode_log_header({.vault = environment_.keys.vault(),
                                          .range = environment_.options.range,
                                          .generation = generation});
  targets_.clear();
  std::string trouble;
  for (slot::Slot* const slot : candidates) {
    if (targets_.size() == wanted) break;
    const slot::LogWriter writer{
        .generation = generation.id, .epoch = generation.epoch, .incarnation = slot->incarnation()};
    Target target{.slot = slot, .writer = writer, .content = {}, .failure = {}};
    auto made = co_await make_log(target, start, header, holder);
    if (made) {
      target.content = *made;
      targets_.push_back(std::move(target));
    } else {
      trouble += fmt::format("; slot {}: {}", to_string(slot->id()), made.error().context());
    }
  }
  if (targets_.empty()) {
    co_return fail(ErrorCode::unavailable, "no slot takes a log" + trouble);
  }
  if (!trouble.empty()) log::warning("log of {}{}", environment_.options.range, trouble);
  co_return Result<void>();
}

// On the slot whose log is brought, the new log may begin with files of the old one.
Task<Result<slot::Slot::Continued>> TakeOver::make_log(Target target, slot::LogTail start,
                                                       Bytes header, const Fenced* holder) {
  if (holder != nullptr && holder->slot == target.slot) {
    auto made =
        co_await target.slot->continue_log(target.writer, start, header, row_.generation->id);
    // What cannot be read is told of by who reads it to bring it to others.
    if (made || made.error().code() != ErrorCode::corrupt) co_return made;
  }
  CO_TRY(co_await target.slot->create_log(target.writer, start, std::move(header)));
  co_return slot::Slot::Continued{.tail = start};
}

// All records that `holder` has, checked against the chain that it told. Returns their size.
Task<Result<std::uint64_t>> TakeOver::copy(const Fenced& holder) {
  const GenerationId& old = row_.generation->id;
  slot::LogTail at = holder.reply.before;
  const slot::LogTail& end = holder.reply.tail;
  std::uint64_t size = 0;
  // A lone log that began with files of the old one lacks only the rest.
  if (targets_.size() == 1) {
    at = targets_.front().content.tail;
    size = targets_.front().content.bytes;
  }
  while (at.sequence < end.sequence) {
    auto records = co_await holder.slot->read_log(old, at.sequence + 1, copy_bytes);
    if (!records) {
      co_return fail(ErrorCode::corrupt, std::move(records).error().context());
    }
    std::vector<ByteView> views;
    const slot::LogTail before = at;
    for (const slot::LogRecord& record : *records) {
      if (record.sequence != at.sequence + 1 || at.sequence == end.sequence) break;
      at.chain = slot::extend_chain(at.chain, ++at.sequence, record.content);
      views.emplace_back(record.content);
      size += record.content.size();
    }
    if (views.empty()) {
      co_return fail(ErrorCode::corrupt, fmt::format("record {} is missing", at.sequence + 1));
    }
    CO_TRY(co_await append_to_all(before, views));
  }
  if (at != end) {
    co_return fail(ErrorCode::corrupt,
                   fmt::format("the records up to {} are not those of its chain", end.sequence));
  }
  co_return size;
}

Task<void> TakeOver::append_to(Target& target, slot::LogTail before,
                               std::span<const ByteView> records) {
  auto appended = co_await target.slot->append(target.writer, before, records);
  if (!appended) target.failure = std::move(appended).error();
}

Task<Result<void>> TakeOver::append_to_all(slot::LogTail before,
                                           std::span<const ByteView> records) {
  TaskGroup appends;
  const auto executor = co_await boost::asio::this_coro::executor;
  for (Target& target : targets_) {
    if (!target.failure) appends.spawn(executor, append_to(target, before, records));
  }
  co_await appends.join();
  for (const Target& target : targets_) {
    if (!target.failure) co_return Result<void>();
  }
  const Error& failure = *targets_.front().failure;
  // Whatever it was, it says nothing about the log that was read.
  co_return fail(failure.code() == ErrorCode::corrupt ? ErrorCode::unavailable : failure.code(),
                 "no slot could take the log over: " + failure.context());
}

Task<Result<void>> TakeOver::open(const Generation& generation) {
  row_.generation = generation;
  CO_TRY(co_await environment_.coordination.set(environment_.options.range, row_version_,
                                                encode_range_row(row_)));
  co_return Result<void>();
}

// Logs of this range that nothing refers to any more: earlier generations, and what take-overs left
// that did not come to an end.
Task<void> TakeOver::remove_others(const Generation& opened) {
  const GenerationId& kept = opened.id;
  std::optional<GenerationId> old;
  if (opened.predecessor) old = opened.predecessor->id;
  for (slot::Slot* const slot : environment_.slots) {
    auto entries = co_await slot->list_logs();
    if (!entries) continue;
    for (const slot::LogEntry& entry : *entries) {
      const auto header = decode_log_header(entry.header);
      const bool is_ours = header && header->vault == environment_.keys.vault() &&
                           header->range == environment_.options.range;
      const bool was_ours = old && entry.is_damaged && entry.generation == *old;
      if ((!is_ours && !was_ours) || entry.generation == kept) continue;
      auto removed = co_await slot->remove_log({.generation = entry.generation,
                                                .epoch = row_.epoch,
                                                .incarnation = slot->incarnation()});
      if (!removed) {
        log::warning("log of {}: an old one stays on slot {}: {}", environment_.options.range,
                     to_string(slot->id()), removed.error().context());
      }
    }
  }
}

}  // namespace holdfast::vault
