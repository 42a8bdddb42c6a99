// What the listings share: bounds, markers, and keys as the client wants them spelled.
#pragma once

#include "gateway/s3/metadata.h"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::s3 {

inline constexpr std::size_t page_count_max = 1000;

// A number of the query, cut to page_count_max; `page_count_max` if it is not there.
Outcome<std::size_t> read_count(const Call& call, std::string_view name);

// encoding-type=url, the only one there is.
Outcome<bool> read_encoding(const Call& call);

// `text` as it goes into the answer.
std::string spell(std::string_view text, bool is_encoded);

// Where a listing goes on. `marker` may lie inside what the delimiter makes one common prefix: that
// has been listed then, and all of it is skipped.
void set_marker(catalog::ListRequest& request, std::string_view marker);

// Opaque to clients: where the next page begins.
std::string make_token(const catalog::ListPage& page);
Outcome<void> read_token(catalog::ListRequest& request, std::string_view token);

void write_object(XmlWriter& writer, const catalog::ObjectInfo& object, bool is_encoded,
                  const catalog::User* owner);
void write_prefixes(XmlWriter& writer, const std::vector<std::string>& prefixes, bool is_encoded);

// The owner of a bucket, as listings name it.
Task<catalog::User> find_owner(Call& call, const catalog::Bucket& bucket);

}  // namespace holdfast::s3
