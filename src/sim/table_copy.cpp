// Copies of simulated tables, as files on a simulated disk: a head that depends on all of the file,
// then the rows of one family, each value behind its key.
#include "sim/table.h"

#include <cstring>

namespace holdfast::sim {
namespace {

constexpr std::size_t head_bytes = 64;
constexpr std::size_t file_bytes_max = gib;
const std::string list_name = "LIST";  // Its file has the heads and names of all others.

void append(std::string& out, std::string_view text) {
  const std::uint64_t size = text.size();
  out.append(reinterpret_cast<const char*>(&size), sizeof size);
  out += text;
}

std::string encode(const std::map<std::string, std::string>& rows) {
  std::string body;
  for (const auto& [key, value] : rows) {
    append(body, key);
    append(body, value);
  }
  std::string head = std::to_string(std::hash<std::string>()(body));
  head.resize(head_bytes, '.');
  return head + body;
}

Result<std::map<std::string, std::string>> decode(std::string_view file) {
  std::map<std::string, std::string> rows;
  const auto damaged = [] { return fail(ErrorCode::corrupt, "the copy of a table is damaged"); };
  if (file.size() < head_bytes) return damaged();
  std::string_view rest = file.substr(head_bytes);
  std::vector<std::string> texts;
  while (!rest.empty()) {
    std::uint64_t size = 0;
    if (rest.size() < sizeof size) return damaged();
    std::memcpy(&size, rest.data(), sizeof size);
    rest.remove_prefix(sizeof size);
    if (rest.size() < size) return damaged();
    texts.emplace_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  if (texts.size() % 2 != 0) return damaged();
  for (std::size_t i = 0; i < texts.size(); i += 2) rows[texts[i]] = std::move(texts[i + 1]);
  if (encode(rows) != file) return damaged();
  return rows;
}

}  // namespace

Task<Result<void>> TableStore::write_copy(std::string folder) const {
  CO_TRY(co_await disk_->make_folder(folder));
  std::map<std::string, std::string> files;
  std::string list;
  for (const auto& [name, rows] : folders_.at(folder)) {
    files[name] = encode(rows);
    list += files[name].substr(0, head_bytes) + name + "\n";
  }
  files[list_name] = list;
  for (const auto& [name, content] : files) {
    CO_TRY_LET(const auto file,
               co_await disk_->open(folder + "/" + name, {.write = true, .create = true}));
    CO_TRY(co_await file->write(0, as_bytes(content)));
    CO_TRY(co_await file->sync());
  }
  CO_TRY(co_await disk_->sync_folder(folder));
  co_return co_await disk_->sync_folder(env::folder_of(folder));
}

Task<Result<void>> TableStore::take_copy(std::string folder) {
  auto entries = co_await disk_->list(folder);
  if (!entries && entries.error().code() == ErrorCode::not_found) co_return Result<void>();
  if (!entries) co_return std::unexpected(std::move(entries).error());
  if (entries->empty()) co_return Result<void>();
  auto list = co_await env::read_file(*disk_, folder + "/" + list_name, file_bytes_max);
  if (!list) co_return fail(ErrorCode::corrupt, "the copy of a table lacks its list");
  if (taken_[folder] == as_text(*list)) co_return Result<void>();
  Families families;
  std::string found;
  for (const env::Entry& entry : *entries) {
    if (entry.name == list_name) continue;
    CO_TRY_LET(const Bytes bytes,
               co_await env::read_file(*disk_, folder + "/" + entry.name, file_bytes_max));
    CO_TRY_LET(families[entry.name], decode(as_text(bytes)));
    found += std::string(as_text(bytes).substr(0, head_bytes)) + entry.name + "\n";
  }
  if (found != as_text(*list))
    co_return fail(ErrorCode::corrupt, "the copy of a table lacks files");
  folders_[folder] = std::move(families);
  taken_[folder] = found;
  co_return Result<void>();
}

}  // namespace holdfast::sim
