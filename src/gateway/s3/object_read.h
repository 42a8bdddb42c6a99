// What GetObject and HeadObject share: which part of which object is asked for, and the headers
// that tell about it.
#pragma once

#include "gateway/s3/metadata.h"
#include "gateway/s3/protocol/ranges.h"

#include <optional>

namespace holdfast::s3 {

// A read as the request asks for it. Judged once the object is known.
class ObjectRead {
 public:
  // Refuses contradictions in the request.
  static Outcome<ObjectRead> create(Call& call);

  // Looks up where the part begins that was asked for by number. Call before choose().
  Task<Outcome<void>> find_part(Call& call, catalog::BucketId bucket);

  // Judges the conditions and finds the range: all of the object where none was asked for.
  Outcome<Range> choose(const catalog::ObjectInfo& object);

  // Everything but the body: status, range, length, and the object's own headers.
  Outcome<net::ResponseHead> make_head(const Call& call, const catalog::ObjectInfo& object,
                                       const Range& range) const;

 private:
  Conditions conditions_;
  std::string range_header_;
  std::string if_range_;
  std::optional<std::uint32_t> part_number_;
  std::vector<catalog::PartInfo> parts_;
  bool is_partial_ = false;
};

// Of a version: only "null" is there, the one version that every object has.
Outcome<void> check_version(const Call& call);

}  // namespace holdfast::s3
