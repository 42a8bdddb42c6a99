#include "gateway/s3/protocol/operation.h"

#include "gateway/s3/protocol/headers.h"

#include <gtest/gtest.h>

namespace holdfast::s3 {
namespace {

using Fields = std::vector<net::Headers::Field>;

Outcome<Operation> find(std::string method, std::string path, const Fields& fields = {}) {
  net::Request request;
  request.method = std::move(method);
  request.target = std::move(path);
  request.headers.add("Host", "localhost:9000");
  for (const auto& [name, value] : fields) request.headers.add(name, value);
  TRY_LET(const Target target, parse_target(request, {}));
  TRY_LET(const Operation operation, find_operation(request, target));
  TRY(check_headers(request, operation));
  return operation;
}

Code code_of(const Outcome<Operation>& outcome) {
  return outcome ? Code::count : outcome.error().code();
}

TEST(OperationRouting, FindsEachOperation) {
  EXPECT_EQ(find("GET", "/").value(), Operation::list_buckets);
  EXPECT_EQ(find("GET", "/b").value(), Operation::list_objects);
  EXPECT_EQ(find("GET", "/b/").value(), Operation::list_objects);
  EXPECT_EQ(find("GET", "/b?list-type=2&prefix=x").value(), Operation::list_objects_v2);
  EXPECT_EQ(find("PUT", "/b").value(), Operation::create_bucket);
  EXPECT_EQ(find("PUT", "/b/k?x-id=PutObject").value(), Operation::put_object);
  EXPECT_EQ(find("PUT", "/b/k", {{"x-amz-copy-source", "a/b"}}).value(), Operation::copy_object);
  EXPECT_EQ(find("PUT", "/b/k?partNumber=1&uploadId=u").value(), Operation::upload_part);
  EXPECT_EQ(find("PUT", "/b/k?partNumber=1&uploadId=u", {{"X-Amz-Copy-Source", "a/b"}}).value(),
            Operation::upload_part_copy);
  EXPECT_EQ(find("GET", "/b/k?response-content-type=a").value(), Operation::get_object);
  EXPECT_EQ(find("GET", "/b/k?uploadId=u").value(), Operation::list_parts);
  EXPECT_EQ(find("POST", "/b/k?uploads").value(), Operation::create_multipart_upload);
  EXPECT_EQ(find("POST", "/b/k?uploadId=u").value(), Operation::complete_multipart_upload);
  EXPECT_EQ(find("DELETE", "/b/k?uploadId=u").value(), Operation::abort_multipart_upload);
  EXPECT_EQ(find("POST", "/b?delete").value(), Operation::delete_objects);
}

TEST(OperationRouting, APutWithASubResourceIsNeverAPutOfAnObject) {
  for (const auto sub :
       {"tagging", "acl", "retention", "legal-hold", "torrent", "restore", "policy", "annotation",
        "renameObject", "something-of-next-year", "versionId=1", "uploads", "="}) {
    const auto found = find("PUT", std::string("/b/k?") + sub);
    EXPECT_EQ(code_of(found), Code::not_implemented) << sub;
    EXPECT_NE(code_of(find("PUT", std::string("/b?") + sub)), Code::count) << sub;
    EXPECT_NE(code_of(find("DELETE", std::string("/b?") + sub)), Code::count) << sub;
  }
  EXPECT_EQ(code_of(find("PUT", "/b/k?partNumber=1")), Code::invalid_argument);
  EXPECT_EQ(code_of(find("PUT", "/b/k?uploadId=1")), Code::method_not_allowed);
}

TEST(OperationRouting, WhatTheTableDoesNotHaveIsRefused) {
  EXPECT_EQ(code_of(find("POST", "/")), Code::method_not_allowed);
  EXPECT_EQ(code_of(find("PATCH", "/b/k")), Code::method_not_allowed);
  EXPECT_EQ(code_of(find("POST", "/b/k")), Code::method_not_allowed);
  EXPECT_EQ(code_of(find("POST", "/b")), Code::precondition_failed);
  EXPECT_EQ(code_of(find("POST", "/b/k?select&select-type=2")), Code::not_implemented);
  EXPECT_EQ(code_of(find("GET", "/b?versions")), Code::not_implemented);
  EXPECT_EQ(code_of(find("GET", "/b?analytics&id=1")), Code::not_implemented);
  EXPECT_EQ(code_of(find("GET", "/b/%zz")), Code::invalid_uri);
}

TEST(OperationRouting, HeadersOutOfPlaceAreRefused) {
  const Fields source{{"x-amz-copy-source", "a/b"}};
  for (const auto path : {"/b", "/b/k"}) {
    for (const auto method : {"GET", "HEAD", "DELETE"}) {
      EXPECT_EQ(code_of(s3::find(method, path, source)), Code::invalid_argument) << method << path;
    }
  }
  EXPECT_EQ(code_of(s3::find("POST", "/b/k?uploadId=u", source)), Code::invalid_argument);
  EXPECT_EQ(s3::find("POST", "/b/k?uploads", source).value(), Operation::create_multipart_upload);
  const Fields chunks{{"x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}};
  EXPECT_EQ(code_of(s3::find("PUT", "/b?cors", chunks)), Code::invalid_request);
  EXPECT_EQ(s3::find("PUT", "/b/k", chunks).value(), Operation::put_object);
}

TEST(OperationRouting, HeadersThatChangeTheMeaningAreRefused) {
  const auto put = [](std::string name, std::string value) {
    return code_of(find("PUT", "/b/k", {{std::move(name), std::move(value)}}));
  };
  EXPECT_EQ(put("x-amz-server-side-encryption", "aws:kms"), Code::not_implemented);
  EXPECT_EQ(put("x-amz-server-side-encryption-customer-key", "a"), Code::not_implemented);
  EXPECT_EQ(put("x-amz-object-lock-mode", "COMPLIANCE"), Code::not_implemented);
  EXPECT_EQ(put("x-amz-tagging", "a=b"), Code::not_implemented);
  EXPECT_EQ(put("x-amz-storage-class", "GLACIER"), Code::not_implemented);
  EXPECT_EQ(put("x-amz-storage-class", "WHATEVER"), Code::invalid_storage_class);
  EXPECT_EQ(put("x-amz-storage-class", "STANDARD"), Code::count);
  EXPECT_EQ(put("x-amz-acl", "public-read"), Code::acl_not_supported);
  EXPECT_EQ(put("x-amz-acl", "whatever"), Code::invalid_argument);
  EXPECT_EQ(put("x-amz-acl", "private"), Code::count);
  EXPECT_EQ(put("X-Amz-Grant-Read", "id=1"), Code::acl_not_supported);
  EXPECT_EQ(put("Content-Range", "bytes 0-4/10"), Code::not_implemented);
  EXPECT_EQ(put("x-amz-copy-source-range", "bytes=0-4"), Code::not_implemented);
}

TEST(OperationRouting, AWriteWithAHeaderThatNobodyKnowsIsRefused) {
  for (const auto method : {"PUT", "DELETE"}) {
    EXPECT_EQ(code_of(s3::find(method, "/b/k", {{"X-Amz-Of-Next-Year", "1"}})),
              Code::not_implemented);
  }
  EXPECT_EQ(s3::find("GET", "/b/k", {{"x-amz-of-next-year", "1"}}).value(), Operation::get_object);
  EXPECT_EQ(s3::find("GET", "/b/k", {{"Content-Range", "bytes 0-4/10"}}).value(),
            Operation::get_object);
  const Fields harmless{{"x-amz-meta-a", "1"},
                        {"x-amz-checksum-crc32", "AAAAAA=="},
                        {"x-amz-sdk-checksum-algorithm", "CRC32"},
                        {"x-amz-date", "20261121T000000Z"},
                        {"x-amz-expected-bucket-owner", "1"},
                        {"amz-sdk-request", "attempt=1"}};
  EXPECT_EQ(s3::find("PUT", "/b/k", harmless).value(), Operation::put_object);
  const Fields part{{"x-amz-copy-source", "a/b"}, {"x-amz-copy-source-range", "bytes=0-4"}};
  EXPECT_EQ(s3::find("PUT", "/b/k?partNumber=1&uploadId=u", part).value(),
            Operation::upload_part_copy);
  EXPECT_EQ(code_of(s3::find("PUT", "/b/k", part)), Code::not_implemented);
}

TEST(Targets, ByPathAndByVirtualHost) {
  const std::vector<std::string> domains{"s3.example.org"};
  net::Request request;
  request.target = "/photos/a%2Fb//c?prefix=a+b&acl";
  request.headers.set("Host", "S3.example.org:9000");
  auto target = parse_target(request, domains).value();
  EXPECT_EQ(target.bucket, "photos");
  EXPECT_EQ(target.key, "a/b//c");
  EXPECT_EQ(target.query.find("prefix"), "a b");
  EXPECT_TRUE(target.query.contains("acl"));
  request.headers.set("Host", "my.photos.S3.example.org:9000");
  target = parse_target(request, domains).value();
  EXPECT_EQ(target.bucket, "my.photos");
  EXPECT_EQ(target.key, "photos/a/b//c");
  request.target = "http://my.photos.s3.example.org/k";
  EXPECT_EQ(parse_target(request, domains).value().key, "k");
}

}  // namespace
}  // namespace holdfast::s3
