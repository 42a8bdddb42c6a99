// Any document: parsed or refused, and what was parsed can be walked and written again.
#include "base/check.h"
#include "gateway/s3/protocol/xml.h"

namespace s3 = holdfast::s3;

static void copy(const s3::XmlDocument::Element& element, s3::XmlWriter& writer) {
  for (const auto& child : element.children()) {
    writer.open("e");
    writer.element("name", child.name());
    writer.element("text", child.text());
    copy(child, writer);
    writer.close();
  }
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto root : {"Delete", "CompleteMultipartUpload", "CreateBucketConfiguration"}) {
    const auto document = s3::XmlDocument::parse(text, root);
    if (!document) continue;
    s3::XmlWriter writer("Copy");
    copy(document->root(), writer);
    (void)std::move(writer).finish();
  }
  return 0;
}
