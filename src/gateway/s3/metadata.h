// What comes with an object besides its bytes: headers of the request that are kept as fields of
// the catalog, and given back as headers of answers.
//
// Fields: "content-type", "content-encoding", "content-disposition", "content-language",
// "cache-control", "expires", "x-amz-website-redirect-location", "x-amz-meta-…", "checksum-…" with
// "checksum-type", and of uploads "checksum-algorithm".
#pragma once

#include "gateway/s3/body.h"

#include <optional>
#include <string_view>

namespace holdfast::s3 {

inline constexpr std::size_t user_metadata_bytes_max = 2048;  // Names without prefix, and values.

// Fails with MetadataTooLarge.
Outcome<catalog::Fields> read_fields(const Call& call);

// Where a website sends those who ask for the object: kept and told, and never copied with it.
inline constexpr std::string_view redirect_field = "x-amz-website-redirect-location";

std::optional<std::string_view> find_field(const catalog::Fields& fields, std::string_view name);

// The checksum kept with an object or part, if there is one. Parts may have another beside it, that
// of the object that they will make.
std::optional<Checksum> checksum_of(const catalog::Fields& fields);
std::optional<Checksum> find_checksum(const catalog::Fields& fields, ChecksumKind kind);
ChecksumForm checksum_form_of(const catalog::Fields& fields);
// Replaces what was there.
void set_checksum(catalog::Fields& fields, const Checksum& checksum, ChecksumForm form);
void add_checksum(catalog::Fields& fields, const Checksum& checksum);

std::string quote(std::string_view etag);  // "etag", with quotes.

// The headers of an answer about an object: what it is, without length and range.
void add_object_headers(net::Headers& headers, const catalog::ObjectInfo& object,
                        bool with_checksum);
// x-amz-checksum-… and x-amz-checksum-type.
void add_checksum_headers(net::Headers& headers, const Checksum& checksum, ChecksumForm form);
// <ChecksumCRC32>…</ChecksumCRC32>
void add_checksum_element(XmlWriter& writer, const Checksum& checksum);

}  // namespace holdfast::s3
