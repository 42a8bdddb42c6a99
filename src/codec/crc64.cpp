// CRC-64/NVME: by carry-less multiplication where the processor has it (Gopal et al., "Fast CRC
// Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009), by tables
// otherwise.
#include "codec/checksum.h"
#include "codec/polynomial.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace holdfast::codec {
namespace {

using Crc64 = Polynomial<std::uint64_t, 0x9a6c9329ac4bc9b5>;

constexpr std::size_t slices = 8;
using Tables = std::array<std::array<std::uint64_t, 256>, slices>;

// tables[n][b]: what byte b adds to the state when n more bytes follow it.
constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t state = byte;
    for (int bit = 0; bit < 8; ++bit) state = Crc64::times_x(state);
    tables[0][byte] = state;
  }
  for (std::size_t n = 1; n < slices; ++n) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t before = tables[n - 1][byte];
      tables[n][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables tables = make_tables();

std::uint64_t load(const std::byte* from) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

std::uint64_t update_by_tables(std::uint64_t state, ByteView bytes) {
  for (; bytes.size() >= slices; bytes = bytes.subspan(slices)) {
    const std::uint64_t word = state ^ load(bytes.data());
    state = 0;
    for (std::size_t i = 0; i < slices; ++i) {
      state ^= tables[slices - 1 - i][(word >> (8 * i)) & 0xff];
    }
  }
  for (const std::byte byte : bytes) {
    state = (state >> 8) ^ tables[0][(state ^ std::to_integer<std::uint64_t>(byte)) & 0xff];
  }
  return state;
}

#if defined(__x86_64__)

constexpr std::size_t lane_bytes = 16;
constexpr std::size_t lane_count = 4;
constexpr std::size_t stride_bytes = lane_bytes * lane_count;

// A lane of 128 bits is A x^64 + B, with A in its low half. Moved on by d bits it is, modulo the
// polynomial, A x^(64+d) + B x^d. The product of two reflected words comes out one bit too high,
// that is multiplied by x, hence the exponents less by one.
struct Shift {
  std::uint64_t low;
  std::uint64_t high;
};
constexpr Shift shift_by(std::uint64_t bits) {
  return {Crc64::power_of_x(bits + 63), Crc64::power_of_x(bits - 1)};
}
constexpr Shift by_lane = shift_by(8 * lane_bytes);
constexpr Shift by_stride = shift_by(8 * stride_bytes);

__attribute__((target("pclmul,sse4.1"))) __m128i load_lane(const std::byte* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

__attribute__((target("pclmul,sse4.1"))) __m128i fold(__m128i lane, __m128i shift, __m128i next) {
  const __m128i low = _mm_clmulepi64_si128(lane, shift, 0x00);
  const __m128i high = _mm_clmulepi64_si128(lane, shift, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__attribute__((target("pclmul,sse4.1"))) __m128i constant(Shift shift) {
  return _mm_set_epi64x(std::bit_cast<long long>(shift.high), std::bit_cast<long long>(shift.low));
}

// Requires at least one stride.
__attribute__((target("pclmul,sse4.1"))) std::uint64_t update_by_folding(std::uint64_t state,
                                                                         ByteView bytes) {
  __m128i lanes[lane_count];
  for (std::size_t i = 0; i < lane_count; ++i) lanes[i] = load_lane(bytes.data() + i * lane_bytes);
  lanes[0] = _mm_xor_si128(lanes[0], _mm_set_epi64x(0, std::bit_cast<long long>(state)));
  bytes = bytes.subspan(stride_bytes);
  const __m128i stride = constant(by_stride);
  for (; bytes.size() >= stride_bytes; bytes = bytes.subspan(stride_bytes)) {
    for (std::size_t i = 0; i < lane_count; ++i) {
      lanes[i] = fold(lanes[i], stride, load_lane(bytes.data() + i * lane_bytes));
    }
  }
  const __m128i step = constant(by_lane);
  __m128i last = lanes[0];
  for (std::size_t i = 1; i < lane_count; ++i) last = fold(last, step, lanes[i]);
  for (; bytes.size() >= lane_bytes; bytes = bytes.subspan(lane_bytes)) {
    last = fold(last, step, load_lane(bytes.data()));
  }
  // What is left is as if these 16 bytes came first, with nothing before them.
  std::array<std::byte, lane_bytes> folded;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(folded.data()), last);
  return update_by_tables(update_by_tables(0, folded), bytes);
}

bool can_fold() {
  return __builtin_cpu_supports("pclmul") != 0 && __builtin_cpu_supports("sse4.1") != 0;
}

#else

constexpr std::size_t stride_bytes = 64;
bool can_fold() {
  return false;
}
std::uint64_t update_by_folding(std::uint64_t state, ByteView bytes) {
  return update_by_tables(state, bytes);
}

#endif

}  // namespace

std::uint64_t crc64nvme(ByteView bytes, std::uint64_t before) {
  static const bool folds = can_fold();
  const std::uint64_t state = ~before;
  return folds && bytes.size() >= stride_bytes ? ~update_by_folding(state, bytes)
                                               : ~update_by_tables(state, bytes);
}

std::uint64_t crc64nvme_combine(std::uint64_t first, std::uint64_t second,
                                std::uint64_t second_size) {
  return Crc64::combine(first, second, second_size);
}

}  // namespace holdfast::codec
