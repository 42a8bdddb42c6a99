// Reads of configurations that no bucket or object here has. Clients ask for them as a matter of
// course, so each gets the answer that S3 gives for one that was never set.
#include "gateway/s3/verbs.h"

#include <array>

namespace holdfast::s3 {
namespace {

struct Absence {
  std::string_view sub_resource;
  Code code;
};
constexpr auto absences = std::to_array<Absence>({
    {"tagging", Code::no_such_tag_set},
    {"policy", Code::no_such_bucket_policy},
    {"policyStatus", Code::no_such_bucket_policy},
    {"lifecycle", Code::lifecycle_not_found},
    {"cors", Code::cors_configuration_not_found},
    {"encryption", Code::encryption_not_found},
    {"website", Code::no_such_website},
    {"replication", Code::replication_not_found},
    {"object-lock", Code::object_lock_not_found},
    {"publicAccessBlock", Code::public_access_block_not_found},
});

void add_grant(XmlWriter& writer, const std::string& id, const std::string& name) {
  writer.open("Owner");
  writer.element("ID", id);
  writer.element("DisplayName", name);
  writer.close();
  writer.open("AccessControlList");
  writer.open("Grant");
  writer.open(
      "Grantee",
      " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"");
  writer.element("ID", id);
  writer.element("DisplayName", name);
  writer.close();
  writer.element("Permission", "FULL_CONTROL");
}

// What the one list says that there is: the owner may everything, others nothing.
Task<Outcome<void>> respond_acl(Call& call, catalog::UserId owner) {
  const auto user = co_await call.services.users.find(owner);
  XmlWriter writer("AccessControlPolicy");
  add_grant(writer, owner_id(owner), user ? user->name : owner_id(owner));
  co_return co_await call.respond_xml(std::move(writer));
}

Task<Outcome<catalog::Bucket>> require_object(Call& call) {
  CO_TRY_LET(catalog::Bucket bucket, co_await call.open_bucket());
  const auto object = co_await call.services.catalog.head(bucket.id, call.key());
  if (!object) co_return refuse(about_key(object.error(), call.key()));
  co_return bucket;
}

}  // namespace

Task<Outcome<void>> get_bucket_configuration(Call& call) {
  CO_TRY(co_await call.open_bucket());
  if (call.target.query.contains("ownershipControls")) {
    XmlWriter writer("OwnershipControls");
    writer.open("Rule");
    writer.element("ObjectOwnership", "BucketOwnerEnforced");
    co_return co_await call.respond_xml(std::move(writer));
  }
  for (const auto& [sub_resource, code] : absences) {
    if (call.target.query.contains(sub_resource)) {
      co_return refuse(S3Error(code).with("BucketName", call.bucket()));
    }
  }
  co_return refuse(Code::not_implemented);
}

Task<Outcome<void>> get_bucket_versioning(Call& call) {
  CO_TRY(co_await call.open_bucket());
  co_return co_await call.respond_xml(XmlWriter("VersioningConfiguration"));
}

Task<Outcome<void>> get_bucket_acl(Call& call) {
  CO_TRY_LET(const catalog::Bucket bucket, co_await call.open_bucket());
  co_return co_await respond_acl(call, bucket.owner);
}

Task<Outcome<void>> get_object_acl(Call& call) {
  CO_TRY_LET(const catalog::Bucket bucket, co_await require_object(call));
  co_return co_await respond_acl(call, bucket.owner);
}

Task<Outcome<void>> get_object_tagging(Call& call) {
  CO_TRY(co_await require_object(call));
  XmlWriter writer("Tagging");
  writer.open("TagSet");
  co_return co_await call.respond_xml(std::move(writer));
}

Task<Outcome<void>> get_object_lock(Call& call) {
  CO_TRY(co_await call.open_bucket());
  co_return refuse(Code::invalid_request, "Bucket is missing Object Lock Configuration");
}

}  // namespace holdfast::s3
