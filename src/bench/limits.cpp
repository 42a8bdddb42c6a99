#include "bench/limits.h"

#include "base/bytes.h"
#include "base/check.h"
#include "bench/payload.h"
#include "bench/process.h"
#include "codec/aead.h"
#include "codec/blake3.h"
#include "codec/chunker.h"
#include "codec/compress.h"
#include "codec/digest.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

namespace holdfast::bench {
namespace {

constexpr std::size_t sample_bytes = 64 * mib;  // More than caches hold.
constexpr std::size_t piece_bytes = 128 * kib;
constexpr int passes_count = 3;
constexpr double gigabyte = 1e9;

constexpr std::size_t write_bytes = 4 * mib;
constexpr std::size_t file_bytes = 256 * mib;
constexpr std::size_t sync_bytes = 4 * kib;
constexpr int syncs_count = 500;
constexpr Duration disk_time_max = std::chrono::seconds(3);  // For each of the two.

constexpr std::size_t message_bytes = 512;
constexpr int exchanges_count = 20'000;

// Seconds for 10^9 bytes, of the best pass: what disturbs a pass only ever adds.
template <class Work>
double cost_of(ByteView bytes, Work work) {
  double best = std::numeric_limits<double>::max();
  for (int pass = 0; pass < passes_count; ++pass) {
    const double before = thread_seconds();
    for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
      work(bytes.subspan(at, piece_bytes));
    }
    best = std::min(best, thread_seconds() - before);
  }
  return best / static_cast<double>(bytes.size()) * gigabyte;
}

void measure_processor(Limits& limits, ByteView sample) {
  AlignedBuffer target(sample_bytes);
  std::memset(target.data(), 1, target.size());
  std::size_t at = 0;
  limits.copy = cost_of(sample, [&](ByteView piece) {
    std::memcpy(target.data() + at, piece.data(), piece.size());
    asm volatile("" : : "r"(target.data()) : "memory");  // As if someone read it: it must be done.
    at = (at + piece.size()) % target.size();
  });
  const codec::SecretKey key = codec::SecretKey::from(Bytes(codec::SecretKey::size, std::byte{7}));
  const codec::GearTable gear(key);
  codec::Chunker chunker(gear);
  limits.gear = cost_of(sample, [&](ByteView piece) {
    while (!piece.empty()) piece = piece.subspan(chunker.next(piece).value_or(piece.size()));
  });
  // Each hash goes into the sum, so that no compiler finds it useless.
  auto sum = std::byte{0};
  limits.blake3 =
      cost_of(sample, [&](ByteView piece) { sum ^= codec::chunk_id(key, piece).bytes[0]; });
  codec::Md5 md5;
  limits.md5 = cost_of(sample, [&](ByteView piece) { md5.update(piece); });
  codec::Sha256 sha256;
  limits.sha256 = cost_of(sample, [&](ByteView piece) { sha256.update(piece); });
  sum ^= md5.finish()[0] ^ sha256.finish()[0];
  target.data()[0] = sum;
}

void measure_cipher(Limits& limits, ByteView sample) {
  codec::Aead aead(codec::SecretKey::from(Bytes(codec::SecretKey::size, std::byte{7})));
  Bytes sealed(piece_bytes + codec::aead_tag_bytes);
  Bytes plain(piece_bytes);
  limits.seal = cost_of(sample, [&](ByteView piece) { aead.seal({}, {}, piece, sealed); });
  bool is_whole = true;
  limits.open = cost_of(sample, [&](ByteView) {
    is_whole = aead.open({}, {}, sealed, plain).has_value() && is_whole;
  });
  check(is_whole, "what was sealed opens");
}

void measure_compression(Limits& limits, ByteView sample) {
  const codec::Compressor compressor;
  Bytes compressed(piece_bytes);
  Bytes plain(piece_bytes);
  std::size_t size = 0;
  limits.zstd = cost_of(
      sample, [&](ByteView piece) { size = compressor.compress(piece, compressed).value_or(0); });
  if (size == 0) {
    limits.zstd = 0;
    return;
  }
  bool is_whole = true;
  limits.unzstd = cost_of(sample, [&](ByteView) {
    is_whole =
        compressor.decompress(ByteView(compressed).first(size), plain).has_value() && is_whole;
  });
  check(is_whole, "what was compressed decompresses");
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

std::unexpected<Error> fail_with_errno(std::string_view what) {
  return fail(ErrorCode::io, fmt::format("{}: {}", what, std::strerror(errno)));
}

// Both ends of a TCP connection are held by this thread: half of what a message there and one back
// cost is what each side pays.
Result<void> measure_exchange(Limits& limits) {
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.number(), generic, size) != 0 || ::listen(listener.number(), 1) != 0 ||
      ::getsockname(listener.number(), generic, &size) != 0 ||
      ::connect(client.number(), generic, size) != 0) {
    return fail_with_errno("measure a loopback connection");
  }
  const Descriptor server(::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC));
  std::array<std::byte, message_bytes> message{};
  const auto pass = [&message](const Descriptor& from, const Descriptor& to) {
    return ::send(from.number(), message.data(), message.size(), MSG_NOSIGNAL) ==
               ssize_t{message_bytes} &&
           ::recv(to.number(), message.data(), message.size(), MSG_WAITALL) ==
               ssize_t{message_bytes};
  };
  const double before = thread_seconds();
  for (int i = 0; i < exchanges_count; ++i) {
    if (!pass(client, server) || !pass(server, client)) {
      return fail_with_errno("measure a loopback connection");
    }
  }
  limits.exchange = (thread_seconds() - before) / exchanges_count / 2;
  return {};
}

double seconds_of(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Result<void> measure_writes(Limits& limits, const env::Clock& clock, int file, ByteView sample) {
  AlignedBuffer buffer(write_bytes);
  std::memcpy(buffer.data(), sample.data(), buffer.size());
  const Instant begun = clock.now();
  std::size_t written = 0;
  while (written < file_bytes && clock.now() - begun < disk_time_max) {
    if (::pwrite(file, buffer.data(), buffer.size(), static_cast<off_t>(written)) !=
        ssize_t{write_bytes}) {
      return fail_with_errno("measure the disk's writes");
    }
    written += buffer.size();
  }
  if (::fdatasync(file) != 0) return fail_with_errno("measure the disk's writes");
  limits.disk_write = static_cast<double>(written) / seconds_of(clock.now() - begun);
  return {};
}

Result<void> measure_syncs(Limits& limits, const env::Clock& clock, int file, ByteView sample) {
  const Instant begun = clock.now();
  int count = 0;
  while (count < syncs_count && clock.now() - begun < disk_time_max) {
    const auto offset = static_cast<std::size_t>(count) * sync_bytes;
    if (::pwrite(file, sample.data() + offset, sync_bytes, static_cast<off_t>(offset)) !=
            ssize_t{sync_bytes} ||
        ::fdatasync(file) != 0) {
      return fail_with_errno("measure the disk's syncs");
    }
    ++count;
  }
  limits.fdatasync = count / seconds_of(clock.now() - begun);
  return {};
}

Result<void> measure_disk(Limits& limits, const env::Clock& clock, env::Random& random,
                          const std::string& folder, ByteView sample) {
  const std::string name = fmt::format("{}/holdfast-bench.{:016x}", folder, random.draw_number());
  // Not every file system can write past its cache.
  int number = ::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_DIRECT, 0600);
  if (number < 0 && errno == EINVAL) {
    number = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  }
  if (number < 0) return fail_with_errno(fmt::format("make the file {}", name));
  const Descriptor direct(number);
  const Descriptor cached(::open(name.c_str(), O_RDWR | O_CLOEXEC));
  auto measured = measure_writes(limits, clock, direct.number(), sample);
  if (measured) measured = measure_syncs(limits, clock, cached.number(), sample);
  ::unlink(name.c_str());
  return measured;
}

}  // namespace

Result<Limits> measure_limits(const env::Clock& clock, env::Random& random,
                              const std::string& folder, double compressible) {
  Limits limits;
  AlignedBuffer sample(sample_bytes);
  Payload(random.draw_number(), compressible).read(0, sample.view());
  measure_processor(limits, sample.view());
  measure_cipher(limits, sample.view());
  measure_compression(limits, sample.view());
  TRY(measure_exchange(limits));
  TRY(measure_disk(limits, clock, random, folder, sample.view()));
  return limits;
}

}  // namespace holdfast::bench
