#include "env/linux/system_error.h"

#include "env/linux/descriptor.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace holdfast::env::linux {
namespace {

ErrorCode code_of(int number) {
  switch (number) {
    case ENOENT:
      return ErrorCode::not_found;
    case EEXIST:
      return ErrorCode::already_exists;
    case ENOTEMPTY:
      return ErrorCode::conflict;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::denied;
    case EINVAL:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOTDIR:
    case EXDEV:
      return ErrorCode::invalid;
    case EOPNOTSUPP:
    case ENOSYS:
      return ErrorCode::unsupported;
    case EDQUOT:
    case EFBIG:
    case ENOSPC:
      return ErrorCode::full;
    case EADDRINUSE:
      return ErrorCode::conflict;
    case EADDRNOTAVAIL:
    case EAGAIN:
    case EBUSY:
    case ECANCELED:
    case ECONNABORTED:
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case EMFILE:
    case ENETUNREACH:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ENOTCONN:
    case EPIPE:
      return ErrorCode::unavailable;
    case ETIMEDOUT:
      return ErrorCode::timed_out;
    default:
      return ErrorCode::io;
  }
}

}  // namespace

std::unexpected<Error> system_failure(int number, const std::string& attempt) {
  return fail(code_of(number), attempt + ": " + std::generic_category().message(number));
}

void Descriptor::close() {
  // Linux frees the number even when close() reports an error.
  if (number_ >= 0) (void)::close(std::exchange(number_, -1));
}

}  // namespace holdfast::env::linux
