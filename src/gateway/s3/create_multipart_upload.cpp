// CreateMultipartUpload: room for the parts of an object that comes piece by piece.
#include "gateway/s3/upload.h"
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {

Task<Outcome<void>> create_multipart_upload(Call& call) {
  CO_TRY_LET(catalog::Fields fields, read_fields(call));
  CO_TRY_LET(const auto choice, read_checksum_choice(call));
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  if (choice) {
    fields.emplace_back("checksum-algorithm", name_of(choice->kind));
    fields.emplace_back("checksum-type", name_of(choice->form));
  }
  CO_TRY_LET(const catalog::UploadInfo upload,
             co_await call.services.catalog.create_upload(bucket.id, call.key(), call.user.id,
                                                          std::move(fields)));
  XmlWriter writer("InitiateMultipartUploadResult");
  writer.element("Bucket", call.bucket());
  writer.element("Key", call.key());
  writer.element("UploadId", upload.id);
  net::ResponseHead head;
  head.headers.add("Content-Type", "application/xml");
  if (choice) {
    head.headers.add("x-amz-checksum-algorithm", std::string(name_of(choice->kind)));
    head.headers.add("x-amz-checksum-type", std::string(name_of(choice->form)));
  }
  co_return co_await call.respond(std::move(head), std::move(writer).finish());
}

}  // namespace holdfast::s3
