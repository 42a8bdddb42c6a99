// What each step on the way of a chunk costs by itself, beside a plain copy of memory. Everything
// works through 32 MiB in chunks of 128 KiB, so that caches help no more than in earnest.
#include "codec/aead.h"
#include "codec/blake3.h"
#include "codec/checksum.h"
#include "codec/chunker.h"
#include "codec/compress.h"
#include "codec/digest.h"
#include "codec/kdf.h"
#include "codec/merkle.h"

#include <benchmark/benchmark.h>

#include <cstring>
#include <random>

namespace holdfast::codec {
namespace {

constexpr std::size_t chunk_bytes = 128 * kib;
constexpr std::size_t stream_bytes = 32 * mib;

const Bytes& noise() {
  static const Bytes bytes = [] {
    std::mt19937_64 generator(1);
    Bytes made(stream_bytes);
    for (std::size_t at = 0; at < made.size(); at += 8) {
      const std::uint64_t number = generator();
      std::memcpy(made.data() + at, &number, 8);
    }
    return made;
  }();
  return bytes;
}

// Shrinks to about half: noise, alternating with records of a small vocabulary.
const Bytes& compressible() {
  static const Bytes bytes = [] {
    constexpr std::size_t record_bytes = 32;
    constexpr std::size_t vocabulary = 64;
    std::mt19937_64 generator(2);
    Bytes made(stream_bytes);
    for (std::size_t at = 0; at < made.size(); at += 2 * record_bytes) {
      const ByteView word = ByteView(noise()).subspan(generator() % vocabulary * record_bytes);
      std::memcpy(made.data() + at, noise().data() + at, record_bytes);
      std::memcpy(made.data() + at + record_bytes, word.data(), record_bytes);
    }
    return made;
  }();
  return bytes;
}

SecretKey some_key() {
  return SecretKey::from(Bytes(SecretKey::size, std::byte{1}));
}

// Calls `work` with one chunk after the other.
template <class Work>
void over_chunks(benchmark::State& state, const Bytes& stream, Work work) {
  std::size_t at = 0;
  for (auto _ : state) {
    work(ByteView(stream).subspan(at, chunk_bytes));
    at = (at + chunk_bytes) % stream.size();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(chunk_bytes));
}

void memory_copy(benchmark::State& state) {
  Bytes into(stream_bytes);
  std::size_t at = 0;
  over_chunks(state, noise(), [&](ByteView chunk) {
    std::memcpy(into.data() + at, chunk.data(), chunk.size());
    benchmark::DoNotOptimize(into.data());
    benchmark::ClobberMemory();
    at = (at + chunk.size()) % into.size();
  });
}
BENCHMARK(memory_copy);

void gear(benchmark::State& state) {
  const GearTable table(some_key());
  Chunker chunker(table);
  over_chunks(state, noise(), [&](ByteView piece) {
    while (const auto cut = chunker.next(piece)) piece = piece.subspan(*cut);
  });
}
BENCHMARK(gear);

void blake3_chunk_id(benchmark::State& state) {
  const SecretKey key = some_key();
  over_chunks(state, noise(),
              [&](ByteView chunk) { benchmark::DoNotOptimize(chunk_id(key, chunk)); });
}
BENCHMARK(blake3_chunk_id);

void blake3_merkle_leaves(benchmark::State& state) {
  std::vector<MerkleHash> leaves(chunk_bytes / merkle_leaf_bytes);
  over_chunks(state, noise(), [&](ByteView chunk) { merkle_leaves(chunk, leaves); });
}
BENCHMARK(blake3_merkle_leaves);

void aes_gcm_seal(benchmark::State& state) {
  Aead aead(some_key());
  Bytes out(chunk_bytes + aead_tag_bytes);
  over_chunks(state, noise(), [&](ByteView chunk) { aead.seal({}, {}, chunk, out); });
}
BENCHMARK(aes_gcm_seal);

void aes_gcm_open(benchmark::State& state) {
  Aead aead(some_key());
  Bytes sealed(chunk_bytes + aead_tag_bytes);
  Bytes plain(chunk_bytes);
  aead.seal({}, {}, ByteView(noise()).first(chunk_bytes), sealed);
  over_chunks(state, noise(), [&](ByteView) {
    benchmark::DoNotOptimize(aead.open({}, {}, sealed, plain).has_value());
  });
}
BENCHMARK(aes_gcm_open);

void aes_gcm_new_key(benchmark::State& state) {
  const SecretKey key = some_key();
  for (auto _ : state) benchmark::DoNotOptimize(Aead(key));
}
BENCHMARK(aes_gcm_new_key);

void zstd_probe_noise(benchmark::State& state) {
  const Compressor compressor;
  over_chunks(state, noise(), [&](ByteView chunk) {
    benchmark::DoNotOptimize(compressor.looks_compressible(chunk));
  });
}
BENCHMARK(zstd_probe_noise);

void zstd_compress(benchmark::State& state, Effort effort) {
  const Compressor compressor;
  Bytes into(Compressor::room(chunk_bytes));
  std::size_t size = 0;
  over_chunks(state, compressible(), [&](ByteView chunk) {
    size = compressor.compress(chunk, into, effort).value_or(chunk.size());
  });
  state.counters["ratio"] = static_cast<double>(chunk_bytes) / static_cast<double>(size);
}
BENCHMARK_CAPTURE(zstd_compress, quick, Effort::quick);
BENCHMARK_CAPTURE(zstd_compress, thorough, Effort::thorough);

void zstd_decompress(benchmark::State& state) {
  const Compressor compressor;
  Bytes small(Compressor::room(chunk_bytes));
  small.resize(compressor.compress(ByteView(compressible()).first(chunk_bytes), small).value());
  Bytes plain(chunk_bytes);
  over_chunks(state, noise(), [&](ByteView) {
    benchmark::DoNotOptimize(compressor.decompress(small, MutableByteView(plain)).has_value());
  });
}
BENCHMARK(zstd_decompress);

template <class AnyDigest>
void digest(benchmark::State& state) {
  AnyDigest state_of_digest;
  over_chunks(state, noise(), [&](ByteView chunk) { state_of_digest.update(chunk); });
}
BENCHMARK(digest<Md5>)->Name("md5");
BENCHMARK(digest<Sha1>)->Name("sha1");
BENCHMARK(digest<Sha256>)->Name("sha256");

void crc32c_of_chunk(benchmark::State& state) {
  over_chunks(state, noise(), [](ByteView chunk) { benchmark::DoNotOptimize(crc32c(chunk)); });
}
BENCHMARK(crc32c_of_chunk);

void crc32_of_chunk(benchmark::State& state) {
  over_chunks(state, noise(), [](ByteView chunk) { benchmark::DoNotOptimize(crc32(chunk)); });
}
BENCHMARK(crc32_of_chunk);

void crc64nvme_of_chunk(benchmark::State& state) {
  over_chunks(state, noise(), [](ByteView chunk) { benchmark::DoNotOptimize(crc64nvme(chunk)); });
}
BENCHMARK(crc64nvme_of_chunk);

void hmac_sha256_short(benchmark::State& state) {
  const Bytes key(32, std::byte{1});
  const Bytes message(64, std::byte{2});
  for (auto _ : state) benchmark::DoNotOptimize(hmac_sha256(key, message));
}
BENCHMARK(hmac_sha256_short);

void hkdf_of_segment_key(benchmark::State& state) {
  const SecretKey key = some_key();
  for (auto _ : state) benchmark::DoNotOptimize(hkdf_derive(key, as_bytes("segment key")));
}
BENCHMARK(hkdf_of_segment_key);

void argon2id_default(benchmark::State& state) {
  const Bytes salt(32);
  for (auto _ : state) {
    benchmark::DoNotOptimize(argon2id(as_bytes("passphrase"), salt, {}).has_value());
  }
}
BENCHMARK(argon2id_default)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace holdfast::codec
