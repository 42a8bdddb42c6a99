// What env::Network promises, as tests that every implementation passes.
//
// A test program includes this, defines a fixture, and says
//   INSTANTIATE_TYPED_TEST_SUITE_P(MyNetwork, NetworkContract, MyFixture);
// The fixture has
//   Network& network()                 as one node sees it;
//   Address address()                  to listen at, and where a port may be chosen;
//   boost::asio::any_io_executor executor();
//   void run(Task<void>).
#pragma once

#include "base/sync.h"
#include "env/network.h"

#include <boost/asio/any_io_executor.hpp>

#include <gtest/gtest.h>

namespace holdfast::env {

template <class Fixture>
class NetworkContract : public testing::Test {
 protected:
  Fixture fixture;
};

namespace network_contract {

using Executor = boost::asio::any_io_executor;

struct Place {
  Network& network;
  Executor executor;
  Address address;
};

inline Bytes pattern(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<std::byte>((i * 7 + i / 300) & 0xff);
  return bytes;
}

inline Task<Bytes> read_all(Stream& stream) {
  Bytes all;
  Bytes part(1000);
  for (;;) {
    const auto size = co_await stream.read(part);
    EXPECT_TRUE(size.has_value());
    if (!size || *size == 0) co_return all;
    all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(*size));
  }
}

// Sends back all that comes.
inline Task<void> echo_one(Listener& listener) {
  const auto stream = (co_await listener.accept()).value();
  const Bytes all = co_await read_all(*stream);
  (co_await stream->write(all)).value();
  EXPECT_TRUE(stream->end().has_value());
}

inline Task<void> carries_both_ways(Place place) {
  const auto listener = (co_await place.network.listen(place.address)).value();
  TaskGroup servers;
  servers.spawn(place.executor, echo_one(*listener));
  const auto stream = (co_await place.network.connect(listener->address())).value();
  EXPECT_EQ(stream->peer(), listener->address());
  const Bytes sent = pattern(300'000);
  (co_await stream->write(ByteView(sent).first(1))).value();
  (co_await stream->write(ByteView(sent).subspan(1))).value();
  EXPECT_TRUE(stream->end().has_value());
  const Bytes back = co_await read_all(*stream);
  EXPECT_TRUE(back == sent);
  co_await servers.join();
}

inline Task<void> expect_read_fails(Stream& stream, bool& has_failed) {
  Bytes into(10);
  const auto size = co_await stream.read(into);
  has_failed = !size.has_value();
}

inline Task<void> aborts_reads(Place place) {
  const auto listener = (co_await place.network.listen(place.address)).value();
  const auto stream = (co_await place.network.connect(listener->address())).value();
  const auto other = (co_await listener->accept()).value();
  bool has_failed = false;
  TaskGroup readers;
  readers.spawn(place.executor, expect_read_fails(*stream, has_failed));
  stream->abort();
  co_await readers.join();
  EXPECT_TRUE(has_failed);
  Bytes into(10);
  const auto end = co_await other->read(into);
  EXPECT_TRUE(!end || *end == 0);
}

inline Task<void> expect_accept_fails(Listener& listener, bool& has_failed) {
  has_failed = !(co_await listener.accept()).has_value();
}

inline Task<void> closes_listeners(Place place) {
  const auto listener = (co_await place.network.listen(place.address)).value();
  const Address address = listener->address();
  bool has_failed = false;
  TaskGroup acceptors;
  acceptors.spawn(place.executor, expect_accept_fails(*listener, has_failed));
  listener->close();
  co_await acceptors.join();
  EXPECT_TRUE(has_failed);
  EXPECT_FALSE((co_await place.network.connect(address)).has_value());
  EXPECT_TRUE((co_await place.network.listen(address)).has_value());
}

inline Task<void> refuses_what_is_wrong(Place place) {
  const auto listener = (co_await place.network.listen(place.address)).value();
  const auto twice = co_await place.network.listen(listener->address());
  EXPECT_EQ(twice.error().code(), ErrorCode::conflict);
  for (const Address bad : {"", "10.0.0.7", "10.0.0.7:x", "10.0.0.7:99999", "unix:", "::1:80"}) {
    const auto connected = co_await place.network.connect(bad);
    EXPECT_EQ(connected.error().code(), ErrorCode::invalid) << bad;
  }
}

inline Task<void> ends_with_the_peer(Place place) {
  const auto listener = (co_await place.network.listen(place.address)).value();
  auto stream = (co_await place.network.connect(listener->address())).value();
  const auto other = (co_await listener->accept()).value();
  (co_await stream->write(as_bytes("last words"))).value();
  stream.reset();
  EXPECT_EQ(as_text(co_await read_all(*other)), "last words");
}

}  // namespace network_contract

TYPED_TEST_SUITE_P(NetworkContract);

#define NETWORK_CONTRACT(Sentence, task)                                                     \
  TYPED_TEST_P(NetworkContract, Sentence) {                                                  \
    auto& fixture = this->fixture;                                                           \
    fixture.run(                                                                             \
        network_contract::task({fixture.network(), fixture.executor(), fixture.address()})); \
  }
NETWORK_CONTRACT(CarriesBytesBothWays, carries_both_ways)
NETWORK_CONTRACT(AbortEndsAReadUnderWay, aborts_reads)
NETWORK_CONTRACT(CloseEndsAnAcceptUnderWay, closes_listeners)
NETWORK_CONTRACT(RefusesWhatIsWrong, refuses_what_is_wrong)
NETWORK_CONTRACT(WhatWasWrittenArrivesBeforeTheEnd, ends_with_the_peer)
#undef NETWORK_CONTRACT

REGISTER_TYPED_TEST_SUITE_P(NetworkContract, CarriesBytesBothWays, AbortEndsAReadUnderWay,
                            CloseEndsAnAcceptUnderWay, RefusesWhatIsWrong,
                            WhatWasWrittenArrivesBeforeTheEnd);

}  // namespace holdfast::env
