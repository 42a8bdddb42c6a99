#include "grid/embedded.h"

#include "base/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace holdfast::grid {
namespace {

const std::string block_name = "register";

}  // namespace

Task<Result<std::unique_ptr<EmbeddedCoordination>>> EmbeddedCoordination::open(
    env::Disk& disk, std::string path, std::vector<slot::Slot*> slots, const codec::SecretKey& key,
    unsigned losses_max, std::string root) {
  std::unique_ptr<EmbeddedCoordination> coordination(new EmbeddedCoordination(
      disk, std::move(path), std::move(slots), key, losses_max, std::move(root)));
  auto loaded = co_await coordination->load();
  if (!loaded) co_return std::unexpected(std::move(loaded).error().within("read the register"));
  co_return coordination;
}

std::string EmbeddedCoordination::describe(SlotId member) const {
  if (member == data_folder_member) return env::path_shown(root_, path_);
  return fmt::format("block {} of slot {}", block_name, to_string(member));
}

Task<Result<void>> EmbeddedCoordination::load() {
  std::vector<SlotId> all{data_folder_member};
  for (const slot::Slot* slot : slots_) all.push_back(slot->id());

  std::vector<SlotId> readable;
  std::string trouble;
  std::vector<SlotId> gone;
  for (const SlotId member : all) {
    auto copy = co_await read_from(member);
    if (!copy && copy.error().code() == ErrorCode::unsupported) {
      co_return std::unexpected(std::move(copy).error().within(describe(member)));
    }
    if (!copy) {
      trouble += fmt::format("{}{}: {}", trouble.empty() ? "" : "; ", describe(member),
                             copy.error().context());
    } else if (*copy) {
      readable.push_back(member);
      if ((*copy)->sequence > register_.sequence) register_ = std::move(**copy);
    } else {
      gone.push_back(member);
    }
  }
  if (readable.empty() && !trouble.empty()) {
    co_return fail(ErrorCode::corrupt, "no copy of it is good: " + trouble);
  }
  const auto missing = std::ranges::count_if(register_.members, [&](SlotId member) {
    return std::ranges::find(readable, member) == readable.end();
  });
  if (static_cast<std::size_t>(missing) > losses_max_) {
    const bool is_all_here = std::ranges::all_of(register_.members, [&](SlotId member) {
      return std::ranges::find(all, member) != all.end();
    });
    for (const SlotId member : gone) {
      trouble += fmt::format("{}{}: it is gone", trouble.empty() ? "" : "; ", describe(member));
    }
    co_return fail(
        is_all_here ? ErrorCode::corrupt : ErrorCode::unavailable,
        fmt::format("{} of its {} copies cannot be read, at most {} may be missing{}{}", missing,
                    register_.members.size(), losses_max_, trouble.empty() ? "" : ": ", trouble));
  }
  if (!trouble.empty()) log::warning("register: {}", trouble);

  // Again to everybody, also to those who were not members or had another copy.
  Register value = register_;
  value.members = all;
  co_return co_await write(std::move(value));
}

slot::Slot* EmbeddedCoordination::slot_of(SlotId member) const {
  return *std::ranges::find(slots_, member, [](const slot::Slot* slot) { return slot->id(); });
}

// Nothing where there never was a copy.
Task<Result<std::optional<Register>>> EmbeddedCoordination::read_from(SlotId member) {
  std::optional<Bytes> bytes;
  if (member == data_folder_member) {
    auto file = co_await env::read_own_file(disk_, path_, register_bytes_max);
    if (!file && file.error().code() == ErrorCode::not_found) co_return std::nullopt;
    if (!file) co_return std::unexpected(std::move(file).error());
    bytes = std::move(*file);
  } else {
    CO_TRY_LET(bytes, co_await slot_of(member)->get_block(block_name));
    if (!bytes) co_return std::nullopt;
  }
  CO_TRY_LET(Register value, decode_register(*bytes, key_));
  co_return value;
}

Task<Result<void>> EmbeddedCoordination::write_to(SlotId member, Bytes bytes) {
  if (member == data_folder_member) co_return co_await env::replace_file(disk_, path_, bytes);
  co_return co_await slot_of(member)->put_block(block_name, std::move(bytes));
}

// Makes `value` count, under the next number. Its members are those to write to; the ones that fail
// are struck off by writing again to the others.
Task<Result<void>> EmbeddedCoordination::write(Register value) {
  for (;;) {
    value.sequence = ++register_.sequence;
    const Bytes bytes = encode_register(value, key_);
    if (bytes.size() > register_bytes_max) {
      co_return fail(ErrorCode::full, "the register has no room for more rows");
    }
    std::vector<SlotId> living;
    std::string trouble;
    bool is_only_full = true;
    for (const SlotId member : value.members) {
      if (auto written = co_await write_to(member, bytes); written) {
        living.push_back(member);
      } else {
        trouble = fmt::format("{}: {}", describe(member), written.error().context());
        const bool is_full = written.error().code() == ErrorCode::full;
        is_only_full &= is_full;
        if (is_full) {
          waiting_.insert(member);
          log::warning("register: {}: left out until there is room", trouble);
        } else {
          log::error("register: {}: struck off", trouble);
        }
      }
    }
    if (living.empty() && is_only_full) {
      // None has changed: it can be tried again.
      co_return fail(ErrorCode::full, "no copy of the register could be written: " + trouble);
    }
    if (living.size() < losses_max_ + 1 || living.empty()) {
      has_failed_ = true;
      co_return fail(ErrorCode::unavailable,
                     fmt::format("{} of {} copies of the register were written, {} are needed: {}",
                                 living.size(), value.members.size(), losses_max_ + 1, trouble));
    }
    if (living.size() == value.members.size()) break;
    value.members = std::move(living);
  }
  register_ = std::move(value);
  co_return Result<void>();
}

Task<Result<Row>> EmbeddedCoordination::get(std::string name) {
  const auto found = register_.rows.find(name);
  co_return found == register_.rows.end() ? Row() : found->second;
}

Task<Result<std::uint64_t>> EmbeddedCoordination::set(std::string name, std::uint64_t expected,
                                                      Bytes value) {
  const auto hold = co_await changing_.lock();
  if (name.empty() || name.size() > row_name_bytes_max || value.size() > register_bytes_max) {
    co_return fail(ErrorCode::invalid, fmt::format("row '{}' of {} bytes", name, value.size()));
  }
  if (has_failed_) {
    co_return fail(ErrorCode::unavailable, "an earlier change of the register failed");
  }
  const auto found = register_.rows.find(name);
  const std::uint64_t version = found == register_.rows.end() ? 0 : found->second.version;
  if (version != expected) {
    co_return fail(ErrorCode::conflict,
                   fmt::format("row {} has version {}, not {}", name, version, expected));
  }
  Register changed = register_;
  for (const SlotId member : std::exchange(waiting_, {})) {
    const bool is_known = std::ranges::find(changed.members, member) != changed.members.end();
    if (!is_known) changed.members.push_back(member);
  }
  changed.rows[name] = {.version = version + 1, .value = std::move(value)};
  CO_TRY(co_await write(std::move(changed)));
  co_return version + 1;
}

}  // namespace holdfast::grid
