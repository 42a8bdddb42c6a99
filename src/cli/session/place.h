// Place: where files lie: on this machine, or as objects at hf://bucket/key.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::cli {

inline constexpr std::string_view place_scheme = "hf://";

struct Place {
  bool is_remote = false;
  std::string path;    // Local: as given.
  std::string bucket;  // Remote.
  std::string key;     // Remote: may be empty, or end with '/'.

  // Ends like a folder: "photos/", "hf://bucket" or "hf://bucket/a/".
  bool is_folder_like() const;
};

// "hf://…" is remote, all else is local. `invalid` for a remote place without bucket.
Result<Place> parse_place(std::string_view text);

// For commands that know remote places only: "hf://" may be left out.
Result<Place> parse_remote(std::string_view text);

std::string to_string(const Place& place);

// The part after the last '/', not counting one at the end: "c" for "a/b/c/".
std::string_view last_name(std::string_view path);

// `key` below the folder `prefix` as a path on this machine: "2026/a.jpg". `invalid` when it cannot
// be one: it is empty, or would leave the folder.
Result<std::string> relative_path(std::string_view key, std::string_view prefix);

// Fails with `invalid` for an object with content whose key ends as a folder's name does: no file
// can be that. Without content it is how S3 clients mark a folder.
Result<void> judge_content(std::string_view key, std::uint64_t size);

// Adds '/' unless it is empty or ends so.
std::string as_folder(std::string_view key);

}  // namespace holdfast::cli
