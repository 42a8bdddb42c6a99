#include "net/certificate.h"

#include "net/tls.h"

#include <boost/asio/ip/address.hpp>

#include <fmt/format.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

namespace holdfast::net {
namespace {

template <auto Free>
struct FreeBy {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using X509Ptr = std::unique_ptr<X509, FreeBy<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, FreeBy<BIO_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, FreeBy<X509_EXTENSION_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, FreeBy<BN_free>>;

constexpr std::size_t serial_bytes = 16;
constexpr std::size_t common_name_bytes_max = 64;  // RFC 5280, ub-common-name.
constexpr std::size_t host_bytes_max = 253;        // RFC 1035.

bool is_dns_name(const std::string& host) {
  if (host.empty() || host.size() > host_bytes_max) return false;
  for (const char c : host) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_letter && !is_digit && c != '-' && c != '.' && c != '_' && c != '*') return false;
  }
  return true;
}

// "DNS:a.example,IP:10.0.0.1", as OpenSSL wants it.
Result<std::string> alternative_names(const std::vector<std::string>& hosts) {
  if (hosts.empty()) return fail(ErrorCode::invalid, "a certificate needs at least one host");
  std::string names;
  for (const std::string& host : hosts) {
    boost::system::error_code not_an_address;
    const auto address = boost::asio::ip::make_address(host, not_an_address);
    if (not_an_address && !is_dns_name(host)) {
      return fail(ErrorCode::invalid, fmt::format("'{}' cannot be named in a certificate", host));
    }
    if (!names.empty()) names += ',';
    names += not_an_address ? "DNS:" + host : "IP:" + address.to_string();
  }
  return names;
}

bool add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
  std::array<unsigned char, serial_bytes> random;
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) return false;
  random[0] &= 0x7f;  // Positive.
  const NumberPtr number(BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_name(X509* certificate, const std::string& host) {
  const std::string common = host.size() <= common_name_bytes_max ? host : "holdfast";
  X509_NAME* name = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common.data()),
                                    static_cast<int>(common.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1;
}

bool set_times(X509* certificate, WallTime now, int days) {
  const auto start = std::chrono::duration_cast<std::chrono::seconds>(now.since_epoch).count();
  return ASN1_TIME_adj(X509_getm_notBefore(certificate), start, -1, 0) != nullptr &&
         ASN1_TIME_adj(X509_getm_notAfter(certificate), start, days, 0) != nullptr;
}

std::string text_of(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

Result<Certificate> make_self_signed(const std::vector<std::string>& hosts, WallTime now,
                                     int days) {
  ERR_clear_error();
  TRY_LET(const std::string names, alternative_names(hosts));
  const KeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr made(X509_new());
  X509* const certificate = made.get();
  const bool is_made =
      key && certificate != nullptr && X509_set_version(certificate, X509_VERSION_3) == 1 &&
      set_serial(certificate) && set_name(certificate, hosts.front()) &&
      set_times(certificate, now, days) && X509_set_pubkey(certificate, key.get()) == 1 &&
      add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(certificate, NID_key_usage, "critical,digitalSignature,keyCertSign") &&
      add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
      add_extension(certificate, NID_subject_key_identifier, "hash") &&
      add_extension(certificate, NID_subject_alt_name, names) &&
      X509_sign(certificate, key.get(), EVP_sha256()) > 0;
  const BioPtr chain(BIO_new(BIO_s_mem()));
  const BioPtr private_key(BIO_new(BIO_s_mem()));
  if (!is_made || !chain || !private_key || PEM_write_bio_X509(chain.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(private_key.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1) {
    return fail(ErrorCode::invalid, "make a certificate: " + tls_failure());
  }
  return Certificate{.chain = text_of(chain.get()), .private_key = text_of(private_key.get())};
}

Result<WallTime> expiry(const Certificate& certificate) {
  ERR_clear_error();
  const BioPtr text(
      BIO_new_mem_buf(certificate.chain.data(), static_cast<int>(certificate.chain.size())));
  const X509Ptr parsed(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  std::tm end{};
  if (!parsed || ASN1_TIME_to_tm(X509_get0_notAfter(parsed.get()), &end) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::invalid, "no PEM certificate found");
  }
  return WallTime{std::chrono::seconds(::timegm(&end))};
}

}  // namespace holdfast::net
