// GetBucketLocation: the region; nothing means us-east-1, as ever in S3.
#include "gateway/s3/verbs.h"

namespace holdfast::s3 {

Task<Outcome<void>> get_bucket_location(Call& call) {
  CO_TRY(co_await call.open_bucket());
  const auto& region = call.services.region;
  net::ResponseHead head;
  head.headers.add("Content-Type", "application/xml");
  std::string body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint xmlns=\"";
  body.append(xml_namespace).append("\">");
  if (region != "us-east-1") body += region;
  body += "</LocationConstraint>";
  co_return co_await call.respond(std::move(head), std::move(body));
}

}  // namespace holdfast::s3
