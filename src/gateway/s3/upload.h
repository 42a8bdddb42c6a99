// A multipart upload in progress, as the verbs about its parts see it.
#pragma once

#include "gateway/s3/metadata.h"

#include <optional>

namespace holdfast::s3 {

inline constexpr std::uint64_t part_bytes_min = 5 * mib;  // Of every part but the last.

struct Upload {
  catalog::Bucket bucket;
  catalog::UploadInfo info;
  std::optional<ChecksumKind> checksum;  // As chosen when it was created.
  ChecksumForm form = ChecksumForm::full_object;
};

// The upload that the call names, if the caller may use it. NoSuchUpload otherwise.
Task<Outcome<Upload>> open_upload(Call& call);

// partNumber of the query.
Outcome<std::uint32_t> read_part_number(const Call& call);

// x-amz-checksum-algorithm and x-amz-checksum-type of a new upload.
struct ChecksumChoice {
  ChecksumKind kind = ChecksumKind::crc64nvme;
  ChecksumForm form = ChecksumForm::full_object;
};
Outcome<std::optional<ChecksumChoice>> read_checksum_choice(const Call& call);
Outcome<ChecksumForm> parse_checksum_form(std::string_view text);

}  // namespace holdfast::s3
