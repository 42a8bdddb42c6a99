// Listings and multipart uploads, over a real catalog and vault.
#include "gateway/s3/gateway_test.h"

#include "base/hex.h"
#include "codec/digest.h"
#include "gateway/s3/protocol/checksums.h"
#include "gateway/s3/protocol/times.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::s3 {
namespace {

class ListingTest : public GatewayTest {
 protected:
  ListingTest() {
    put("/box", "");
    for (const auto key : {"a", "d/1", "d/2", "d/3/x", "e", "f%20g"}) {
      put(std::string("/box/") + key, key);
    }
  }

  // Every <Key> and <Prefix> in common prefixes, in the order of the document.
  static std::vector<std::string> names(const Answer& answer) {
    std::vector<std::string> found;
    for (const std::string_view tag : {"<Key>", "<CommonPrefixes><Prefix>"}) {
      for (auto at = answer.body.find(tag); at != std::string::npos;
           at = answer.body.find(tag, at + 1)) {
        const auto from = at + tag.size();
        found.push_back(answer.body.substr(from, answer.body.find('<', from) - from));
      }
    }
    return found;
  }
};

using Names = std::vector<std::string>;

TEST_F(ListingTest, InByteOrderWithPrefixesAndDelimiters) {
  EXPECT_EQ(names(get("/box")), (Names{"a", "d/1", "d/2", "d/3/x", "e", "f g"}));
  EXPECT_EQ(names(get("/box?delimiter=/")), (Names{"a", "e", "f g", "d/"}));
  EXPECT_EQ(names(get("/box?delimiter=/&prefix=d/")), (Names{"d/1", "d/2", "d/3/"}));
  EXPECT_EQ(names(get("/box?encoding-type=url&prefix=f")), (Names{"f%20g"}));
  EXPECT_EQ(get("/box?max-keys=0").element("IsTruncated"), "false");
  EXPECT_EQ(get("/box?max-keys=-1").code(), "InvalidArgument");
  EXPECT_EQ(get("/box?max-keys=many").code(), "InvalidArgument");
}

TEST_F(ListingTest, PagesOfTheFirstVersionMeetWithoutGapsOrRepeats) {
  for (const auto delimiter : {"", "/", "3/"}) {
    Names all = names(get(fmt::format("/box?delimiter={}", delimiter)));
    std::ranges::sort(all);
    for (int size = 1; size <= 7; ++size) {
      Names paged;
      std::string marker;
      for (int page = 0; page < 10; ++page) {
        const auto answer =
            get(fmt::format("/box?delimiter={}&max-keys={}&marker={}", delimiter, size, marker));
        const auto found = names(answer);
        paged.insert(paged.end(), found.begin(), found.end());
        if (answer.element("IsTruncated") != "true") break;
        marker = answer.element("NextMarker");
        if (marker.empty()) marker = paged.back();
        marker = net::percent_encode(marker);
      }
      std::ranges::sort(paged);
      EXPECT_EQ(paged, all) << delimiter << ' ' << size;
    }
  }
}

TEST_F(ListingTest, PagesOfTheSecondVersionToo) {
  Names all = names(get("/box?list-type=2&delimiter=/"));
  std::ranges::sort(all);
  for (int size = 1; size <= 5; ++size) {
    Names paged;
    std::string token;
    for (int page = 0; page < 10; ++page) {
      const auto answer = get(
          fmt::format("/box?list-type=2&delimiter=/&max-keys={}{}", size,
                      token.empty() ? "" : "&continuation-token=" + net::percent_encode(token)));
      const auto found = names(answer);
      EXPECT_EQ(answer.element("KeyCount"), std::to_string(found.size()));
      paged.insert(paged.end(), found.begin(), found.end());
      if (answer.element("IsTruncated") != "true") break;
      token = answer.element("NextContinuationToken");
    }
    std::ranges::sort(paged);
    EXPECT_EQ(paged, all) << size;
  }
  EXPECT_EQ(get("/box?list-type=2&continuation-token=!").code(), "InvalidArgument");
  EXPECT_EQ(names(get("/box?list-type=2&start-after=d/2")), (Names{"d/3/x", "e", "f g"}));
  EXPECT_EQ(get("/box?list-type=3").code(), "InvalidArgument");
}

class UploadTest : public GatewayTest {
 protected:
  UploadTest() { put("/box", ""); }

  std::string begin(std::vector<net::Headers::Field> headers = {}) {
    return send({.method = "POST", .target = "/box/k?uploads", .headers = std::move(headers)})
        .element("UploadId");
  }
  Answer upload(std::string_view id, int number, std::string body,
                std::vector<net::Headers::Field> headers = {}) {
    return put(fmt::format("/box/k?partNumber={}&uploadId={}", number, id), std::move(body),
               std::move(headers));
  }
  Answer complete(std::string_view id, std::string_view parts,
                  std::vector<net::Headers::Field> headers = {}) {
    return send(
        {.method = "POST",
         .target = fmt::format("/box/k?uploadId={}", id),
         .headers = std::move(headers),
         .body = fmt::format("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts)});
  }
  static std::string part(int number, std::string_view etag) {
    return fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number, etag);
  }

  std::string first = noise(5 * mib);
  std::string second = noise(1000);
};

TEST_F(UploadTest, PartsBecomeOneObject) {
  const auto id = begin({{"x-amz-meta-a", "1"}});
  // What a client claims of a part need not be what the whole gets.
  ChecksumState crc32(ChecksumKind::crc32);
  crc32.update(as_bytes(second));
  const auto claim = crc32.finish();
  const auto etag_2 = upload(id, 7, second, {{"x-amz-checksum-crc32", claim}}).header("ETag");
  const auto etag_1 = upload(id, 2, first).header("ETag");
  const auto listed = get(fmt::format("/box/k?uploadId={}", id));
  EXPECT_NE(listed.body.find("<PartNumber>7</PartNumber>"), std::string::npos);
  EXPECT_EQ(get("/box/k").code(), "NoSuchKey");
  EXPECT_NE(get("/box?uploads").body.find(id), std::string::npos);

  const auto part_7 = fmt::format(
      "<Part><PartNumber>7</PartNumber><ETag>{}</ETag><ChecksumCRC32>{}</ChecksumCRC32></Part>",
      etag_2, claim);
  const auto done = complete(id, part(2, etag_1) + part_7);
  ASSERT_EQ(done.status, 200U) << done.body;
  codec::Md5 of_parts;
  of_parts.update(codec::Md5::of(as_bytes(first))).update(codec::Md5::of(as_bytes(second)));
  const auto etag = "\"" + to_hex(of_parts.finish()) + "-2\"";
  const auto read = get("/box/k", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_TRUE(read.body == first + second);
  EXPECT_EQ(read.header("ETag"), etag);
  EXPECT_EQ(read.header("x-amz-meta-a"), "1");
  ChecksumState whole(ChecksumKind::crc64nvme);
  whole.update(as_bytes(first + second));
  EXPECT_EQ(read.header("x-amz-checksum-crc64nvme"), whole.finish());
  EXPECT_EQ(read.header("x-amz-checksum-crc32"), "");

  const auto one = get("/box/k?partNumber=2");
  EXPECT_EQ(one.status, 206U);
  EXPECT_TRUE(one.body == second);
  EXPECT_EQ(one.header("x-amz-mp-parts-count"), "2");
  // A client that missed the answer may ask again.
  EXPECT_EQ(complete(id, part(2, etag_1) + part(7, etag_2)).status, 200U);
  EXPECT_EQ(complete(id, part(2, etag_1)).code(), "NoSuchUpload");
}

TEST_F(UploadTest, WhatDoesNotFitIsRefused) {
  const auto id = begin();
  const auto etag_1 = upload(id, 1, second).header("ETag");
  const auto etag_2 = upload(id, 2, second).header("ETag");
  EXPECT_EQ(complete(id, part(1, etag_1) + part(2, etag_2)).code(), "EntityTooSmall");
  EXPECT_EQ(complete(id, part(2, etag_2) + part(1, etag_1)).code(), "InvalidPartOrder");
  EXPECT_EQ(complete(id, part(1, "\"x\"")).code(), "InvalidPart");
  EXPECT_EQ(complete(id, part(3, etag_1)).code(), "InvalidPart");
  EXPECT_EQ(complete(id, "").code(), "MalformedXML");
  EXPECT_EQ(complete(id, part(1, etag_1), {{"x-amz-mp-object-size", "5"}}).code(),
            "InvalidRequest");
  EXPECT_EQ(upload(id, 0, "x").code(), "InvalidArgument");
  EXPECT_EQ(upload(id, 10'001, "x").code(), "InvalidArgument");
  EXPECT_EQ(upload("00000000000000000000000000000000", 1, "x").code(), "NoSuchUpload");
  EXPECT_EQ(send({.method = "DELETE", .target = fmt::format("/box/k?uploadId={}", id)}).status,
            204U);
  EXPECT_EQ(upload(id, 1, "x").code(), "NoSuchUpload");
}

TEST_F(UploadTest, ListsGoOnBehindAnUpload) {
  std::vector<std::string> ids;
  for (const auto key : {"a", "c", "c", "d"}) {
    ids.push_back(send({.method = "POST", .target = fmt::format("/box/{}?uploads", key)})
                      .element("UploadId"));
  }
  const auto list = [&](std::string_view key, std::string_view upload) {
    const auto answer =
        get(fmt::format("/box?uploads&key-marker={}&upload-id-marker={}", key, upload));
    if (answer.status != 200) return answer.code();
    std::string found;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (answer.body.find("<UploadId>" + ids[i]) != std::string::npos) found += std::to_string(i);
    }
    return found;
  };
  EXPECT_EQ(list("a", ids[0]), "123");
  EXPECT_EQ(list("a", ""), "123");
  EXPECT_EQ(list("c", ids[1]), "23");
  // Under the first key behind the marker, an upload counts too; further off it does not.
  EXPECT_EQ(list("b", ids[1]), "23");
  EXPECT_EQ(list("b", ids[3]), "InvalidArgument");
  EXPECT_EQ(list("x", ids[3]), "InvalidArgument");
  EXPECT_EQ(list("a", "nonsense"), "InvalidArgument");
}

TEST_F(UploadTest, AnAbortMayNameWhenTheUploadBegan) {
  const auto abort = [&](const std::string& id, std::string time) {
    return send({.method = "DELETE",
                 .target = fmt::format("/box/k?uploadId={}", id),
                 .headers = {{"x-amz-if-match-initiated-time", std::move(time)}}});
  };
  const auto id = begin();
  const auto now = world.wall_now();
  EXPECT_EQ(abort(id, format_http_time({now.since_epoch - std::chrono::hours(1)})).code(),
            "PreconditionFailed");
  EXPECT_EQ(abort(id, format_http_time(now)).status, 204U);
  EXPECT_EQ(abort(begin(), format_http_time({now.since_epoch + std::chrono::hours(1)})).status,
            204U);
}

TEST_F(UploadTest, CompositeChecksumsAreOfThePartsChecksums) {
  const auto id = begin({{"x-amz-checksum-algorithm", "SHA256"}});
  const auto sum = codec::Sha256::of(as_bytes(second));
  ChecksumState state(ChecksumKind::sha256);
  state.update(as_bytes(second));
  const auto value = state.finish();
  EXPECT_EQ(upload(id, 1, second).code(), "InvalidRequest");
  const auto etag = upload(id, 1, second, {{"x-amz-checksum-sha256", value}}).header("ETag");
  EXPECT_EQ(complete(id, part(1, etag)).code(), "InvalidRequest");
  const auto chosen = fmt::format(
      "<Part><PartNumber>1</PartNumber><ETag>{}</ETag>"
      "<ChecksumSHA256>{}</ChecksumSHA256></Part>",
      etag, value);
  for (const auto wrong : {"nonsense", "1B2M2Y8AsgTpgAmY7PhCfg==", "--1", "-", "-1-1"}) {
    const auto claim = wrong[0] == '-' ? value + wrong : std::string(wrong);
    EXPECT_EQ(complete(id, chosen, {{"x-amz-checksum-sha256", claim}}).code(), "InvalidRequest")
        << wrong;
  }
  const auto done = complete(id, chosen);
  ASSERT_EQ(done.status, 200U) << done.body;
  ChecksumState whole(ChecksumKind::sha256);
  whole.update(sum);
  const auto of_parts = whole.finish();
  EXPECT_EQ(done.element("ChecksumSHA256"), of_parts + "-1");
  EXPECT_EQ(done.element("ChecksumType"), "COMPOSITE");
  const auto attributes = get("/box/k?attributes", {{"x-amz-object-attributes", "Checksum"}});
  EXPECT_EQ(attributes.element("ChecksumSHA256"), of_parts);
  const auto of_part = get("/box/k?partNumber=1", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(of_part.header("x-amz-checksum-sha256"), value);
  EXPECT_EQ(of_part.header("x-amz-checksum-type"), "COMPOSITE");
}

TEST_F(UploadTest, PartsCanBeCopiedFromObjects) {
  put("/box/source", first);
  const auto id = begin();
  const auto copied = upload(
      id, 1, "",
      {{"x-amz-copy-source", "/box/source"}, {"x-amz-copy-source-range", "bytes=100-5242979"}});
  EXPECT_EQ(copied.code(), "InvalidArgument");
  const auto whole = upload(id, 1, "", {{"x-amz-copy-source", "/box/source"}});
  ASSERT_EQ(whole.status, 200U) << whole.body;
  auto etag = whole.element("ETag");
  for (std::size_t at; (at = etag.find("&quot;")) != std::string::npos;) etag.replace(at, 6, "\"");
  EXPECT_EQ(etag, "\"" + to_hex(codec::Md5::of(as_bytes(first))) + "\"");
  EXPECT_EQ(complete(id, part(1, etag)).status, 200U);
  EXPECT_TRUE(get("/box/k").body == first);
}

}  // namespace
}  // namespace holdfast::s3
